/** Egress over the local API: shapes that control plane and command line share. */
import { z } from "zod";

/** `GET /v1/egress/authority`: what clients trust, to have their requests looked into. PEM, one certificate after another. */
export const egressAuthorityResponse = z.object({ certificates: z.string() });

const count = z.number().int().nonnegative();
const carried = { bytesOut: count, bytesIn: count, requests: count };

/** What one principal has carried to and from one destination since the gateway's start. */
export const egressTotal = z.object({
  /** A SPIFFE ID; `*` where there were too many to tell apart. */
  principal: z.string(),
  namespace: z.string(),
  destination: z.string(),
  ...carried,
  refused: count,
  /** What counts for the destination's limit, in the window that began then. */
  used: z.object({ ...carried, since: count }).optional(),
});

/** `GET /v1/egress/totals`: each principal and destination. */
export const egressTotalsResponse = z.object({ totals: z.array(egressTotal) });

export type EgressTotalsResponse = z.infer<typeof egressTotalsResponse>;
export type EgressAuthorityResponse = z.infer<typeof egressAuthorityResponse>;
