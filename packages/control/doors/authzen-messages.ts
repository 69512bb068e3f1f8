/**
 * AuthZEN's messages. In: a body that is JSON. Out: questions, or why it is none (400). Unknown fields are left out, as the
 * specification wants; what is read is bounded. Source: OpenID AuthZEN Authorization API 1.0, sections 5 to 8.
 */
import { z } from "zod";
import { CordonError } from "@cordon/core/errors";
import type { JsonValue } from "@cordon/core/contract/strict-json";
import type { Question } from "./decision-point.ts";
import type { ForeignAction, ForeignEntity, Scalar } from "./foreign-names.ts";

export const maxEvaluations = 100;
export const maxPage = 500;

const text = z.string().min(1).max(256);
/** Properties that are no plain values (lists, objects) are claims that no policy can read; they are left out. */
const properties = z.record(z.string().max(256), z.unknown()).optional();

const subject = z.object({ type: text, id: text, properties });
const action = z.object({ name: text, properties });
const resource = z.object({ type: text, id: text, properties });
const context = z.record(z.string(), z.unknown()).optional();

const evaluation = z.object({ subject, action, resource, context });
const part = z.object({
  subject: subject.optional(),
  action: action.optional(),
  resource: resource.optional(),
  context,
});
const semantics = z.enum(["execute_all", "deny_on_first_deny", "permit_on_first_permit"]);
const evaluations = part.extend({
  evaluations: z.array(z.unknown()).max(maxEvaluations).optional(),
  options: z.object({ evaluations_semantic: semantics.optional() }).optional(),
});
const page = z.object({ limit: z.int().min(1).optional(), token: z.string().max(64).optional() }).optional();
/** The side that is looked for has a type alone. */
const sought = z.object({ type: text, properties });

export const searches = {
  subject: z.object({ subject: sought, action, resource, context, page }),
  resource: z.object({ subject, action, resource: sought, context, page }),
  action: z.object({ subject, resource, context, page }),
} as const;

export type Semantics = z.output<typeof semantics>;

/** @throws {CordonError} `REQUEST_MALFORMED`, which is answered with 400 */
export function readEvaluation(body: JsonValue): Question {
  return questionOf(checked(evaluation, body));
}

export interface Batch {
  readonly semantics: Semantics;
  /** One by one; words where it is no question. */
  readonly questions: readonly (Question | string)[];
}

/** A batch, or the one question that a body without `evaluations` is. */
export function readEvaluations(body: JsonValue): Batch | Question {
  const { evaluations: listed = [], options, ...defaults } = checked(evaluations, body);
  if (listed.length === 0) return readEvaluation(body);
  const questions = listed.map((item): Question | string => {
    if (typeof item !== "object" || item === null || Array.isArray(item)) return "an evaluation is an object";
    const whole = evaluation.safeParse({ ...defaults, ...item });
    return whole.success ? questionOf(whole.data) : z.prettifyError(whole.error).slice(0, 500);
  });
  return { semantics: options?.evaluations_semantic ?? "execute_all", questions };
}

export function checked<T>(schema: z.ZodType<T>, body: JsonValue): T {
  const read = schema.safeParse(body);
  if (read.success) return read.data;
  throw new CordonError("REQUEST_MALFORMED", z.prettifyError(read.error).slice(0, 1_000));
}

function questionOf(read: z.output<typeof evaluation>): Question {
  const given = read.context ?? {};
  return {
    ...{ subject: entityOf(read.subject), action: actionOf(read.action), resource: entityOf(read.resource) },
    stated: { delegation: said(given, "cordon_delegation"), user: said(given, "cordon_user") },
  };
}

/** What is said of the person is a text, or the question is none: it must not be left out. */
function said(given: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = given[name];
  if (value === undefined || typeof value === "string") return value;
  throw new CordonError("REQUEST_MALFORMED", `\`context.${name}\` must be a text`);
}

interface Read {
  readonly properties?: Readonly<Record<string, unknown>> | undefined;
}

export function entityOf({ type, id, ...rest }: Read & { readonly type: string; readonly id: string }): ForeignEntity {
  return { type, id, properties: scalars(rest) };
}

export function actionOf({ name, ...rest }: Read & { readonly name: string }): ForeignAction {
  return { name, properties: scalars(rest) };
}

export function scalars({ properties: all = {} }: Read): Readonly<Record<string, Scalar>> {
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, Scalar] =>
      ["string", "number", "boolean"].includes(typeof entry[1]),
    ),
  );
}
