/**
 * Nodes of a Kubernetes cluster: a projected service account token, bound to the node that its pod runs on. In: the
 * cluster's issuer, token keys and the accounts that agents run as. Out: the attestor. Nothing is asked of the cluster's
 * API: the token is verified by its keys, and is short-lived because the kubelet made it so.
 *
 * @see Kubernetes, "Service account token volume projection"; the node's claim is there from version 1.30 on
 */
import type { JsonObject } from "@cordon/core/contract/strict-json";
import { isNodeName } from "@cordon/core/contract/registration-schema";
import type { NodeAttestor } from "./attestor.ts";
import { objectIn, refusedToken, textIn, verifyPlatformToken, type Platform } from "./platform-token.ts";

export interface KubernetesCluster extends Platform {
  /** `namespace:name` of each. */
  readonly serviceAccounts: readonly string[];
}

/** Projected tokens live an hour by default. */
const maxLifetimeSeconds = 86_400;

export function kubernetesAttestor(cluster: KubernetesCluster): NodeAttestor<"kubernetes"> {
  return {
    kind: "kubernetes",
    attest: async ({ attestation, now }) => ({
      node: await verifyPlatformToken(attestation.token, cluster, maxLifetimeSeconds, now, (claims) =>
        nodeOf(claims, cluster),
      ),
    }),
  };
}

function nodeOf(claims: JsonObject, cluster: KubernetesCluster): string {
  const bound = objectIn(claims, "kubernetes.io");
  const account = `${textIn(bound, "namespace")}:${textIn(objectIn(bound, "serviceaccount"), "name")}`;
  if (!cluster.serviceAccounts.includes(account)) throw refusedToken("its service account is not an agent's");
  const node = textIn(objectIn(bound, "node"), "name");
  if (node === undefined || !isNodeName(node))
    throw refusedToken("it is not bound to a node (Kubernetes 1.30 and later write `kubernetes.io.node`)");
  return node;
}
