/**
 * Tests of policies as a table. In: a snapshot and rows, each a request and the answer that is expected. Out: for each
 * row whether the decision was that, and the decision.
 */
import { parse } from "yaml";
import { z } from "zod";
import type { JsonObject } from "../../contract/strict-json.ts";
import { CordonError } from "../../errors.ts";
import { isExactInstant, type Instant } from "../../instant.ts";
import { actions, type Namespace } from "../../contract/vocabulary.ts";
import { reference } from "../../contract/schema-parts.ts";
import { userId } from "../../identity/spiffe-id.ts";
import { decide } from "../decide.ts";
import type { Decision } from "../decision.ts";
import type { Grant, Principal, User, UserSession } from "../people.ts";
import type { Component, Snapshot } from "../snapshot.ts";
import { userOf } from "./estate-people.ts";

const row = z
  .strictObject({
    name: z.string().max(200).optional(),
    principal: reference
      .optional()
      .describe(
        "A component: `name` of the namespace `default`, or `namespace/name`. Absent where a person asks alone.",
      ),
    person: reference
      .optional()
      .describe("A person, as the principal: who asks, or for whom the principal acts. Signed in by passkey."),
    groups: z
      .array(z.string().min(1).max(200))
      .max(100)
      .optional()
      .describe("The person's groups, in place of those in the state; with them nobody of that name need be enrolled."),
    granted: z.boolean().default(false).describe("Somebody holds a grant for just this: the person, or the principal."),
    passkeyMinutes: z
      .int()
      .min(0)
      .max(1_000_000)
      .optional()
      .describe("How long ago the person touched the passkey; 0."),
    action: z.enum(actions),
    resource: reference.describe("A component, as the principal."),
    context: z
      .strictObject({
        assurance: z.enum(["x509-svid", "jwt-svid", "passkey-session"]).optional(),
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
  })
  .refine(({ principal, person }) => principal !== undefined || person !== undefined, {
    error: "must name a `principal`, a `person`, or both",
  })
  .refine(({ person, groups, passkeyMinutes }) => person !== undefined || (groups ?? passkeyMinutes) === undefined, {
    error: "`groups` and `passkeyMinutes` are a person's: name the `person`",
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

/** Runs every row. A row that names somebody or something that there is not has failed, whatever it expects. */
export function runTable(snapshot: Snapshot, rows: readonly TableRow[], now: Instant): readonly RowResult[] {
  const components = new Map([...snapshot.components.values()].map((one) => [`${one.namespace}/${one.name}`, one]));
  const find = (name: string): Component | undefined => components.get(qualified(name));
  return rows.map((one): RowResult => {
    const failed = (words: string): RowResult => ({ row: one, passed: false, words });
    const principal = one.principal === undefined ? undefined : find(one.principal);
    const resource = find(one.resource);
    if (one.principal !== undefined && principal === undefined)
      return failed(`there is no component \`${one.principal}\``);
    if (resource === undefined) return failed(`there is no component \`${one.resource}\``);
    const person = one.person === undefined ? undefined : personOf(snapshot, one.person, one.groups);
    if (one.person !== undefined && person === undefined)
      return failed(
        `there is no person \`${one.person}\`: name their \`groups\` here, or the state that knows them with --state`,
      );
    const at = one.at === undefined ? now : Date.parse(one.at);
    const asks = principal ?? person;
    if (asks === undefined) return failed("nobody asks");
    const request = {
      principal: asks.id,
      action: one.action,
      resource: resource.id,
      context: { ...one.context, assurance: one.context.assurance ?? (principal ? "x509-svid" : "passkey-session") },
      ...(one.arguments === undefined ? {} : { arguments: one.arguments as JsonObject }),
      ...(person === undefined ? {} : { user: { id: person.id, session: assumedSession } }),
    };
    const assumed = assume(snapshot, one, person ?? asks, person, resource, at);
    const decision = decide(assumed, request, { snapshotAgeMs: 0 }, at);
    const words = problemOf(one, decision);
    return { row: one, decision, passed: words === undefined, ...(words === undefined ? {} : { words }) };
  });
}

/** No key has this digest. */
const assumedSession = "assumed by a test";
const hourMs = 3_600_000;

function qualified(name: string): string {
  return name.includes("/") ? name : `default/${name}`;
}

/** The person of a row, enrolled or assumed. */
function personOf({ users, trustDomain }: Snapshot, typed: string, groups: readonly string[] | undefined) {
  const [namespace = "", name = ""] = qualified(typed).split("/");
  const id = userId(trustDomain, namespace as Namespace, name);
  const enrolled = users?.get(id);
  if (groups === undefined) return enrolled;
  return { ...(enrolled ?? userOf(id, namespace as Namespace, name, [])), groups: [...new Set(groups)].toSorted() };
}

/** The snapshot with the person signed in, and the grant that a row takes for given. */
function assume(
  snapshot: Snapshot,
  { granted, action, passkeyMinutes = 0 }: TableRow,
  holder: Principal,
  person: User | undefined,
  resource: Component,
  at: Instant,
): Snapshot {
  const grant: Grant = {
    ...{
      id: "assumed",
      principal: holder.id,
      actions: [action],
      resources: [resource.id],
      starts: at,
      ends: at + hourMs,
    },
    ...{ reason: "assumed by the test", approvers: [] },
  };
  const held = [...(snapshot.grants?.get(holder.id) ?? []), grant];
  const grants = granted ? { grants: new Map(snapshot.grants).set(holder.id, held) } : {};
  if (person === undefined) return { ...snapshot, ...grants };
  const authenticatedAt = at - passkeyMinutes * 60_000;
  const session: UserSession = {
    ...{ id: assumedSession, user: person.id, kind: "cli", authenticatedAt, ends: at + hourMs },
  };
  const sessions = new Map(snapshot.sessions).set(assumedSession, session);
  return { ...snapshot, ...grants, sessions, users: new Map(snapshot.users).set(person.id, person) };
}

function problemOf({ expect, because }: TableRow, { effect, reasons }: Decision): string | undefined {
  const said = reasons.map(({ words }) => words).join("; ");
  if (effect !== expect) return `expected ${expect}, got ${effect}: ${said}`;
  if (because === undefined || reasons.some(({ policy, words }) => policy === because || words.includes(because)))
    return undefined;
  return `expected \`${because}\` among the reasons, got: ${said}`;
}
