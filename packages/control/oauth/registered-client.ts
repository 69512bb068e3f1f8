/** A program as it is registered, while it may act for anybody. In: the snapshot, and a client id. Out: the client, or nothing. */
import type { OauthClient } from "@cordon/core/oauth/token-issuer";
import type { Snapshot } from "@cordon/core/policy/snapshot";

/** @returns `undefined` for one that is not registered, or disabled */
export function registeredClient({ clients }: Pick<Snapshot, "clients">, id: string): OauthClient | undefined {
  const client = clients?.get(id);
  return client?.disabled === undefined ? client : undefined;
}
