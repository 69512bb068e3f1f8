/**
 * What the console reads of a ledger entry. In: JSON from the stream. Out: the fields that have a place on the screen.
 * Everything else is kept and shown as it came: a newer Cordon may say more.
 */
import { z } from "zod";

const reason = z.looseObject({
  code: z.string(),
  policy: z.string().optional(),
  namespace: z.string().optional(),
  words: z.string(),
});

const digest = z.looseObject({ key: z.string(), hmac: z.string(), bytes: z.number() });

export const decisionEntry = z.looseObject({
  v: z.literal(1),
  kind: z.literal("decision"),
  at: z.number(),
  id: z.string(),
  again: z.number().optional(),
  namespace: z.string(),
  revision: z.number(),
  principal: z.string(),
  user: z.looseObject({ id: z.string() }).optional(),
  credential: z.looseObject({ assurance: z.string(), fingerprint: z.string() }),
  action: z.string(),
  resource: z.string(),
  context: z.record(z.string(), z.unknown()),
  signals: z.record(z.string(), z.unknown()),
  effect: z.enum(["allow", "deny"]),
  reasons: z.array(reason),
  obligations: z.array(z.looseObject({ kind: z.string() })),
  risk: z.looseObject({
    tier: z.string(),
    score: z.number(),
    contributions: z.array(z.looseObject({ signal: z.string(), weight: z.number(), words: z.string() })),
  }),
  body: digest.optional(),
  validUntil: z.number().optional(),
  observed: z.looseObject({ reasons: z.array(reason) }).optional(),
});

export const outcomeEntry = z.looseObject({
  v: z.literal(1),
  kind: z.literal("outcome"),
  at: z.number(),
  id: z.string(),
  again: z.number().optional(),
  end: z.string(),
  why: z.looseObject({ code: z.string(), words: z.string() }).optional(),
  status: z.number(),
  upstream: z.string(),
  request: digest.optional(),
  response: digest.optional(),
  findings: z.array(z.unknown()),
  masks: z.number(),
});

const base = { v: z.literal(1), at: z.number() };
export const eventEntry = z.discriminatedUnion("kind", [
  z.looseObject({ ...base, kind: z.literal("refusal"), words: z.string(), from: z.string(), count: z.number() }),
  z.looseObject({
    ...base,
    kind: z.literal("change"),
    revision: z.number(),
    actor: z.string(),
    objects: z.array(z.looseObject({ op: z.string(), kind: z.string(), name: z.string() })),
  }),
  z.looseObject({ ...base, kind: z.literal("discovery"), principal: z.string(), visible: z.array(z.string()) }),
  z.looseObject({ ...base, kind: z.literal("writer"), words: z.string() }),
]);

export type DecisionEntry = z.infer<typeof decisionEntry>;
export type OutcomeEntry = z.infer<typeof outcomeEntry>;
export type Reason = z.infer<typeof reason>;
