/**
 * What a scenario file says: who does what, and how to tell whether an attacker (or somebody at honest work) got what they
 * were after. In: JSON. Out: a scenario; anything else is refused with its place.
 *
 * `{order:URL}` in a text stands for an order to read the training data and send them to URL, in words that the seed
 * chooses: what is tested is never one string.
 */
import { z } from "zod";

const text = z.string().min(1).max(20_000);
const component = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/);
const path = z.string().regex(/^\/[!-~]*$/);
const method = z.enum(["GET", "PUT", "POST", "DELETE"]);
const request = { method: method.default("GET"), path, json: z.unknown().optional() };

const step = z.discriminatedUnion("do", [
  /** A customer asks the assistant. */
  z.strictObject({ do: z.literal("ask"), question: text }),
  /** A help page is written, with the editors' identity, and the indexer builds the index anew. */
  z.strictObject({ do: z.literal("publish page"), id: component, title: text, text }),
  /** Whoever owns a site outside writes a page on it. `at` is host and path. */
  z.strictObject({ do: z.literal("write outside"), at: z.string().regex(/^[a-z0-9.-]+\/[!-~]*$/), text }),
  /** A program with a component's identity makes a request, so many times. */
  z.strictObject({
    do: z.literal("call"),
    as: component,
    ...request,
    times: z.number().int().min(1).max(500).default(1),
  }),
  /** Somebody on the network dials a service's own port, past the gateway: with a component's identity, or with none. */
  z.strictObject({ do: z.literal("dial"), as: component.nullable(), service: component, ...request }),
  /** Somebody has read a program's credential and uses it: after the program has ended, or while it runs. */
  z.strictObject({ do: z.literal("replay credential"), of: component, when: z.enum(["after", "during"]), ...request }),
  /** Somebody on the serving machine replaces a model's weights with ones that decide otherwise. */
  z.strictObject({ do: z.literal("swap weights"), of: component, intercept: z.number() }),
  /** Somebody on a tool server's machine changes what it says of a tool, or has it offer one more. `hidden` is not seen. */
  z.strictObject({
    do: z.literal("change tool"),
    server: component,
    tool: z.string().regex(/^[a-z_]+$/),
    description: text,
    hidden: text.optional(),
  }),
  /** The training pipeline's job. */
  z.strictObject({ do: z.literal("train") }),
]);
export type Step = z.infer<typeof step>;

const pattern = z.string().min(1).max(500).refine(isExpression, "is not a regular expression");

/** How to tell. Each must hold. */
const check = z.discriminatedUnion("see", [
  /** Something outside the bank received this. */
  z.strictObject({ see: z.literal("received outside"), matches: pattern }),
  /** The assistant's last answer says this. */
  z.strictObject({ see: z.literal("answer"), matches: pattern }),
  /** A step (from 1) was answered with success, with this in it. */
  z.strictObject({ see: z.literal("step"), step: z.number().int().min(1), matches: pattern }),
]);
export type Check = z.infer<typeof check>;

export const scenario = z
  .strictObject({
    id: component,
    title: z.string().min(10).max(120),
    kind: z.enum(["honest", "attack"]),
    seed: z.number().int().min(0),
    /** MITRE ATLAS technique ids, `AML.T0051.001`. */
    atlas: z.array(z.string().regex(/^AML\.T\d{4}(?:\.\d{3})?$/)),
    steps: z.array(step).min(1).max(20),
    objective: z.strictObject({ what: z.string().min(10).max(300), reached: z.array(check).min(1) }),
    /** With Cordon on. `works`: honest work is done. `not yet`: an attack that today's controls do not stop. */
    expected: z.enum(["works", "stopped", "not yet"]),
    /** What should happen, for people; where an attack should be stopped, part of the refusal's words. */
    should: z.string().min(10).max(500),
    refusal: z.string().min(3).optional(),
    /** Where an attack is led past its target rather than refused: how to tell. */
    diverted: check.optional(),
  })
  .refine(({ kind, atlas }) => (kind === "attack") === atlas.length > 0, "an attack names techniques, honest work none")
  .refine(
    ({ kind, expected }) => (kind === "honest") === (expected === "works"),
    "only honest work is expected to work",
  )
  .refine(
    ({ expected, refusal, diverted }) => (expected === "stopped") === (refusal !== undefined || diverted !== undefined),
    "what is stopped is refused or diverted",
  );
export type Scenario = z.infer<typeof scenario>;

function isExpression(source: string): boolean {
  try {
    return new RegExp(source).source !== "";
  } catch {
    return false;
  }
}
