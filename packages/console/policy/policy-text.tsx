/** The text of the policy behind a reason, as it stands now. */
import { useEffect, useState } from "react";
import type { PoliciesResponse } from "@cordon/core/contract/console-api";
import { RequestRefused } from "../access/refusal.ts";
import { useSession } from "../app/session.ts";
import { decidingPolicy } from "./deciding-policy.ts";

interface PolicyTextProps {
  readonly namespace: string;
  readonly id: string;
  /** Policies are asked for again when another revision is looked at. */
  readonly revision: number;
}

export function PolicyText({ namespace, id, revision }: PolicyTextProps) {
  const { client } = useSession();
  const [sources, setSources] = useState<PoliciesResponse["policies"]>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    const ending = new AbortController();
    void client.policies(ending.signal).then(
      (answer) => setSources(answer.policies),
      (error: unknown) => {
        if (!ending.signal.aborted) setProblem(error instanceof RequestRefused ? error.message : String(error));
      },
    );
    return () => ending.abort();
  }, [client, revision]);

  if (problem !== undefined) return <p className="dim">The policy's text could not be read: {problem}</p>;
  if (sources === undefined) return <p className="dim">Reading the policy's text.</p>;
  const policy = decidingPolicy(sources, namespace, id);
  if (policy === undefined)
    return (
      <p className="dim">No policy has this name any more: it was withdrawn or renamed since revision {revision}.</p>
    );
  return (
    <figure className="policy">
      <figcaption>{policy.origin}, as it stands now</figcaption>
      <pre tabIndex={0}>{policy.text}</pre>
    </figure>
  );
}
