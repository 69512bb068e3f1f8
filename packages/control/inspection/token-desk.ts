/**
 * Seals values and opens tokens for a component outside of its calls: for `cordon data tokenize` and `detokenize`. In: who
 * asks, on what, and the values or tokens. Out: tokens or values, once policy has allowed it and the ledger holds that.
 *
 * The same decision as at the gateway: `detokenize` on what is asked about. To seal is to put data there, so it asks for
 * `write`: whoever may seal in a scope can test a guess there, which is why it is no free service. The local administrator
 * may be any component, and says which; so policies see `vouched`, as with other enforcement points. What they would demand
 * besides (an approval, kept content) cannot be met here, and a denial is never softened to observing.
 */
import type { KeyObject } from "node:crypto";
import {
  openRequest,
  sealRequest,
  type OpenResponse,
  type SealResponse,
  type TokenRefusal,
} from "@cordon/core/contract/token-api";
import type { Action, Namespace } from "@cordon/core/contract/vocabulary";
import { CordonError } from "@cordon/core/errors";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import { FindingLog } from "@cordon/core/inspection/finding-summary";
import { tokenShapes, type TokenShape } from "@cordon/core/inspection/redaction/token-format";
import { createTokenSealer, maxTried, scopeName, unsealToken } from "@cordon/core/inspection/redaction/token-sealer";
import type { tokenScopes } from "@cordon/core/inspection/settings";
import { classified } from "@cordon/core/inspection/taxonomy";
import type { Instant } from "@cordon/core/instant";
import type { LedgerAppender } from "@cordon/core/ledger/entry";
import { decide } from "@cordon/core/policy/decide";
import type { AccessRequest, Decision, Reason } from "@cordon/core/policy/decision";
import type { Component, Snapshot } from "@cordon/core/policy/snapshot";
import { findComponent } from "../api/find-component.ts";
import { checked } from "../api/local-exchange.ts";

export interface TokenDeskDeps {
  readonly snapshot: () => Snapshot;
  readonly snapshotAgeMs: () => number;
  readonly ledger: LedgerAppender;
  /** @throws {CordonError} `KEY_SEALED`, `STORE_UNAVAILABLE` */
  readonly key: (namespace: Namespace) => KeyObject | Promise<KeyObject>;
  /** Who vouches for the principal: this control plane, and its certificate (lower-case hex SHA-256). */
  readonly self: () => { readonly id: SpiffeId; readonly fingerprint: string };
  readonly nextId: () => string;
  readonly now: () => Instant;
}

export interface TokenDesk {
  readonly seal: (body: unknown) => Promise<SealResponse>;
  readonly open: (body: unknown) => Promise<OpenResponse>;
}

interface Whose {
  readonly principal: string;
  readonly resource: string;
  readonly namespace: string;
  readonly scope: (typeof tokenScopes)[number];
}

interface Admitted {
  readonly id: string;
  readonly principal: Component;
  readonly key: KeyObject;
}

/** A desk; its answers are `REQUEST_MALFORMED`, `COMPONENT_UNKNOWN`, `ACCESS_DENIED` or `LEDGER_UNAVAILABLE` where there are none. */
export function openTokenDesk(deps: TokenDeskDeps): TokenDesk {
  return {
    async seal(body) {
      const { values, lifetimeHours, ...whose } = checked(sealRequest, body);
      const { id, principal, key } = await admit(deps, whose, "write");
      const sealer = createTokenSealer({
        ...{ key, lifetimeHours, now: deps.now },
        scope: scopeName(whose.scope, principal.id),
      });
      const log = new FindingLog();
      const tokens = values.map(([detector, category, value]) => {
        const token = sealer.seal(detector, category, value) ?? null;
        const finding = classified({ detector, category, start: 0, end: value.length, score: 1 });
        if (token !== null) log.add("request", finding, "tokenize", false);
        return token;
      });
      await finish(deps, id, principal, log);
      return { id, tokens };
    },
    async open(body) {
      const { tokens, ...whose } = checked(openRequest, body);
      const { id, principal, key } = await admit(deps, whose, "detokenize");
      const log = new FindingLog();
      const own = scopeName(whose.scope, principal.id);
      const others = await otherScopes(deps, principal, own, key);
      let budget = maxTried;
      const values = tokens.map((token): OpenResponse["values"][number] => {
        const shape = tokenShapes(token).find(({ start, end }) => start === 0 && end === token.length);
        if (shape === undefined) return { refused: "unknown" };
        const found = unsealToken({ key, scope: own }, shape);
        if (found === undefined) {
          const tries = others.slice(0, Math.max(0, budget));
          budget -= tries.length;
          return { refused: whoseElse(tries, shape) };
        }
        if (deps.now() >= found.expires) return { refused: "expired" };
        const { value, category } = found.opened;
        const finding = { detector: `token/${shape.type}`, category, start: 0, end: token.length, score: 0 };
        log.undone("response", classified(finding));
        return { value };
      });
      await finish(deps, id, principal, log);
      return { id, values };
    },
  };
}

