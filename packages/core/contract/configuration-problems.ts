/**
 * What is wrong with a configuration, in words for the person who wrote it. In: the schema's issues about a value. Out:
 * problems by path. Never quotes a value that might be a secret.
 */
import { z } from "zod";
import { CordonError } from "../errors.ts";
import { locate, type LocatedNode, type PropertyPath } from "./located-yaml.ts";
import { didYouMean } from "./nearest.ts";
import { namesSecret, secretRemedy } from "./secret-shapes.ts";

/** One problem, at its place in the file. Lines and columns count from 1. */
export interface ConfigurationProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** The line holds what looks like a secret: do not print it. */
  readonly holdsSecret?: true;
}

/** The `cause` of a `CONFIG_INVALID` error. */
export interface ConfigurationProblems {
  readonly kind: "configuration-problems";
  readonly problems: readonly ConfigurationProblem[];
}

/** A problem before it has a line: at the key or the value of a path. */
export interface PathProblem {
  readonly path: PropertyPath;
  readonly at: "key" | "value";
  readonly message: string;
  readonly holdsSecret?: true;
}

const maxProblemsInMessage = 20;

/** The error that carries problems. Its message names each, up to twenty. */
export function configurationInvalid(origin: string, problems: readonly ConfigurationProblem[]): CordonError {
  const lines = problems
    .slice(0, maxProblemsInMessage)
    .map((problem) => `  ${problem.file}:${problem.line}:${problem.column} ${problem.message}`);
  if (problems.length > maxProblemsInMessage) lines.push(`  and ${problems.length - maxProblemsInMessage} more`);
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  const cause: ConfigurationProblems = { kind: "configuration-problems", problems };
  return new CordonError("CONFIG_INVALID", `${origin} has ${count}:\n${lines.join("\n")}`, { cause });
}

/** The problems that a `CONFIG_INVALID` error carries; empty for any other value. */
export function problemsOf(error: unknown): readonly ConfigurationProblem[] {
  const cause = error instanceof CordonError ? (error.cause as Partial<ConfigurationProblems> | undefined) : undefined;
  return cause?.kind === "configuration-problems" ? (cause.problems ?? []) : [];
}

/** Translates the schema's issues about `root`; each path starts with `base`. */
export function describeIssues(
  issues: readonly z.core.$ZodIssue[],
  schema: z.core.$ZodType,
  root: LocatedNode,
  base: PropertyPath = [],
): PathProblem[] {
  return issues.flatMap((issue) => describeIssue(issue, schema, root, base));
}

function describeIssue(
  issue: z.core.$ZodIssue,
  schema: z.core.$ZodType,
  root: LocatedNode,
  base: PropertyPath,
): PathProblem[] {
  const path = [...base, ...issue.path];
  const here = (message: string): PathProblem[] => [{ path, at: "value", message: `${label(path)}${message}` }];
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownKey(key, [...path, key], knownKeys(schema, issue.path)));
    case "invalid_type": {
      const found = locate(root, path);
      if (!found.exact) return [{ path, at: "value", message: `${label(path)}is missing` }];
      return here(`must be ${typeWords(issue.expected)}, not ${valueWords(found.node.value)}`);
    }
    case "invalid_value": {
      const found = locate(root, path);
      const words = invalidValueWords(issue, found.node.value);
      return here(found.exact ? words : `is missing; it ${words}`);
    }
    case "too_small":
      return here(`must ${sizeWords(issue.origin, "least", Number(issue.minimum))}`);
    case "too_big":
      return here(`must ${sizeWords(issue.origin, "most", Number(issue.maximum))}`);
    case "invalid_key":
      return issue.issues.map((inner) => ({ path, at: "key", message: `${label(path)}${inner.message}` }));
    case "invalid_union":
      return describeUnion(issue, schema, root, path);
    default:
      return here(issue.message);
  }
}

function unknownKey(key: string, path: PropertyPath, known: readonly string[]): PathProblem {
  const shown = key.length > 64 ? `${key.slice(0, 64)}…` : key;
  const message = `unknown field \`${shown}\`${didYouMean(key, known)}`;
  if (!namesSecret(key)) return { path, at: "key", message };
  return { path, at: "key", message: `${message}; if it is a secret, ${secretRemedy}`, holdsSecret: true };
}

