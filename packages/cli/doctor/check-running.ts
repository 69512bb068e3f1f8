/** The running control plane. In: what it says of itself. Out: what keeps it from serving, now or soon. */
import { identityProblem } from "@cordon/control/operations/readiness";
import type { Estate, Machine } from "./estate.ts";
import { findings, nothingFound, type Examined, type Finding } from "./finding.ts";

export function checkRunning({ running, socketPath }: Estate, { now }: Pick<Machine, "now">): Examined {
  if (running === undefined) return nothingFound;
  const { snapshotAgeMs, stalenessLimitMs, revision, ledger, gateway, policies, console } = running.status;
  const stale: Finding = {
    check: "running",
    what: `the snapshot is stale: revision ${revision} was last confirmed ${Math.round(snapshotAgeMs / 1000)} s ago; everything is denied`,
    where: socketPath,
    remedy: "see that the store answers (docs/state.md); the log says what it said last",
  };
  const closed: Finding = {
    check: "running",
    what: `the ledger is ${ledger.state}${ledger.why === undefined ? "" : `: ${ledger.why}`}; nothing is served`,
    where: socketPath,
    remedy: "free or repair the disk that holds the state folder, then start Cordon again",
  };
  const none: Finding = {
    check: "running",
    what: "there are no policies: everything is denied",
    where: socketPath,
    remedy: "write what should be allowed (docs/policy.md)",
  };
  return findings(
    snapshotAgeMs >= 0 && snapshotAgeMs <= stalenessLimitMs ? undefined : stale,
    ledger.state === "open" ? undefined : closed,
    policies.count === 0 ? none : undefined,
    ...ledger.failingSinks.map(({ folder, why }): Finding => ({
      check: "checkpoints",
      what: `checkpoints do not reach it: ${why}`,
      where: folder,
      remedy:
        "make it writable for Cordon's user; until then nothing outside the state folder holds the log to its word",
    })),
    console?.why === undefined
      ? undefined
      : {
          check: "running",
          what: `the console is not served: ${console.why}`,
          where: "console.listen",
          remedy: "set `console.listen` to a free address, or `console: { enabled: false }`",
        },
    expiring(identityProblem(gateway.identity, now()), gateway.id),
  );
}

function expiring(problem: string | undefined, id: string): Finding | undefined {
  if (problem === undefined) return undefined;
  const remedy =
    "set the clock right if it is wrong; else the authority cannot issue: see the log, and start Cordon again";
  return { check: "running", what: problem, where: id, remedy };
}
