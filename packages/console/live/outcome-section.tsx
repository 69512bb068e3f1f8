/** How an interaction ended: what the client was told, how much passed, and why it was cut where it was. */
import { Time } from "../app/time.tsx";
import { Words } from "../words/words.tsx";
import { byteSize, count, duration } from "../words/amounts.ts";
import { FindingList } from "./finding-list.tsx";
import { Fact, Facts, Raw, Section } from "./facts.tsx";
import { ReceiptButton } from "./receipt-button.tsx";
import { endWords } from "./row-words.ts";
import type { DecisionRow } from "./row.ts";

const endSentences: Readonly<Record<string, string>> = {
  complete: "The answer went through whole.",
  cut: "Cordon cut it while it ran.",
  "client-closed": "The caller left before the end.",
  "upstream-failed": "The upstream failed.",
  interrupted: "Cordon stopped before it ended; the next start wrote this down.",
};

export function OutcomeSection({ row }: { readonly row: DecisionRow }) {
  const { outcome } = row;
  if (outcome === undefined)
    return (
      <Section title="How it ended">
        <p className="dim">{endWords(row).more}</p>
      </Section>
    );
  const { end, why, status, upstream, request, response, findings, masks, at } = outcome.facts;
  return (
    <Section title="How it ended" action={<ReceiptButton index={outcome.index} />}>
      <p>{endSentences[end] ?? end}</p>
      {why !== undefined && (
        <p>
          <Words text={why.words} /> <code className="dim">{why.code}</code>
        </p>
      )}
      <Facts>
        <Fact name="Status">{status === 0 ? "none was sent" : status}</Fact>
        <Fact name="Upstream">{upstream === "" ? "none" : upstream}</Fact>
        <Fact name="Ended">
          <Time at={at} show="milliseconds" />, after {duration(at - row.at)}
        </Fact>
        {request !== undefined && (
          <Fact name="Request">
            {byteSize(request.bytes)} <span className="mono dim">HMAC {request.hmac}</span>
          </Fact>
        )}
        {response !== undefined && (
          <Fact name="Response">
            {byteSize(response.bytes)} <span className="mono dim">HMAC {response.hmac}</span>
          </Fact>
        )}
        <Fact name="Findings">{findings.length === 0 ? "none recorded" : <FindingList findings={findings} />}</Fact>
        <Fact name="Masks">{count(masks)}</Fact>
        <Fact name="Ledger entry">{count(outcome.index)}</Fact>
      </Facts>
      <Raw title="The outcome as it is recorded" value={outcome.entry} />
    </Section>
  );
}
