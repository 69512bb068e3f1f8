/** Egress over the local API. In: nothing. Out: what was carried outside; the interception authority's certificates. */
import type { EgressAuthorityResponse, EgressTotalsResponse } from "@cordon/core/contract/egress-api";
import { toPem } from "@cordon/core/identity/tls";
import { CordonError } from "@cordon/core/errors";
import type { LocalApiRooms } from "./local-rooms.ts";

/** Operations by path and method. */
export function egressOperations(rooms: LocalApiRooms) {
  return {
    "/v1/egress/totals": {
      GET: async (): Promise<EgressTotalsResponse> => ({
        totals: (rooms.egressTotals?.() ?? []).map(({ used, ...total }) => ({ ...total, ...(used && { used }) })),
      }),
    },
    "/v1/egress/authority": {
      GET: async (): Promise<EgressAuthorityResponse> => {
        if (rooms.interception === undefined)
          throw new CordonError("AUTHORITY_UNKNOWN", "this control plane has no interception authority");
        return { certificates: await interceptionPem(rooms.interception) };
      },
    },
  };
}

export async function interceptionPem({ certificates }: NonNullable<LocalApiRooms["interception"]>): Promise<string> {
  return (await certificates()).map(toPem).join("");
}

/** Where some destination is looked into: whom clients have to trust for that. */
export async function interceptionOf({
  interception,
  snapshot,
}: Pick<LocalApiRooms, "interception" | "snapshot">): Promise<{ readonly interception?: string }> {
  if (interception === undefined) return {};
  for (const { intercept } of snapshot().egress?.values() ?? [])
    if (intercept !== undefined) return { interception: await interceptionPem(interception) };
  return {};
}
