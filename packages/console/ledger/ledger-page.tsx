/** The ledger: how far it reaches, its newest signed checkpoint, and verification on demand, with what that proves. */
import { useCallback, useRef, useState } from "react";
import { Button, CopyButton, Progress } from "@mantine/core";
import type { OverviewResponse } from "@cordon/core/contract/console-api";
import { RequestRefused } from "../access/refusal.ts";
import { CrossIcon, DownloadIcon, TickIcon } from "../app/icons.tsx";
import { saveFile } from "../app/save-file.ts";
import { useSession } from "../app/session.ts";
import { Time } from "../app/time.tsx";
import { usePolled } from "../app/use-polled.ts";
import { readJsonLines } from "../live/ndjson.ts";
import { count, counted } from "../words/amounts.ts";
import { Proves } from "./proves.tsx";
import { advance, checkpointIn, end, progress, verdictWords, type Verdict, type Verification } from "./verification.ts";

const pollMs = 2_000;

interface LedgerNow {
  readonly ledger: OverviewResponse["ledger"];
  readonly checkpoint: string | undefined;
}

export function LedgerPage() {
  const { client } = useSession();
  const ask = useCallback(
    async (signal: AbortSignal): Promise<LedgerNow> => {
      const { ledger } = await client.overview(signal);
      // Every receipt ends with the newest checkpoint, word for word.
      const last = ledger.checkpointSize - 1;
      return { ledger, checkpoint: last < 0 ? undefined : checkpointIn(await client.receipt(last, signal)) };
    },
    [client],
  );
  const { value: now, problem } = usePolled(ask, pollMs);
  return (
    <section className="ledger" aria-label="Ledger">
      <div className="ledger-main">
        <Size now={now} problem={problem} />
        <Verify />
        <Checkpoint text={now?.checkpoint} />
      </div>
      <Proves />
    </section>
  );
}

function Size({ now, problem }: { readonly now: LedgerNow | undefined; readonly problem: RequestRefused | undefined }) {
  if (now === undefined) return <div className="card">{problem?.message ?? "Reading the ledger."}</div>;
  const { size, checkpointSize, state } = now.ledger;
  const behind = size - checkpointSize;
  return (
    <div className="card figures">
      <div>
        <dt>Entries</dt>
        <dd>{count(size)}</dd>
      </div>
      <div>
        <dt>Under a signed checkpoint</dt>
        <dd>
          {count(checkpointSize)}
          <small>{behind <= 0 ? "all of them" : `${count(behind)} wait for the next`}</small>
        </dd>
      </div>
      <div>
        <dt>Writer</dt>
        <dd>{state}</dd>
      </div>
    </div>
  );
}

function Verify() {
  const { client } = useSession();
  const [verification, setVerification] = useState<Verification>({ state: "none" });
  const running = useRef<AbortController>(undefined);
  const verify = async (): Promise<void> => {
    running.current = new AbortController();
    let current: Verification = { state: "running", entries: 0, size: 0 };
    setVerification(current);
    try {
      for await (const lines of readJsonLines(await client.verify(running.current.signal))) {
        current = advance(current, lines, Date.now());
        setVerification(current);
      }
      setVerification(end(current));
    } catch (error) {
      const stopped = running.current.signal.aborted;
      const words =
        error instanceof RequestRefused ? error.message : "The connection broke before there was a verdict.";
      setVerification(stopped ? { state: "none" } : { state: "failed", words });
    }
  };
  return (
    <div className="card verify">
      <header>
        <div>
          <h2>Verification</h2>
          <p>Reads every entry from disk, hashes the whole tree again and holds it against what was signed.</p>
        </div>
        {verification.state === "running" ? (
          <Button variant="default" onClick={() => running.current?.abort()}>
            Stop
          </Button>
        ) : (
          <Button onClick={() => void verify()}>Verify now</Button>
        )}
      </header>
      <div aria-live="polite">
        {verification.state === "running" && <Running {...verification} />}
        {verification.state === "failed" && (
          <div className="verdict" data-ok="false">
            <CrossIcon />
            <p>{verification.words}</p>
          </div>
        )}
        {verification.state === "done" && <VerdictView verdict={verification.verdict} at={verification.at} />}
      </div>
    </div>
  );
}

