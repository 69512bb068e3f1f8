/** Other trust domains over the local API. In: nothing, or which bundle to fetch now. Out: what is known of each. */
import {
  federationRefreshRequest,
  type FederatedDomainResponse,
  type FederationResponse,
} from "@cordon/core/contract/federation-api";
import { parseTrustDomain } from "@cordon/core/identity/spiffe-id";
import { checked } from "./local-exchange.ts";
import type { LocalApiRooms } from "./local-rooms.ts";

/** Operations by path and method. */
export function federationOperations({ federation, endpoint, snapshot }: LocalApiRooms) {
  return {
    "/v1/federation": {
      GET: async (): Promise<FederationResponse> => ({
        trustDomain: snapshot().trustDomain,
        ...(endpoint !== undefined && { endpoint: { ...endpoint } }),
        trustDomains: [...(federation?.list() ?? [])],
      }),
    },
    "/v1/federation/refresh": {
      POST: async (body: unknown): Promise<FederatedDomainResponse> => {
        const { trustDomain } = checked(federationRefreshRequest, body);
        const domain = parseTrustDomain(trustDomain);
        if (federation !== undefined) return federation.fetchNow(domain);
        return { trustDomain, url: "", profile: "", problem: "this control plane follows no other trust domains" };
      },
    },
  };
}
