/**
 * Rollback protection. In: what a signature says of a model's name and version, and the record of the highest version
 * seen. Out: whether it is older than, or another model under the number of, what was verified before. An old, signed,
 * vulnerable model verifies for ever otherwise.
 */
import { randomBytes } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { CordonError } from "@cordon/core/errors";
import { z } from "zod";
import { supplyFinding, type SupplyFinding } from "../finding.ts";

const recordSchema = z.strictObject({
  version: z.literal(1),
  models: z.record(
    z.string().min(1).max(256),
    z.strictObject({ version: z.number().int().nonnegative().safe(), rootDigest: z.string().regex(/^[0-9a-f]{64}$/) }),
  ),
});

/** The highest version verified so far, by model. */
export type VersionRecord = z.infer<typeof recordSchema>;

export const emptyVersionRecord: VersionRecord = { version: 1, models: {} };

export interface VersionClaim {
  readonly model: string | undefined;
  readonly version: number | undefined;
  readonly rootDigest: string;
}

/** Judges a claim against the record; the new record is what to keep when everything else stands. */
export function judgeVersion(
  record: VersionRecord,
  claim: VersionClaim,
): { readonly findings: readonly SupplyFinding[]; readonly record: VersionRecord } {
  const { model, version, rootDigest } = claim;
  if (model === undefined || version === undefined)
    return {
      findings: [
        supplyFinding(
          "signature/rollback",
          "high",
          "the signature gives no model name and version, so an older model cannot be told from the current one: sign with --model and --version",
        ),
      ],
      record,
    };
  const known = Object.hasOwn(record.models, model) ? record.models[model] : undefined;
  const worse =
    known === undefined
      ? undefined
      : version < known.version
        ? `version ${version} of ${model} is older than version ${known.version}, which was verified before`
        : version === known.version && rootDigest !== known.rootDigest
          ? `version ${version} of ${model} was verified before with other contents`
          : undefined;
  if (worse !== undefined)
    return { findings: [supplyFinding("signature/rollback", "critical", worse, { subject: model })], record };
  return { findings: [], record: { version: 1, models: { ...record.models, [model]: { version, rootDigest } } } };
}

/** Reads a record; a missing file is an empty one. @throws {CordonError} `SUPPLY_INPUT_INVALID`, `SUPPLY_INPUT_UNREADABLE` */
export async function readVersionRecord(file: string): Promise<VersionRecord> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return emptyVersionRecord;
    throw new CordonError("SUPPLY_INPUT_UNREADABLE", `${file}: ${(cause as Error).message}`, { cause });
  }
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new CordonError("SUPPLY_INPUT_INVALID", `${file} is no record of model versions; restore it from a backup`, {
      cause,
    });
  }
}

/** Replaces the record as a whole. */
export async function writeVersionRecord(file: string, record: VersionRecord): Promise<void> {
  const temporary = `${file}.${randomBytes(6).toString("hex")}`;
  await writeFile(temporary, `${JSON.stringify(record, undefined, 2)}\n`, { flush: true, mode: 0o600 });
  await rename(temporary, file);
}
