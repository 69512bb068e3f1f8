/**
 * A signed admission. In: a decision that admits, the evidence behind it, a key. Out: an in-toto statement in a DSSE
 * envelope whose subject is the model's root digest: who decided, by which policy, on what evidence, until when. It can be
 * kept, shipped and verified anywhere; nothing but its verification makes it count.
 */
import type { KeyObject } from "node:crypto";
import { z } from "zod";
import { CordonError } from "@cordon/core/errors";
import type { Instant } from "@cordon/core/instant";
import type { SigningKey } from "../../keys/provider/key-provider.ts";
import { decodeBase64, firstIssue, parseForeignJson, payloadType } from "../signatures/bundle.ts";
import { dsseStands, signDsse } from "../signatures/dsse.ts";
import { refuse } from "../signatures/refusal.ts";
import { statementType } from "../signatures/statement.ts";
import { keyDigest } from "../signatures/trust.ts";
import type { ModelEvidence } from "./evidence.ts";
import { keepOf, keepSchema } from "./keep.ts";
import { admissionParts, type AdmissionDecision } from "./judge-admission.ts";
import type { LoadedPolicy } from "./policy.ts";

export const admissionPredicateType = "urn:cordon:predicate:model-admission:v1";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const predicateSchema = z.strictObject({
  decision: z.literal("admitted"),
  decidedAt: z.iso.datetime(),
  validUntil: z.iso.datetime(),
  policy: z.strictObject({ sha256 }),
  verifier: z.strictObject({ name: z.string(), version: z.string() }),
  parts: z.array(
    z.strictObject({ part: z.enum(admissionParts), outcome: z.enum(["met", "not-asked"]), words: z.string() }),
  ),
  exceptions: z.array(
    z.strictObject({
      rule: z.string(),
      subject: z.string().optional(),
      until: z.string(),
      reason: z.string(),
      approvedBy: z.string(),
    }),
  ),
  /** What the decision stood on. */
  evidence: z.strictObject({
    signatureBundle: sha256.optional(),
    signer: z
      .strictObject({
        method: z.string(),
        keySha256: sha256,
        identity: z.string().optional(),
        issuer: z.string().optional(),
        certificateSha256: sha256.optional(),
        authorities: z
          .array(z.strictObject({ key: sha256, certificate: sha256 }))
          .max(16)
          .optional(),
      })
      .optional(),
    card: sha256.optional(),
    bom: sha256.optional(),
    vulnerabilityDatabase: z.array(sha256).optional(),
    scannedFiles: z.number().int().nonnegative().optional(),
  }),
  /** What has to stay so for it to stand: judged again while the model serves. */
  keep: keepSchema.optional(),
  /** SHA-256 of each file, for whoever measures one file of a model. */
  files: z.record(z.string(), sha256),
});

const statementSchema = z.strictObject({
  _type: z.literal(statementType),
  subject: z.array(z.strictObject({ name: z.string().min(1), digest: z.strictObject({ sha256 }) })).length(1),
  predicateType: z.literal(admissionPredicateType),
  predicate: predicateSchema,
});

const envelopeSchema = z.strictObject({
  payload: z.string().min(1),
  payloadType: z.literal(payloadType),
  signatures: z.array(z.strictObject({ sig: z.string().min(1), keyid: z.string().optional() })).length(1),
});

/** An admission whose signature and time were checked. */
export interface Admission {
  readonly name: string;
  /** Lower-case hex. */
  readonly rootDigest: string;
  readonly files: Readonly<Record<string, string>>;
  readonly decidedAt: Instant;
  readonly validUntil: Instant;
  readonly predicate: z.infer<typeof predicateSchema>;
}

/**
 * Signs an admission.
 *
 * @throws {CordonError} `ACCESS_DENIED` for a decision that does not admit: there is no document about it
 */