/** Decides, and writes that down before anything is done. @throws {CordonError} `ACCESS_DENIED` with policy's reasons */
async function admit(deps: TokenDeskDeps, whose: Whose, action: Action): Promise<Admitted> {
  const snapshot = deps.snapshot();
  const principal = findComponent(snapshot, whose.principal);
  const resource = findComponent(snapshot, whose.resource);
  const request: AccessRequest = {
    ...{ principal: principal.id, action, resource: resource.id },
    context: {
      ...{ assurance: "vouched", route: "data", method: "POST", stream: false },
      external: resource.kind === "external",
    },
  };
  const signals = { snapshotAgeMs: deps.snapshotAgeMs() };
  const at = deps.now();
  const decided = decide(snapshot, request, signals, at);
  const refusal = refusalOf(principal, whose, decided);
  const decision: Decision =
    refusal === undefined ? decided : { ...decided, effect: "deny", reasons: [refusal], obligations: [] };
  const id = deps.nextId();
  const self = deps.self();
  await deps.ledger.append({
    ...{ v: 1, kind: "decision", at, id, namespace: resource.namespace, revision: decision.revision },
    principal: principal.id,
    credential: { assurance: "vouched", fingerprint: self.fingerprint },
    askedBy: self.id,
    ...{ action, resource: resource.id, context: request.context, signals },
    ...{ effect: decision.effect, reasons: decision.reasons, obligations: decision.obligations, risk: decision.risk },
  });
  if (decision.effect === "deny")
    throw new CordonError(
      "ACCESS_DENIED",
      `${principal.id} may not ${action === "write" ? "seal tokens" : "open tokens"} on ${resource.id}: ` +
        `${decision.reasons.map(({ words }) => words).join("; ")} (decision ${id})`,
    );
  return { id, principal, key: await deps.key(principal.namespace) };
}

/** Why it is refused whatever policies say, or what they ask for besides. */
function refusalOf(principal: Component, { namespace }: Whose, decision: Decision): Reason | undefined {
  if (namespace !== principal.namespace)
    return {
      code: "no-permit",
      words: `${principal.id} is of the namespace \`${principal.namespace}\`; tokens of \`${namespace}\` are for that namespace's own principals`,
    };
  if (decision.effect === "deny") return undefined;
  const besides =
    (decision.approvals?.length ?? 0) > 0
      ? "approval"
      : decision.obligations.find(({ kind }) => kind !== "inspect")?.kind;
  if (decision.observed === undefined && besides === undefined) return undefined;
  return {
    code: "obligation-unmet",
    words: `policy allows this only with \`${besides ?? "observation"}\`, which the command line does not meet`,
  };
}

async function finish(deps: TokenDeskDeps, id: string, principal: Component, log: FindingLog): Promise<void> {
  const findings = log.summary();
  await deps.ledger.append({
    ...{ v: 1, kind: "outcome", at: deps.now(), id, namespace: principal.namespace, end: "complete", status: 200 },
    ...{ upstream: "tokens", findings, masks: findings.reduce((sum, { count }) => sum + count, 0) },
  });
}

interface Scope {
  readonly key: KeyObject;
  readonly scope: string;
  readonly says: TokenRefusal;
}

/** Scopes that a token may be of instead: this namespace's, then those of other namespaces. Persons' are not tried. */
async function otherScopes(deps: TokenDeskDeps, principal: Component, own: string, key: KeyObject): Promise<Scope[]> {
  const components = [...deps.snapshot().components.values()];
  const of = (namespace: Namespace): string[] => [
    "namespace",
    ...components.filter((each) => each.namespace === namespace).map(({ id }) => scopeName("principal", id)),
  ];
  const here = of(principal.namespace).filter((scope) => scope !== own);
  const scopes: Scope[] = here.map((scope) => ({ key, scope, says: "scope" }));
  const namespaces = new Set(components.map(({ namespace }) => namespace));
  for (const namespace of namespaces) {
    if (namespace === principal.namespace || scopes.length >= maxTried) continue;
    const other = await deps.key(namespace);
    scopes.push(...of(namespace).map((scope) => ({ key: other, scope, says: "namespace" as const })));
  }
  return scopes.slice(0, maxTried);
}

function whoseElse(scopes: readonly Scope[], shape: TokenShape): TokenRefusal {
  return scopes.find((scope) => unsealToken(scope, shape) !== undefined)?.says ?? "unknown";
}
