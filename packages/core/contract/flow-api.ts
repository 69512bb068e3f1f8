/** The part of the local API about sessions and what they hold, as both of its ends read it. Answers are read leniently. */
import { z } from "zod";
import { integrities, sensitivities } from "./vocabulary.ts";

const instant = z.number().int();
const labels = z.object({
  sensitivity: z.enum(sensitivities),
  categories: z.array(z.string()),
  integrity: z.enum(integrities),
});

const step = z.object({
  id: z.string(),
  /** The decision's place in the ledger. */
  index: z.number().int().optional(),
  resource: z.string(),
  tool: z.string().optional(),
  at: instant,
});

export const flowSessionResponse = labels.extend({
  principal: z.string(),
  user: z.string(),
  name: z.string(),
  sensitive: step.optional(),
  untrusted: step.optional(),
  since: instant,
  last: instant,
});

/** `GET /v1/flow/sessions` */
export const flowSessionsResponse = z.object({ sessions: z.array(flowSessionResponse) });

/** `POST /v1/flow/declassifications`: what a session holds counts for less from now on. */
export const declassificationRequest = z
  .strictObject({
    component: z.string().min(1).max(2048),
    /** The person whom it acts for, by SPIFFE ID. */
    user: z.string().max(2048).default(""),
    session: z.string().max(128).default(""),
    sensitivity: z.enum(sensitivities).exactOptional(),
    integrity: z.enum(integrities).exactOptional(),
    reason: z.string().min(1).max(500),
  })
  .refine(({ sensitivity, integrity }) => sensitivity !== undefined || integrity !== undefined, {
    error: "say what it is to count for: `sensitivity`, `integrity`, or both",
  });
export const declassificationResponse = z.object({ before: labels, after: labels });

export type FlowSessionsResponse = z.infer<typeof flowSessionsResponse>;
export type DeclassificationRequest = z.input<typeof declassificationRequest>;
export type DeclassificationResponse = z.infer<typeof declassificationResponse>;
