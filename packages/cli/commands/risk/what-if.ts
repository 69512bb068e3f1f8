/**
 * `cordon risk what-if`: sets signals, and says what they come to. In: a configuration, who asks what, and signals. Out: the
 * score with each contribution in words, and the decision that it leads to. Nothing is asked of a running Cordon.
 */
import { parseArgs } from "node:util";
import { loadOfflineSnapshot } from "@cordon/control/registry/offline-snapshot";
import { actions, type Action, type Namespace } from "@cordon/core/contract/vocabulary";
import { CordonError } from "@cordon/core/errors";
import { userId } from "@cordon/core/identity/spiffe-id";
import { decide } from "@cordon/core/policy/decide";
import type { AccessRequest, Decision } from "@cordon/core/policy/decision";
import type { User } from "@cordon/core/policy/people";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import { defaultRiskSettings } from "@cordon/core/risk/settings";
import type { Io } from "../../io.ts";
import { reporting } from "../ledger/folder.ts";
import { findComponent, shortName } from "../policy/offline.ts";
import { riskLines } from "./risk-lines.ts";
import { setSignals, signalWords } from "./set-signals.ts";

const usage = `usage: cordon risk what-if --principal WHO --action ACTION --resource COMPONENT [SIGNAL...] [--config FILE]
         [--groups A,B] [--at TIME] [--json]

What the signals come to, and the decision that they lead to by the configuration (default: cordon.yaml) alone. WHO is a
component, or a person as \`NAMESPACE/user/NAME\`; --groups says which groups that person is in. No grant is assumed.

Signals:
${signalWords}

Exit code: 0 allowed, 1 denied, 2 failure.
`;

export async function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return reporting(io, usage, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: "string", default: "cordon.yaml" },
        principal: { type: "string" },
        action: { type: "string" },
        resource: { type: "string" },
        groups: { type: "string", default: "" },
        at: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) {
      io.stdout(usage);
      return 0;
    }
    const { principal: who, action, resource: what } = values;
    if (who === undefined || what === undefined || !isAction(action))
      throw new CordonError("USAGE", "name --principal, --action and --resource");
    const now = values.at === undefined ? Date.now() : Date.parse(values.at);
    if (Number.isNaN(now)) throw new CordonError("USAGE", `--at takes a time such as 2026-03-04T03:00:00+08:00`);
    const { snapshot } = await loadOfflineSnapshot(values.config);
    const resource = findComponent(snapshot, what);
    const groups = values.groups.split(",").filter((group) => group !== "");
    const person = personOf(snapshot, who, groups);
    const principal = person?.id ?? findComponent(snapshot, who).id;
    const owner = person === undefined ? shortName(snapshot, principal) : who;
    const set = setSignals(positionals, owner, snapshot.risk ?? defaultRiskSettings, now);
    const supposed: Snapshot = {
      ...snapshot,
      devices: new Map(set.device === undefined ? [] : [[set.device.name, set.device]]),
      subjects: new Map(set.reported === undefined ? [] : [[owner, { subject: owner, reported: set.reported }]]),
      ...(person === undefined ? {} : signedIn(person, set.assertedAt, now)),
    };
    const request: AccessRequest = {
      ...{ principal, action, resource: resource.id },
      context: { assurance: "x509-svid", route: "what-if", method: "POST", stream: false, external: false },
      ...(person === undefined ? {} : { user: { id: person.id, session: supposedSession } }),
    };
    const decision = decide(supposed, request, { snapshotAgeMs: 0, risk: set.signals }, now);
    const asked = `${owner} ${action} ${shortName(snapshot, resource.id)}`;
    io.stdout(values.json ? `${JSON.stringify({ asked, decision })}\n` : textOf(asked, decision));
    return decision.effect === "allow" ? 0 : 1;
  });
}

const supposedSession = "what-if";

function signedIn(user: User, authenticatedAt: number, now: number): Pick<Snapshot, "users" | "sessions"> {
  const session = { id: supposedSession, user: user.id, kind: "cli", authenticatedAt, ends: now + 3_600_000 } as const;
  return { users: new Map([[user.id, user]]), sessions: new Map([[supposedSession, session]]) };
}

function personOf({ trustDomain }: Snapshot, who: string, groups: readonly string[]): User | undefined {
  const [namespace = "", kind, name = "", ...rest] = who.split("/");
  if (kind !== "user" || rest.length > 0) return undefined;
  const id = userId(trustDomain, namespace as Namespace, name);
  return { id, namespace: namespace as Namespace, kind: "user", name, displayName: name, groups };
}

function isAction(action: string | undefined): action is Action {
  return (actions as readonly (string | undefined)[]).includes(action);
}

function textOf(asked: string, { effect, reasons, obligations, risk }: Decision): string {
  const verdict = effect === "allow" ? "allowed" : "denied";
  const stepUp = obligations.find(({ kind }) => kind === "stepUp");
  const restricted = obligations.find(({ kind }) => kind === "restrictTo");
  const more =
    stepUp?.kind === "stepUp"
      ? `\n  a proof of presence within ${stepUp.maxAgeSeconds} s lifts this`
      : restricted?.kind === "restrictTo"
        ? `\n  restricted to data that is at most ${restricted.sensitivity}`
        : "";
  const why = reasons.filter(({ code }) => code !== "risk").map(({ words }) => `\n  ${words}`);
  return `${asked}\n${riskLines(risk)}\n${verdict}${why.join("")}${more}\n`;
}