/** The branch that was most likely meant speaks; if none stands out, the union's own sentence does. */
function describeUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  schema: z.core.$ZodType,
  root: LocatedNode,
  path: PropertyPath,
): PathProblem[] {
  const union = schemaAt(schema, issue.path);
  const options = union instanceof z.ZodUnion ? union.options : [];
  const branches = issue.errors
    .map((errors, index) => ({ errors, option: options[index], cost: cost(errors) }))
    .filter((branch) => branch.cost < Infinity)
    .toSorted((a, b) => a.cost - b.cost);
  const [best, second] = branches;
  const standsOut = best && (!second || best.cost < second.cost);
  if (standsOut && best.option) return describeIssues(best.errors, best.option, root, path);

  const found = locate(root, path);
  const literal = /secret reference/.test(issue.message) && typeof found.node.value === "string";
  const at = "value";
  if (!found.exact) return [{ path, at, message: `${label(path)}is missing; it ${issue.message}` }];
  return [{ path, at, message: `${label(path)}${issue.message}`, ...(literal ? { holdsSecret: true as const } : {}) }];
}

function cost(errors: readonly z.core.$ZodIssue[]): number {
  let sum = 0;
  for (const error of errors) {
    const own = error.path.length === 0;
    if (own && (error.code === "invalid_type" || error.code === "invalid_value")) return Infinity;
    sum += error.code === "unrecognized_keys" ? 2 * error.keys.length : 1;
  }
  return sum;
}

function invalidValueWords(issue: z.core.$ZodIssueInvalidValue, value: unknown): string {
  if (issue.message.startsWith("must ")) return issue.message;
  const values = issue.values.map(String);
  const meant = typeof value === "string" ? didYouMean(value, values) : "";
  return `must be one of ${values.map((one) => `\`${one}\``).join(", ")}${meant}`;
}

function sizeWords(origin: string, bound: "least" | "most", size: number): string {
  if (origin === "string") return size === 1 ? "not be empty" : `be at ${bound} ${size} characters long`;
  if (origin === "array") return `hold at ${bound} ${size} ${size === 1 ? "item" : "items"}`;
  return `be at ${bound} ${size}`;
}

function typeWords(expected: string): string {
  const words: Record<string, string> = {
    object: "a group of fields",
    record: "a group of fields",
    array: "a list",
    string: "text",
    boolean: "`true` or `false`",
    number: "a number",
    int: "a whole number",
  };
  return words[expected] ?? expected;
}

function valueWords(value: unknown): string {
  if (value === null || value === undefined) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a group of fields";
  if (typeof value === "number") return Number.isInteger(value) ? "a whole number" : "a number";
  return typeof value === "boolean" ? "`true` or `false`" : "text";
}

/** The field's name as the message's subject: the last name on the path, and the list index after it. */
function label(path: PropertyPath): string {
  const last = path.findLastIndex((step) => typeof step === "string");
  if (last < 0) return "the file ";
  const indices = path.slice(last + 1).map((step) => ` item ${Number(step) + 1}`);
  const name = String(path[last]);
  return `\`${name.length > 64 ? `${name.slice(0, 64)}…` : name}\`${indices.join("")} `;
}

function knownKeys(schema: z.core.$ZodType, path: PropertyPath): readonly string[] {
  const found = schemaAt(schema, path);
  if (found instanceof z.ZodObject) return Object.keys(found.shape);
  if (found instanceof z.ZodUnion)
    return found.options.flatMap((option) => (option instanceof z.ZodObject ? Object.keys(option.shape) : []));
  return [];
}

/** The schema that governs a path; where the way forks, the first branch that has the step. */
function schemaAt(schema: z.core.$ZodType, path: PropertyPath): z.core.$ZodType | undefined {
  const bare = unwrap(schema);
  const [step, ...rest] = path;
  if (step === undefined) return bare;
  for (const option of bare instanceof z.ZodUnion ? bare.options.map(unwrap) : [bare]) {
    const next = childOf(option, step);
    if (next) return schemaAt(next, rest);
  }
  return undefined;
}

function childOf(schema: z.core.$ZodType, step: PropertyKey): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodObject) return schema.shape[step as string] as z.core.$ZodType | undefined;
  if (schema instanceof z.ZodArray) return schema.element;
  if (schema instanceof z.ZodRecord) return schema.valueType;
  return undefined;
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional)
    return unwrap(schema.def.innerType);
  return schema;
}
