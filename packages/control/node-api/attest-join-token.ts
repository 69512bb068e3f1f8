/**
 * Join tokens: a secret that admits one node once. In: a node's name, and how long the token may lie about. Out: the
 * token, to be carried to the node by hand or by provisioning; and the attestor that redeems it.
 *
 * The store holds the secret's SHA-256 only. The token also carries the digests of the trust domain's root certificates,
 * so that the node knows the control plane before it sends the secret. Redeeming deletes it in the same transaction.
 */
import { createHash, randomBytes } from "node:crypto";
import { z } from "zod";
import { CordonError } from "@cordon/core/errors";
import { isNodeName } from "@cordon/core/contract/registration-schema";
import { formatJoinToken, parseJoinToken } from "@cordon/core/identity/join-token";
import type { Instant } from "@cordon/core/instant";
import type { TrustBundle } from "@cordon/core/policy/snapshot";
import { systemNamespace } from "../keys/key-vault.ts";
import { readValue } from "../registry/objects.ts";
import type { ObjectKey, StateStore, StoredObject } from "../store/state-store.ts";
import type { NodeAttestor } from "./attestor.ts";

const kind = "join-token";
const value = z.strictObject({ node: z.string(), expiresAt: z.number().int() });
export const maxJoinTokenSeconds = 86_400;

/** Makes a token. @throws {CordonError} `REQUEST_MALFORMED` */
export async function newJoinToken(
  store: Pick<StateStore, "transact" | "list">,
  request: { readonly node: string; readonly ttlSeconds: number; readonly bundle: TrustBundle; readonly now: Instant },
  actor: string,
): Promise<{ readonly token: string; readonly expiresAt: Instant }> {
  const { node, ttlSeconds, bundle, now } = request;
  if (!isNodeName(node))
    throw new CordonError("REQUEST_MALFORMED", `\`${node.slice(0, 64)}\` is not a node's name (RFC 1123, lower case)`);
  if (!Number.isSafeInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > maxJoinTokenSeconds)
    throw new CordonError("REQUEST_MALFORMED", `a join token lives 1 to ${maxJoinTokenSeconds} seconds`);
  const secret = randomBytes(24);
  const expiresAt = now + ttlSeconds * 1000;
  const stale = (await store.list(kind)).filter((object) => expiryOf(object) < now);
  await store.transact(actor, now, async (transaction) => {
    for (const object of stale) await transaction.delete(object, "api");
    await transaction.put(keyOf(secret), { node, expiresAt }, "api");
  });
  return { token: formatJoinToken(secret, bundle.x509Authorities), expiresAt };
}

/** Redeems tokens. */
export function joinTokenAttestor(store: Pick<StateStore, "transact">): NodeAttestor<"join-token"> {
  return {
    kind: "join-token",
    async attest({ attestation, now }) {
      const key = keyOf(parseJoinToken(attestation.token).secret);
      const { result } = await store.transact("system:node-attestation", now, async (transaction) => {
        const object = await transaction.get(key);
        if (object !== undefined) await transaction.delete(key, "api");
        return object;
      });
      if (result === undefined || expiryOf(result) < now)
        throw new CordonError(
          "ACCESS_DENIED",
          "the join token is not known: used already, expired, or of another control plane; " +
            "get a new one with `cordon identity join-token NODE`",
        );
      return { node: readValue(value, result).node };
    },
  };
}

function keyOf(secret: Uint8Array): ObjectKey {
  return { kind, namespace: systemNamespace, name: createHash("sha256").update(secret).digest("hex") };
}

function expiryOf(object: StoredObject): Instant {
  return readValue(value, object).expiresAt;
}
