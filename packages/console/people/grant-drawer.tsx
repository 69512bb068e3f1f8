/** One grant, whole: what was asked, who said what, and what the person in front of the screen may do with it. */
import { useState } from "react";
import { Button, Drawer, Textarea } from "@mantine/core";
import type { GrantView } from "@cordon/core/contract/people-api";
import { anything, confirm, wordsOf } from "../access/people.ts";
import { useSession } from "../app/session.ts";
import { localDateTime } from "../words/amounts.ts";
import { shortId, stateWords } from "./grant-words.ts";

interface GrantDrawerProps {
  readonly grant: GrantView;
  readonly onClose: () => void;
  readonly onChanged: () => void;
}

type Deed = GrantView["may"][number];
const titles: Readonly<Record<Deed, string>> = {
  approve: "Approve",
  deny: "Deny",
  review: "Mark as reviewed",
  revoke: "Revoke",
};

export function GrantDrawer({ grant, onClose, onChanged }: GrantDrawerProps) {
  const { client } = useSession();
  const [words, setWords] = useState("");
  const [problem, setProblem] = useState<string>();
  const [working, setWorking] = useState<Deed>();
  const act = async (deed: Deed): Promise<void> => {
    setWorking(deed);
    setProblem(undefined);
    try {
      const said = { id: grant.id, words: words.trim() };
      if (deed === "revoke") await client.post("/v1/grants/revoke", anything, said);
      else
        await client.post(`/v1/grants/${deed}`, anything, {
          ...said,
          assertion: await confirm(client, deed, grant.id),
        });
      setWords("");
      onChanged();
    } catch (error) {
      setProblem(wordsOf(error));
    } finally {
      setWorking(undefined);
    }
  };
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="lg"
      padding="lg"
      classNames={{ body: "grant-body" }}
      title={`Grant ${grant.id}`}
    >
      <p className="grant-sentence">
        <strong>{shortId(grant.requester)}</strong> asks that <strong>{shortId(grant.principal)}</strong> may{" "}
        <strong>{grant.actions.join(", ")}</strong> on <strong>{grant.resources.map(shortId).join(", ")}</strong> for{" "}
        <strong>{grant.seconds / 60} minutes</strong>.
      </p>
      <blockquote className="grant-reason">{grant.reason}</blockquote>
      <dl className="people-facts">
        <dt>State</dt>
        <dd>{stateWords(grant, Date.now())}</dd>
        {grant.starts !== undefined && grant.ends !== undefined && (
          <>
            <dt>Holds</dt>
            <dd>
              {localDateTime(grant.starts)} to {localDateTime(grant.ends)}
            </dd>
          </>
        )}
        {grant.narrowed !== undefined && (
          <>
            <dt>Narrowed by rule</dt>
            <dd>{grant.narrowed}</dd>
          </>
        )}
        <dt>Rule</dt>
        <dd>
          {grant.rule}:{" "}
          {grant.approversNeeded === 0
            ? "nobody must approve"
            : `${grant.approversNeeded} of ${grant.approverGroups.join(", ")}`}
        </dd>
        {grant.callWords !== undefined && (
          <>
            <dt>The call, exactly</dt>
            <dd>
              <pre>{grant.callWords}</pre>
            </dd>
          </>
        )}
        <Voices title="Approved" voices={grant.approvals} />
        <Voices title="Denied" voices={grant.denial && [grant.denial]} />
        <Voices title="Revoked" voices={grant.revocation && [grant.revocation]} />
        <Voices title="Reviewed" voices={grant.review && [grant.review]} />
        <dt>What a passkey signs</dt>
        <dd>
          <code>{grant.digest}</code>
        </dd>
      </dl>
      {grant.may.length > 0 && (
        <div className="grant-acts">
          <Textarea
            label="Your words"
            description="They go into the ledger."
            value={words}
            onChange={(event) => setWords(event.currentTarget.value)}
            maxLength={1000}
          />
          {problem !== undefined && <p role="alert">{problem}</p>}
          <div className="grant-buttons">
            {grant.may.map((deed) => (
              <Button
                key={deed}
                variant={deed === "approve" || deed === "review" ? "filled" : "light"}
                {...((deed === "deny" || deed === "revoke") && { color: "red" })}
                loading={working === deed}
                disabled={words.trim() === "" || working !== undefined}
                onClick={() => void act(deed)}
              >
                {titles[deed]}
              </Button>
            ))}
          </div>
        </div>
      )}
    </Drawer>
  );
}

function Voices({
  title,
  voices,
}: {
  readonly title: string;
  readonly voices: readonly { readonly by: string; readonly at: number; readonly words: string }[] | undefined;
}) {
  return (voices ?? []).map(({ by, at, words }) => (
    <div key={`${by}${at}`} className="grant-voice">
      <dt>{title}</dt>
      <dd>
        {shortId(by)}, {localDateTime(at)}: {words}
      </dd>
    </div>
  ));
}
