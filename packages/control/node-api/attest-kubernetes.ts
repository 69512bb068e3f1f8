/**
 * Nodes of a Kubernetes cluster: a projected service account token, bound to the node that its pod runs on. In: the
 * cluster's issuer, token keys and the accounts that agents run as. Out: the attestor. Nothing is asked of the cluster's
 * API: the token is verified by its keys, and is short-lived because the kubelet made it so.
 *
 * @see Kubernetes, "Service account token volume projection"; the node's claim is there from version 1.30 on
 */
import { isJsonObject, parseStrictJson, type JsonObject, type JsonValue } from "@cordon/core/contract/strict-json";
import { isNodeName } from "@cordon/core/contract/registration-schema";
import { CordonError, isCordonError } from "@cordon/core/errors";
import { importJwtAuthority, jwsStands, parseJws, parseTokenJson } from "@cordon/core/identity/jws";
import type { Instant } from "@cordon/core/instant";
import type { JwtAuthority } from "@cordon/core/policy/snapshot";
import type { NodeAttestor } from "./attestor.ts";

export interface KubernetesCluster {
  readonly issuer: string;
  readonly audience: string;
  /** `namespace:name` of each. */
  readonly serviceAccounts: readonly string[];
  /** The cluster's keys (JWKS), read again at each attestation. */
  readonly readKeys: () => Promise<Uint8Array>;
}

/** Longest that a token may still live; projected ones live an hour by default. */
const maxLifetimeSeconds = 86_400;
const clockSkewMs = 10_000;

export function kubernetesAttestor(cluster: KubernetesCluster): NodeAttestor<"kubernetes"> {
  return {
    kind: "kubernetes",
    async attest({ attestation, now }) {
      const keys = readKeySet(await cluster.readKeys());
      try {
        const jws = parseJws(attestation.token);
        const key = keys.get(jws.kid);
        if (key === undefined) throw refused("it is signed by a key that the cluster does not publish");
        if (!jwsStands(jws, importJwtAuthority(key))) throw refused("its signature does not verify");
        const claims = parseTokenJson(jws.payload, "payload");
        checkClaims(claims, cluster, now);
        return { node: nodeOf(claims, cluster) };
      } catch (error) {
        if (isCordonError(error, "ACCESS_DENIED")) throw error;
        throw isCordonError(error) ? refused(error.message, error) : error;
      }
    },
  };
}

function checkClaims(claims: JsonObject, cluster: KubernetesCluster, now: Instant): void {
  const { iss, aud, exp, nbf } = claims;
  if (iss !== cluster.issuer) throw refused("it is of another issuer");
  const audiences = Array.isArray(aud) ? aud : [aud];
  if (!audiences.includes(cluster.audience)) throw refused(`its audience is not \`${cluster.audience}\``);
  if (typeof exp !== "number" || !(now - clockSkewMs < exp * 1000)) throw refused("it has expired, or never does");
  if (!(exp * 1000 - now <= maxLifetimeSeconds * 1000)) throw refused("it lives too long; project a short-lived one");
  if (nbf !== undefined && (typeof nbf !== "number" || !(now + clockSkewMs >= nbf * 1000)))
    throw refused("it is from the future");
}

function nodeOf(claims: JsonObject, cluster: KubernetesCluster): string {
  const bound = objectIn(claims, "kubernetes.io");
  const account = `${textIn(bound, "namespace")}:${textIn(objectIn(bound, "serviceaccount"), "name")}`;
  if (!cluster.serviceAccounts.includes(account)) throw refused("its service account is not an agent's");
  const node = textIn(objectIn(bound, "node"), "name");
  if (node === undefined || !isNodeName(node))
    throw refused("it is not bound to a node (Kubernetes 1.30 and later write `kubernetes.io.node`)");
  return node;
}

function objectIn(object: JsonObject | undefined, name: string): JsonObject | undefined {
  const value = object?.[name];
  return value !== undefined && isJsonObject(value) ? value : undefined;
}

function textIn(object: JsonObject | undefined, name: string): string | undefined {
  const value = object?.[name];
  return typeof value === "string" ? value : undefined;
}

function readKeySet(bytes: Uint8Array): ReadonlyMap<string, JwtAuthority> {
  const document: JsonValue = parseStrictJson(bytes, { depth: 6, names: 1024 });
  const keys = isJsonObject(document) ? document["keys"] : undefined;
  if (!Array.isArray(keys))
    throw new CordonError("CONFIG_INVALID", "agents.kubernetes.jwksFile is not a JWKS: it has no `keys`");
  const found = new Map<string, JwtAuthority>();
  for (const entry of keys) {
    if (!isJsonObject(entry)) continue;
    const { kid, kty } = entry;
    if (typeof kid !== "string" || (kty !== "RSA" && kty !== "EC")) continue;
    const jwk = Object.fromEntries(
      ["kty", "n", "e", "crv", "x", "y"].flatMap((name) =>
        typeof entry[name] === "string" ? [[name, entry[name]] as const] : [],
      ),
    );
    found.set(kid, { kid, jwk });
  }
  return found;
}

function refused(why: string, cause?: unknown): CordonError {
  return new CordonError("ACCESS_DENIED", `the service account token is refused: ${why}`, { cause });
}
