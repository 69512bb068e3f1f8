/**
 * What a model must show before it may serve. In: YAML. Out: the policy, every part with its default. The default admits
 * what is proven safe, signed by a signer who was named, with a card, and without known vulnerabilities of weight; parts
 * that a team has no evidence for yet are switched off in the open, in this file, with its digest in every admission.
 */
import { createHash } from "node:crypto";
import { parse } from "yaml";
import { z } from "zod";
import { CordonError } from "@cordon/core/errors";
import { cardTopics } from "../cards/judge-card.ts";
import { supplySeverities } from "../finding.ts";
import { verdicts } from "../scan/verdict.ts";

const severity = z.enum(supplySeverities);

const policySchema = z.strictObject({
  version: z.literal(1),
  scan: z
    .strictObject({
      required: z.boolean().default(true),
      accept: z.array(z.enum(verdicts)).min(1).default(["proven-safe"]),
      /** Files that no loader reads, by name in any folder; `*` stands for any characters but `/`. */
      documents: z
        .array(z.string().min(1).max(200))
        .max(100)
        .default(["*.md", "LICENSE*", "LICENCE*", "NOTICE*", "USE_POLICY*"]),
    })
    .prefault({}),
  signature: z
    .strictObject({
      required: z.boolean().default(true),
      /** Files in the model's folder that the signature does not cover. */
      allowUnsignedFiles: z.boolean().default(false),
      /** The signature names a model and version, which were checked against the record. */
      versioned: z.boolean().default(false),
    })
    .prefault({}),
  card: z
    .strictObject({
      required: z.boolean().default(true),
      topics: z.array(z.enum(cardTopics)).default([...cardTopics]),
      /** Under one signature with the weights. */
      bound: z.boolean().default(true),
    })
    .prefault({}),
  bom: z
    .strictObject({
      required: z.boolean().default(false),
      /** Least share of the G7's minimum elements, in percent. */
      minimumPercent: z.number().min(0).max(100).default(0),
    })
    .prefault({}),
  vulnerabilities: z
    .strictObject({
      required: z.boolean().default(false),
      failOn: severity.default("high"),
      allowUnknown: z.boolean().default(false),
      allowStale: z.boolean().default(false),
    })
    .prefault({}),
  scorecard: z.strictObject({ required: z.boolean().default(false), failOn: severity.default("high") }).prefault({}),
  /** How long an admission stands without a new one. */
  validDays: z.number().positive().max(366).default(30),
  /** Findings that somebody answers for, until a day. Malware and dangerous files cannot be excepted. */
  exceptions: z
    .array(
      z.strictObject({
        rule: z.string().min(1),
        subject: z.string().min(1).optional(),
        until: z.iso.date(),
        reason: z.string().min(8).max(1000),
        approvedBy: z.string().min(1).max(256),
      }),
    )
    .max(1000)
    .default([]),
});

export type AdmissionPolicy = z.infer<typeof policySchema>;
export type AdmissionException = AdmissionPolicy["exceptions"][number];

export interface LoadedPolicy {
  readonly policy: AdmissionPolicy;
  /** SHA-256 of the file, lower-case hex. */
  readonly digest: string;
}

/** Reads a policy. @throws {CordonError} `SUPPLY_INPUT_INVALID` naming the field */
export function parseAdmissionPolicy(text: string, file: string): LoadedPolicy {
  let tree: unknown;
  try {
    tree = parse(text, { schema: "core", maxAliasCount: 0 });
  } catch (cause) {
    throw invalid(file, (cause as Error).message.split("\n", 1)[0] ?? "", cause);
  }
  const parsed = policySchema.safeParse(tree);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw invalid(file, `${issue?.path.map(String).join(".") ?? ""}: ${issue?.message ?? "it does not fit"}`);
  }
  return { policy: parsed.data, digest: createHash("sha256").update(text).digest("hex") };
}

/** The policy of somebody who gives none. */
export const defaultAdmissionPolicy: LoadedPolicy = parseAdmissionPolicy("version: 1\n", "default policy");

function invalid(file: string, why: string, cause?: unknown): CordonError {
  return new CordonError("SUPPLY_INPUT_INVALID", `${file} is no admission policy: ${why}`, { cause });
}
