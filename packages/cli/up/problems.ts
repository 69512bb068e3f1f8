/** What is not as it should be, in words: for `cordon status` and the console. In: a status. Out: sentences; none is good. */

/** The part of a status that problems are read from. */
export interface Troubles {
  readonly snapshotAgeMs: number;
  readonly stalenessLimitMs: number;
  readonly policies: { readonly count: number };
  readonly ledger: {
    readonly state: string;
    readonly why?: string | undefined;
    readonly failingSinks: readonly { readonly folder: string; readonly why: string }[];
  };
  readonly events?: readonly {
    readonly name: string;
    readonly state: string;
    readonly why?: string | undefined;
    readonly behind: number;
    readonly dropped: number;
  }[];
  readonly models?: readonly {
    readonly component: string;
    readonly serves: boolean;
    readonly why?: string | undefined;
  }[];
  /** What keeps admissions from being looked at again. */
  readonly keeping?: readonly string[];
  readonly policyShadow?:
    | { readonly disagreements: number; readonly last?: { readonly words: string } | undefined }
    | undefined;
  /** Why the encoder of inspection cannot be asked. */
  readonly encoder?: { readonly why?: string | undefined } | undefined;
  /** Why the console is not served, where it should be. */
  readonly console?: { readonly why?: string | undefined } | undefined;
}

export function problemsOf({
  snapshotAgeMs,
  stalenessLimitMs,
  policies,
  ledger,
  events = [],
  models = [],
  keeping = [],
  console,
  encoder,
  policyShadow,
}: Troubles): string[] {
  const problems: string[] = [];
  if (snapshotAgeMs > stalenessLimitMs)
    problems.push("the snapshot is stale: everything is denied until the store answers again");
  if (ledger.state !== "open")
    problems.push(`the ledger is ${ledger.state}: ${ledger.why ?? "unknown"}; nothing is served`);
  for (const sink of ledger.failingSinks) problems.push(`checkpoints do not reach ${sink.folder}: ${sink.why}`);
  for (const { name, state, why, behind, dropped } of events) {
    if (state !== "ok") problems.push(`events do not reach ${name}: ${why ?? "unknown"}; it is ${behind} behind`);
    if (dropped > 0) problems.push(`${name} never gets ${dropped} events; \`cordon ledger export\` has them`);
  }
  for (const { component, serves, why } of models)
    if (!serves) problems.push(`${component} is not reached: ${why ?? "its model may not serve"}`);
  for (const words of keeping) problems.push(`admissions are not kept up: ${words}`);
  if (policyShadow !== undefined && policyShadow.disagreements > 0)
    problems.push(
      `the policy engine and Cedar's own answered ${policyShadow.disagreements} of the compared requests otherwise, the last: ${policyShadow.last?.words ?? ""}; report this`,
    );
  if (policies.count === 0) problems.push("there are no policies: everything is denied");
  if (encoder?.why !== undefined) problems.push(`what inspection doubts cannot be inspected: ${encoder.why}`);
  if (console?.why !== undefined) problems.push(`the console is not served: ${console.why}`);
  return problems;
}
