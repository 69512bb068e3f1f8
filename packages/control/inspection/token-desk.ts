/**
 * Seals values and opens tokens outside of calls: for `cordon data tokenize` and `detokenize`. In: who asks, on what, and the
 * values or tokens. Out: tokens or values, once policy has allowed it and the ledger holds that (token-admission.ts).
 *
 * The local administrator may be any component, and says which; so policies see `vouched`, as with other enforcement points.
 * A person is whoever signed the request, and asks for themselves alone: their own tokens, and their namespace's.
 */
import type { KeyObject } from "node:crypto";
import {
  openRequest,
  sealRequest,
  type OpenResponse,
  type PersonOpenRequest,
  type PersonSealRequest,
  type SealResponse,
  type TokenRefusal,
} from "@cordon/core/contract/token-api";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import { FindingLog } from "@cordon/core/inspection/finding-summary";
import { tokenShapes, type TokenShape } from "@cordon/core/inspection/redaction/token-format";
import { createTokenSealer, maxTried, scopeName, unsealToken } from "@cordon/core/inspection/redaction/token-sealer";
import { classified } from "@cordon/core/inspection/taxonomy";
import { findComponent } from "../api/find-component.ts";
import { checked } from "../api/local-exchange.ts";
import type { Person } from "../people/administration.ts";
import { admit, type AdmissionDeps, type Asker } from "./token-admission.ts";

export interface TokenDeskDeps extends AdmissionDeps {
  /** @throws {CordonError} `KEY_SEALED`, `STORE_UNAVAILABLE` */
  readonly key: (namespace: Namespace) => KeyObject | Promise<KeyObject>;
  /** Who vouches for a component: this control plane, and its certificate (lower-case hex SHA-256). */
  readonly self: () => { readonly id: SpiffeId; readonly fingerprint: string };
  /** What is known of a person who asks from an address. */
  readonly sense?: (person: Person, address: string) => NonNullable<Asker["sensing"]>;
}

export interface TokenDesk {
  readonly seal: (body: unknown) => Promise<SealResponse>;
  readonly open: (body: unknown) => Promise<OpenResponse>;
  /** For somebody who is signed in, and has proved it. */
  readonly forPerson: (
    person: Person & { readonly namespace: Namespace },
    address: string,
  ) => {
    readonly seal: (request: PersonSealRequest) => Promise<SealResponse>;
    readonly open: (request: PersonOpenRequest) => Promise<OpenResponse>;
  };
}

/** A desk; its answers are `REQUEST_MALFORMED`, `COMPONENT_UNKNOWN`, `ACCESS_DENIED` or `LEDGER_UNAVAILABLE` where there are none. */
export function openTokenDesk(deps: TokenDeskDeps): TokenDesk {
  const vouchedFor = (reference: string): Asker => {
    const { id, namespace } = findComponent(deps.snapshot(), reference);
    const { id: askedBy, fingerprint } = deps.self();
    return { id, namespace, credential: { assurance: "vouched", fingerprint }, askedBy };
  };
  return {
    async seal(body) {
      const { principal, ...request } = checked(sealRequest, body);
      return await seal(deps, vouchedFor(principal), request);
    },
    async open(body) {
      const { principal, ...request } = checked(openRequest, body);
      return await open(deps, vouchedFor(principal), request);
    },
    forPerson({ id, session, namespace }, address) {
      const asker: Asker = {
        ...{ id, namespace, user: { id, session } },
        credential: { assurance: "passkey-session", fingerprint: session },
        ...(deps.sense && { sensing: deps.sense({ id, session }, address) }),
      };
      return { seal: (request) => seal(deps, asker, request), open: (request) => open(deps, asker, request) };
    },
  };
}

async function seal(deps: TokenDeskDeps, asker: Asker, request: PersonSealRequest): Promise<SealResponse> {
  const { values, lifetimeHours, namespace, scope } = request;
  const id = await admit(deps, asker, findComponent(deps.snapshot(), request.resource), namespace, "write");
  const key = await deps.key(asker.namespace);
  const sealer = createTokenSealer({
    ...{ key, lifetimeHours, now: deps.now },
    scope: scopeName(scope, asker.id, asker.user?.id),
  });
  const log = new FindingLog();
  const tokens = values.map(([detector, category, value]) => {
    const token = sealer.seal(detector, category, value) ?? null;
    const finding = classified({ detector, category, start: 0, end: value.length, score: 1 });
    if (token !== null) log.add("request", finding, "tokenize", false);
    return token;
  });
  await finish(deps, id, asker, log);
  return { id, tokens };
}

async function open(deps: TokenDeskDeps, asker: Asker, request: PersonOpenRequest): Promise<OpenResponse> {
  const { tokens, namespace, scope } = request;
  const id = await admit(deps, asker, findComponent(deps.snapshot(), request.resource), namespace, "detokenize");
  const key = await deps.key(asker.namespace);
  const log = new FindingLog();
  const own = scopeName(scope, asker.id, asker.user?.id);
  const others = await otherScopes(deps, asker, own, key);
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
  await finish(deps, id, asker, log);
  return { id, values };
}

async function finish(deps: TokenDeskDeps, id: string, { namespace }: Asker, log: FindingLog): Promise<void> {
  const findings = log.summary();
  await deps.ledger.append({
    ...{ v: 1, kind: "outcome", at: deps.now(), id, namespace, end: "complete", status: 200 },
    ...{ upstream: "tokens", findings, masks: findings.reduce((sum, { count }) => sum + count, 0) },
  });
}

interface Scope {
  readonly key: KeyObject;
  readonly scope: string;
  readonly says: TokenRefusal;
}

/** Scopes that a token may be of instead: this namespace's, then those of other namespaces. Persons' are not tried. */
async function otherScopes(deps: TokenDeskDeps, asker: Asker, own: string, key: KeyObject): Promise<Scope[]> {
  const components = [...deps.snapshot().components.values()];
  const of = (namespace: Namespace): string[] => [
    "namespace",
    ...components.filter((each) => each.namespace === namespace).map(({ id }) => scopeName("principal", id)),
  ];
  const here = of(asker.namespace).filter((scope) => scope !== own);
  const scopes: Scope[] = here.map((scope) => ({ key, scope, says: "scope" }));
  const namespaces = new Set(components.map(({ namespace }) => namespace));
  for (const namespace of namespaces) {
    if (namespace === asker.namespace || scopes.length >= maxTried) continue;
    const other = await deps.key(namespace);
    scopes.push(...of(namespace).map((scope) => ({ key: other, scope, says: "namespace" as const })));
  }
  return scopes.slice(0, maxTried);
}

function whoseElse(scopes: readonly Scope[], shape: TokenShape): TokenRefusal {
  return scopes.find((scope) => unsealToken(scope, shape) !== undefined)?.says ?? "unknown";
}
