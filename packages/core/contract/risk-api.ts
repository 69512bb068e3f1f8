/**
 * `GET /v1/risk` of the console's API: how risky whoever asked lately was seen to be, with what that was made of; devices; who is
 * signed in; incidents. In: nothing. Out: its schema. For administrators and auditors.
 */
import { z } from "zod";
import { deviceResponse } from "./device-api.ts";
import { incidentView } from "./incident-api.ts";

const contribution = z.object({ signal: z.string(), weight: z.number(), words: z.string() });

export const riskResponse = z.object({
  /** Of each person and workload among the entries at hand: its newest decision's. The riskiest first. */
  scores: z.array(
    z.object({
      who: z.string(),
      tier: z.string(),
      score: z.number(),
      at: z.number(),
      effect: z.enum(["allow", "deny"]),
      action: z.string(),
      resource: z.string(),
      contributions: z.array(contribution),
    }),
  ),
  devices: z.array(deviceResponse),
  sessions: z.array(
    z.object({
      ...{ id: z.string(), user: z.string(), kind: z.string(), label: z.string(), authenticatedAt: z.number() },
      ...{ ends: z.number(), grant: z.string().optional(), device: z.string().optional() },
    }),
  ),
  incidents: z.array(incidentView),
  /** Whether whoever asks may open, close and cut. */
  administers: z.boolean(),
});

/** `POST /v1/sessions/cut` */
export const sessionCut = z.strictObject({
  session: z.string().regex(/^[0-9a-f]{64}$/),
  reason: z.string().regex(/^\P{C}{1,1000}$/u),
});

export type RiskResponse = z.infer<typeof riskResponse>;
