/**
 * Administering Cordon is decided like everything else. In: who asks, signed in with a passkey. Out: the decision, in the
 * ledger, with an outcome once the work is done. There is no standing administrator: it takes a grant, or a policy that
 * permits `administer` on the gateway's component.
 */
import { randomBytes } from "node:crypto";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import { CordonError } from "@cordon/core/errors";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import { decide } from "@cordon/core/policy/decide";
import type { AccessRequest, Decision } from "@cordon/core/policy/decision";
import type { PeopleDeps } from "./deps.ts";

export interface Person {
  readonly id: SpiffeId;
  readonly session: string;
}

export function decideAdministration(
  deps: PeopleDeps,
  { id, session }: Person,
  route: string,
): { readonly request: AccessRequest; readonly decision: Decision } {
  const request: AccessRequest = {
    principal: id,
    action: "administer",
    resource: deps.administered,
    context: { assurance: "passkey-session", route, method: "POST", stream: false, external: false },
    user: { id, session },
  };
  return { request, decision: decide(deps.snapshot(), request, { snapshotAgeMs: 0 }, deps.now()) };
}

/** Whether somebody may administer now; nothing is recorded. */
export function administers(deps: PeopleDeps, person: Person): boolean {
  const { decision } = decideAdministration(deps, person, "console");
  return decision.effect === "allow" && decision.obligations.length === 0;
}

/**
 * Does administrative work for somebody who may.
 *
 * @throws {CordonError} `ACCESS_DENIED` with the reasons; `LEDGER_UNAVAILABLE`
 */
export async function administer<T>(
  deps: PeopleDeps,
  person: Person,
  route: string,
  work: () => Promise<T>,
): Promise<T> {
  const at = deps.now();
  const { request, decision } = decideAdministration(deps, person, route);
  const allowed = decision.effect === "allow" && decision.obligations.length === 0;
  const id = `console-${randomBytes(10).toString("hex")}`;
  const namespace = deps.snapshot().components.get(deps.administered)?.namespace ?? ("default" as Namespace);
  await deps.record({
    ...{ v: 1, kind: "decision", at, id, namespace, revision: decision.revision, principal: person.id },
    credential: { assurance: "passkey-session", fingerprint: person.session },
    ...{ action: request.action, resource: request.resource, context: request.context, signals: { snapshotAgeMs: 0 } },
    user: { id: person.id, session: person.session },
    ...{
      effect: allowed ? "allow" : "deny",
      reasons: decision.reasons,
      obligations: decision.obligations,
      risk: decision.risk,
    },
    ...(decision.validUntil === undefined || decision.validUntil === Infinity
      ? {}
      : { validUntil: decision.validUntil }),
  });
  if (!allowed) {
    const words = decision.reasons.map((reason) => reason.words).join("; ");
    throw new CordonError("ACCESS_DENIED", `Administering Cordon is itself a grant: ${words}`);
  }
  const ended = (end: "complete" | "cut", status: number) =>
    deps.record({
      v: 1,
      kind: "outcome",
      at: deps.now(),
      id,
      namespace,
      end,
      status,
      upstream: "",
      findings: [],
      masks: 0,
    });
  try {
    const done = await work();
    await ended("complete", 200);
    return done;
  } catch (error) {
    await ended("cut", 500).catch(() => undefined);
    throw error;
  }
}