export async function signAdmission(
  decision: AdmissionDecision,
  evidence: ModelEvidence,
  policy: LoadedPolicy,
  key: SigningKey,
  verifierVersion: string,
): Promise<string> {
  if (decision.decision !== "admitted")
    throw new CordonError("ACCESS_DENIED", `${evidence.name} is refused, so no admission is signed`);
  const { signature } = evidence;
  const predicate: z.input<typeof predicateSchema> = {
    decision: "admitted",
    decidedAt: new Date(decision.decidedAt).toISOString(),
    validUntil: new Date(decision.validUntil).toISOString(),
    policy: { sha256: policy.digest },
    verifier: { name: "cordon", version: verifierVersion },
    parts: decision.parts.flatMap(({ part, outcome, words }) =>
      outcome === "met" || outcome === "not-asked" ? [{ part, outcome, words }] : [],
    ),
    exceptions: decision.excepted.map(({ exception: { rule, subject, until, reason, approvedBy } }) => ({
      rule,
      ...(subject === undefined ? {} : { subject }),
      until,
      reason,
      approvedBy,
    })),
    evidence: {
      ...(signature === undefined ? {} : { signatureBundle: signature.bundleDigest }),
      ...(signature?.signer === undefined ? {} : { signer: describeSigner(signature.signer) }),
      ...(evidence.card === undefined || evidence.card === null ? {} : { card: evidence.card.digest }),
      ...(evidence.bom === undefined ? {} : { bom: evidence.bom.digest }),
      ...(evidence.vulnerabilities === undefined
        ? {}
        : { vulnerabilityDatabase: evidence.vulnerabilities.database.sources.map(({ digest }) => digest) }),
      ...(evidence.scan === undefined ? {} : { scannedFiles: evidence.scan.length }),
    },
    keep: keepOf(evidence, policy),
    files: Object.fromEntries(evidence.files),
  };
  const statement = {
    _type: statementType,
    subject: [{ name: evidence.name, digest: { sha256: evidence.rootDigest } }],
    predicateType: admissionPredicateType,
    predicate,
  };
  const payload = Buffer.from(JSON.stringify(statement));
  const envelope = {
    payload: payload.toString("base64"),
    payloadType,
    signatures: [{ sig: (await signDsse(payload, key)).toString("base64"), keyid: keyDigest(key.publicKey) }],
  };
  return `${JSON.stringify(envelope, undefined, 2)}\n`;
}

function describeSigner({
  method,
  keyDigest: keySha256,
  identity,
  issuer,
  certificateDigest,
  authorities,
}: NonNullable<NonNullable<ModelEvidence["signature"]>["signer"]>) {
  return {
    method,
    keySha256,
    ...(identity === undefined ? {} : { identity }),
    ...(issuer === undefined ? {} : { issuer }),
    ...(certificateDigest === undefined ? {} : { certificateSha256: certificateDigest }),
    ...(authorities === undefined ? {} : { authorities: [...authorities] }),
  };
}

/**
 * Verifies an admission: signature, form, time.
 *
 * @param key whoever may admit
 * @throws {CordonError} `SIGNATURE_INVALID`
 */
export function verifyAdmission(bytes: Uint8Array, key: KeyObject, now: Instant): Admission {
  const envelope = envelopeSchema.safeParse(parseForeignJson(bytes, "admission"));
  if (!envelope.success) throw refuse(`the admission is malformed: ${firstIssue(envelope.error)}`);
  const payload = decodeBase64(envelope.data.payload, "payload");
  const signatures = envelope.data.signatures.map(({ sig }) => decodeBase64(sig, "signature"));
  if (!dsseStands(payload, signatures, key)) throw refuse("the admission is not signed by the key that may admit");
  const statement = statementSchema.safeParse(parseForeignJson(payload, "admission"));
  if (!statement.success) throw refuse(`the admission's statement is malformed: ${firstIssue(statement.error)}`);
  const { subject, predicate } = statement.data;
  const [model] = subject;
  if (model === undefined) throw refuse("the admission is about nothing");
  const [decidedAt, validUntil] = [Date.parse(predicate.decidedAt), Date.parse(predicate.validUntil)];
  if (now >= validUntil) throw refuse(`the admission ended at ${predicate.validUntil}`);
  if (now < decidedAt - 60_000)
    throw refuse(`the admission is from the future (${predicate.decidedAt}): check the clocks`);
  return {
    name: model.name,
    rootDigest: model.digest.sha256,
    files: predicate.files,
    decidedAt,
    validUntil,
    predicate,
  };
}
