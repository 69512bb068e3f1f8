/**
 * What the local API does to the trust domain's own authority. In: a parsed body. Out: all its keys and their states
 * afterwards, or a `CordonError`. Each change is in the ledger before the answer leaves; one that stands and could not
 * be recorded stays, and the answer says so.
 */
import {
  authorityRequest,
  delegationRequest,
  prepareRequest,
  retireRequest,
  type AuthoritiesResponse,
  type DelegationResponse,
} from "@cordon/core/contract/authority-api";
import { sha256Hex } from "@cordon/core/identity/certificate";
import { toPem } from "@cordon/core/identity/tls";
import type { Authority } from "../authority/authority.ts";
import type { AuthoritiesView } from "../authority/lifecycle.ts";
import { systemNamespace } from "../keys/key-vault.ts";
import { checked } from "./local-exchange.ts";
import type { LocalApiRooms } from "./local-rooms.ts";

export type AuthorityRooms = Pick<LocalApiRooms, "snapshot" | "record" | "now"> & { readonly authority: Authority };

const actor = "local-administrator";

/** Operations by path and method. */
export function authorityOperations(rooms: AuthorityRooms) {
  const { authority } = rooms;
  const done = async (verb: string, id: string, view: AuthoritiesView): Promise<AuthoritiesResponse> => {
    await record(rooms, `authority-${verb}`, id, id);
    return answerOf(rooms, view);
  };
  return {
    "/v1/authority": { GET: async () => answerOf(rooms, await authority.authorities()) },
    "/v1/authority/prepare": {
      POST: async (body: unknown) => {
        const { kind } = checked(prepareRequest, body);
        return done("prepare", kind, await authority.prepare(kind));
      },
    },
    "/v1/authority/activate": {
      POST: async (body: unknown) => {
        const { id, now } = checked(authorityRequest, body);
        return done("activate", id, await authority.activate(id, { early: now }));
      },
    },
    "/v1/authority/taint": {
      POST: async (body: unknown) => {
        const { id, now } = checked(authorityRequest, body);
        return done("taint", id, await authority.taint(id, { early: now }));
      },
    },
    "/v1/authority/retire": {
      POST: async (body: unknown) => {
        const { id } = checked(retireRequest, body);
        return done("retire", id, await authority.retire(id));
      },
    },
    "/v1/authority/delegations": { POST: (body: unknown) => delegate(rooms, body) },
  };
}

async function delegate(rooms: AuthorityRooms, body: unknown): Promise<DelegationResponse> {
  const request = checked(delegationRequest, body);
  const { id, keyFingerprint, chain, root, notAfter } = await rooms.authority.delegate(request);
  await record(rooms, "authority-delegation", request.name, sha256Hex(chain[0] ?? new Uint8Array()));
  return { id, keyFingerprint, chain: chain.map(toPem).join(""), root: toPem(root), notAfter };
}

function answerOf({ authority, snapshot }: AuthorityRooms, view: AuthoritiesView): AuthoritiesResponse {
  return {
    trustDomain: snapshot().trustDomain,
    sequence: authority.bundle().sequence,
    x509: [...view.x509],
    issuers: [...view.issuers],
    jwt: [...view.jwt],
    delegated: [...view.delegated],
  };
}

/** A change of the authority in the ledger's words: an object that the state does not keep, under what was changed. */
async function record(rooms: AuthorityRooms, kind: string, name: string, subject: string): Promise<void> {
  const sha256 = /^[0-9a-f]{64}$/.test(subject) ? subject : sha256Hex(subject);
  await rooms.record({
    v: 1,
    kind: "change",
    at: rooms.now(),
    revision: rooms.snapshot().revision,
    actor,
    objects: [{ op: "put", kind, namespace: systemNamespace, name, sha256 }],
  });
}
