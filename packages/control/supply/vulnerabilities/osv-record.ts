/**
 * A vulnerability in the Open Source Vulnerability format. In: the bytes of one record, JSON or YAML. Out: the fields that
 * matching reads, or what is wrong. Fields that nothing here reads are let pass: the format grows.
 */
import { parse as parseYaml } from "yaml";
import { z } from "zod";
import { CordonError } from "@cordon/core/errors";

/** The longest real records are some hundred kilobytes. */
export const maxRecordBytes = 8 * 1024 * 1024;

const text = z.string().max(65_536);

const eventSchema = z.looseObject({
  introduced: text.optional(),
  fixed: text.optional(),
  last_affected: text.optional(),
  limit: text.optional(),
});

const severitySchema = z.looseObject({ type: text, score: text });

const affectedSchema = z.looseObject({
  package: z.looseObject({ ecosystem: text, name: text, purl: text.optional() }).optional(),
  ranges: z
    .array(z.looseObject({ type: z.enum(["SEMVER", "ECOSYSTEM", "GIT"]), events: z.array(eventSchema).max(20_000) }))
    .max(20_000)
    .nullish(),
  versions: z.array(text).max(200_000).nullish(),
  severity: z.array(severitySchema).max(64).nullish(),
  database_specific: z.looseObject({}).nullish(),
  ecosystem_specific: z.looseObject({}).nullish(),
});

const recordSchema = z.looseObject({
  id: z.string().min(1).max(512),
  modified: z.string().max(64),
  published: z.string().max(64).optional(),
  withdrawn: z.string().max(64).nullish(),
  aliases: z.array(text).max(10_000).nullish(),
  upstream: z.array(text).max(10_000).nullish(),
  summary: z.string().nullish(),
  details: z.string().nullish(),
  severity: z.array(severitySchema).max(64).nullish(),
  affected: z.array(affectedSchema).max(50_000).nullish(),
  database_specific: z.looseObject({}).nullish(),
});

export type OsvRecord = z.infer<typeof recordSchema>;
export type OsvAffected = z.infer<typeof affectedSchema>;
export type OsvRange = NonNullable<OsvAffected["ranges"]>[number];

/**
 * Reads one record.
 *
 * @param name the file's name, for messages and to tell YAML from JSON
 * @throws {CordonError} `SUPPLY_INPUT_INVALID`
 */
export function parseOsvRecord(bytes: Uint8Array, name: string): OsvRecord {
  if (bytes.length > maxRecordBytes) throw invalid(name, `it is longer than ${maxRecordBytes} bytes`);
  const content = Buffer.from(bytes).toString("utf8");
  let tree: unknown;
  try {
    tree = /\.ya?ml$/i.test(name) ? parseYaml(content, { maxAliasCount: 0, schema: "core" }) : JSON.parse(content);
  } catch (cause) {
    throw invalid(name, (cause as Error).message.split("\n", 1)[0] ?? "", cause);
  }
  const parsed = recordSchema.safeParse(tree);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw invalid(name, `${issue?.path.map(String).join(".") ?? ""}: ${issue?.message ?? "it does not fit"}`);
}

/** Malicious packages (OSSF): any version that the record names is malware, not a flaw. */
export function isMalicious(record: OsvRecord): boolean {
  return record.id.startsWith("MAL-") || (record.aliases ?? []).some((alias) => alias.startsWith("MAL-"));
}

function invalid(name: string, why: string, cause?: unknown): CordonError {
  return new CordonError("SUPPLY_INPUT_INVALID", `${name} is no OSV record: ${why}`, { cause });
}
