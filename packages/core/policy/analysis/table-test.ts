/**
 * Tests of policies as a table. In: a snapshot and rows, each a request and the answer that is expected. Out: for each
 * row whether the decision was that, and the decision.
 */
import { parse } from "yaml";
import { z } from "zod";
import type { JsonObject } from "../../contract/strict-json.ts";
import { CordonError } from "../../errors.ts";
import { isExactInstant, type Instant } from "../../instant.ts";
import { actions } from "../../contract/vocabulary.ts";
import { reference } from "../../contract/schema-parts.ts";
import { decide } from "../decide.ts";
import type { Decision } from "../decision.ts";
import type { Component, Snapshot } from "../snapshot.ts";

const row = z.strictObject({
  name: z.string().max(200).optional(),
  principal: reference.describe("A component: `name` of the namespace `default`, or `namespace/name`."),
  action: z.enum(actions),
  resource: reference.describe("A component, as the principal."),
  context: z
    .strictObject({
      assurance: z.enum(["x509-svid", "jwt-svid"]).default("x509-svid"),
      route: z.string().default(""),
      method: z.string().default("POST"),
      stream: z.boolean().default(false),
      external: z.boolean().default(false),
      rpc: z.string().default(""),
      tool: z.string().max(256).default(""),
    })
    .prefault({}),
  arguments: z.record(z.string(), z.json()).optional().describe("Of a tool call: what policies read of them."),
  at: z
    .string()
    .refine(isExactInstant, { error: "must be a date and time with its zone, such as `2027-01-31T18:00:00+08:00`" })
    .optional()
    .describe("The time of the request; windows and exceptions depend on it."),
  expect: z.enum(["allow", "deny"]),
  because: z
    .string()
    .optional()
    .describe("The `@id` of a policy, or a part of a reason's words, that must be among the reasons."),
});

export const tableSchema = z.strictObject({ tests: z.array(row).min(1).max(100_000) });
export type TableRow = z.output<typeof row>;

const maxCharacters = 16 * 1024 * 1024;

/**
 * Reads a table.
 *
 * @param origin what to call it in messages
 * @throws {CordonError} `CONFIG_INVALID` for what is no YAML, or no table of tests
 */
export function parseTable(text: string, origin: string): readonly TableRow[] {
  if (text.length > maxCharacters)
    throw new CordonError("CONFIG_INVALID", `${origin} is longer than ${maxCharacters} characters`);
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 0, uniqueKeys: true });
  } catch (cause) {
    throw new CordonError("CONFIG_INVALID", `${origin} is no YAML: ${(cause as Error).message}`, { cause });
  }
  const table = tableSchema.safeParse(value);
  if (!table.success) throw new CordonError("CONFIG_INVALID", `${origin}: ${z.prettifyError(table.error)}`);
  return table.data.tests;
}

export interface RowResult {
  readonly row: TableRow;
  readonly passed: boolean;
  /** What was wrong. */
  readonly words?: string;
  readonly decision?: Decision;
}

/** Runs every row. A row that names a component that there is not has failed, whatever it expects. */
export function runTable(snapshot: Snapshot, rows: readonly TableRow[], now: Instant): readonly RowResult[] {
  const components = new Map([...snapshot.components.values()].map((one) => [`${one.namespace}/${one.name}`, one]));
  const find = (name: string): Component | undefined => components.get(name.includes("/") ? name : `default/${name}`);
  return rows.map((one): RowResult => {
    const principal = find(one.principal);
    const resource = find(one.resource);
    if (principal === undefined || resource === undefined) {
      const missing = principal === undefined ? one.principal : one.resource;
      return { row: one, passed: false, words: `there is no component \`${missing}\`` };
    }
    const request = {
      principal: principal.id,
      action: one.action,
      resource: resource.id,
      context: one.context,
      ...(one.arguments === undefined ? {} : { arguments: one.arguments as JsonObject }),
    };
    const at = one.at === undefined ? now : Date.parse(one.at);
    const decision = decide(snapshot, request, { snapshotAgeMs: 0 }, at);
    const words = problemOf(one, decision);
    return { row: one, decision, passed: words === undefined, ...(words === undefined ? {} : { words }) };
  });
}

function problemOf({ expect, because }: TableRow, { effect, reasons }: Decision): string | undefined {
  const said = reasons.map(({ words }) => words).join("; ");
  if (effect !== expect) return `expected ${expect}, got ${effect}: ${said}`;
  if (because === undefined || reasons.some(({ policy, words }) => policy === because || words.includes(because)))
    return undefined;
  return `expected \`${because}\` among the reasons, got: ${said}`;
}