function Running({ entries, size }: { readonly entries: number; readonly size: number }) {
  const percent = size === 0 ? 0 : progress({ entries, size });
  return (
    <div className="running">
      <Progress value={percent} aria-label="Entries verified" />
      <span>{size === 0 ? "Opening the ledger" : `${count(entries)} of ${count(size)} entries`}</span>
    </div>
  );
}

function VerdictView({ verdict, at }: { readonly verdict: Verdict; readonly at: number }) {
  const { ok, findings, root, size, copies = [] } = verdict;
  return (
    <>
      <div className="verdict" data-ok={ok} data-testid="verdict">
        {ok ? <TickIcon /> : <CrossIcon />}
        <div>
          <p>{verdictWords(verdict)}</p>
          <small>
            {counted(size, "entry", "entries")} at <Time at={at} show="date" />
            {root !== "" && (
              <>
                , root <code>{root}</code>
              </>
            )}
          </small>
        </div>
      </div>
      {findings.length > 0 && (
        <ul className="findings">
          {findings.map(({ code, words }) => (
            <li key={`${code} ${words}`}>
              <code>{code}</code> {words}
            </li>
          ))}
        </ul>
      )}
      <Copies copies={copies} />
    </>
  );
}

/** Checkpoints that lie outside the state folder: the only witnesses against whoever has the disk and the key. */
function Copies({ copies }: { readonly copies: NonNullable<Verdict["copies"]> }) {
  if (copies.length === 0)
    return (
      <p className="copies dim">
        No checkpoint kept elsewhere was compared: whoever has the disk and the log's key could have signed another
        history. Name a folder under <code>ledger.checkpoints.files</code>, on another machine if you can.
      </p>
    );
  const against = copies.filter(({ agrees }) => !agrees);
  return (
    <div className="copies">
      <p>
        {against.length === 0
          ? `It is still the history of ${counted(copies.length, "checkpoint", "checkpoints")} kept elsewhere.`
          : `${counted(against.length, "checkpoint", "checkpoints")} kept elsewhere were signed over another history.`}
      </p>
      <ul>
        {[...against, ...copies.filter(({ agrees }) => agrees).slice(-3)].map(({ name, size, agrees }) => (
          <li key={name} className={agrees ? undefined : "red"}>
            {agrees ? <TickIcon /> : <CrossIcon />}
            <code>{name}</code> over {counted(size, "entry", "entries")}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Checkpoint({ text }: { readonly text: string | undefined }) {
  return (
    <div className="card checkpoint">
      <header>
        <div>
          <h2>Newest checkpoint</h2>
          <p>Keep a copy where nobody who can reach this machine can change it.</p>
        </div>
        {text !== undefined && (
          <div className="buttons">
            <CopyButton value={text}>
              {({ copied, copy }) => (
                <Button variant="default" onClick={copy}>
                  {copied ? "Copied" : "Copy"}
                </Button>
              )}
            </CopyButton>
            <Button
              variant="default"
              leftSection={<DownloadIcon />}
              onClick={() => saveFile(checkpointFile(text), text)}
            >
              Download
            </Button>
          </div>
        )}
      </header>
      {text === undefined ? (
        <p className="dim">There is none yet: the first is signed within a second of the first entry.</p>
      ) : (
        <pre tabIndex={0}>{text.trimEnd()}</pre>
      )}
    </div>
  );
}

/** `12480.checkpoint`: the second line of a checkpoint is its size. */
function checkpointFile(text: string): string {
  const size = text.split("\n")[1] ?? "";
  return `${/^\d+$/.test(size) ? size : "newest"}.checkpoint`;
}
