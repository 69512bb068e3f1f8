/**
 * Ids of Cordon's own parts, which are no components: `spiffe://<trust domain>/cordon/agent/<node>` and
 * `.../cordon/control`. A component's path begins with `/ns/`, so that the two never meet.
 */
import { isNodeName } from "../contract/registration-schema.ts";
import { CordonError } from "../errors.ts";
import { parseSpiffeId, pathOf, trustDomainOf, type SpiffeId, type TrustDomain } from "./spiffe-id.ts";

const agentPath = "/cordon/agent/";

/** The control plane's own id, by which agents know it. */
export function controlPlaneId(trustDomain: TrustDomain): SpiffeId {
  return parseSpiffeId(`spiffe://${trustDomain}/cordon/control`);
}

/** The id of the agent of a node. @throws {CordonError} `SPIFFE_ID_INVALID` for a name that is no node's */
export function agentId(trustDomain: TrustDomain, node: string): SpiffeId {
  if (!isNodeName(node))
    throw new CordonError("SPIFFE_ID_INVALID", `\`${node.slice(0, 64)}\` is not a node's name (RFC 1123, lower case)`);
  return parseSpiffeId(`spiffe://${trustDomain}${agentPath}${node}`);
}

/** The node whose agent an id is; `undefined` for anything else. */
export function nodeOfAgent(id: SpiffeId, trustDomain: TrustDomain): string | undefined {
  const path = pathOf(id);
  if (trustDomainOf(id) !== trustDomain || !path.startsWith(agentPath)) return undefined;
  const node = path.slice(agentPath.length);
  return isNodeName(node) ? node : undefined;
}
