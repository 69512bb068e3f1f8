/** Egress over the local API: shapes that control plane and command line share. */
import { z } from "zod";

/** `GET /v1/egress/authority`: what clients trust, to have their requests looked into. PEM, one certificate after another. */
export const egressAuthorityResponse = z.object({ certificates: z.string() });

export type EgressAuthorityResponse = z.infer<typeof egressAuthorityResponse>;
