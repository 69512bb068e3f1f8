/**
 * A Sigstore bundle that holds a DSSE envelope, as OMS v1.0 section 4 profiles it. In: the bytes of a bundle file. Out:
 * the signing method with its material, and the envelope with its payload decoded; or why it is none. Nothing in it is
 * trusted yet.
 */
import { CordonError, isCordonError } from "@cordon/core/errors";
import { parseStrictJson, type JsonValue } from "@cordon/core/contract/strict-json";
import { z } from "zod";
import { refuse } from "./refusal.ts";

/** A manifest of 200,000 files takes some 40 MB. */
export const maxBundleBytes = 64 * 1024 * 1024;

const jsonLimits = { depth: 32, names: 1_000_000 };

/** Every media type that the Sigstore bundle format has had. */
const mediaTypes = [
  "application/vnd.dev.sigstore.bundle+json;version=0.1",
  "application/vnd.dev.sigstore.bundle+json;version=0.2",
  "application/vnd.dev.sigstore.bundle+json;version=0.3",
  "application/vnd.dev.sigstore.bundle.v0.3+json",
] as const;

export const bundleMediaType = "application/vnd.dev.sigstore.bundle.v0.3+json";
export const payloadType = "application/vnd.in-toto+json";

const rawBytes = z.looseObject({ rawBytes: z.string().min(1) });

const bundleSchema = z.strictObject({
  mediaType: z.enum(mediaTypes),
  verificationMaterial: z.looseObject({
    publicKey: z
      .looseObject({ hint: z.string().optional(), rawBytes: z.string().optional() })
      .refine((key) => key.hint !== undefined || key.rawBytes !== undefined, "it needs `hint` or `rawBytes`")
      .optional(),
    x509CertificateChain: z.looseObject({ certificates: z.array(rawBytes).min(1).max(16) }).optional(),
    certificate: rawBytes.optional(),
    tlogEntries: z.array(z.looseObject({})).max(16).optional(),
    timestampVerificationData: z.looseObject({}).nullish(),
  }),
  dsseEnvelope: z.strictObject({
    payload: z.string().min(1),
    payloadType: z.literal(payloadType),
    signatures: z
      .array(z.strictObject({ sig: z.string().min(1), keyid: z.string().nullish() }))
      .min(1)
      .max(16),
  }),
});

/** What the bundle says it was signed with. */
export type SigningMaterial =
  | { readonly method: "key"; readonly hint: string | undefined; readonly rawBytes: string | undefined }
  | { readonly method: "certificate"; /** Base64 of DER, leaf first. */ readonly chain: readonly string[] }
  | { readonly method: "sigstore" };

export interface OmsBundle {
  readonly material: SigningMaterial;
  readonly payload: Uint8Array;
  /** Base64. */
  readonly signatures: readonly string[];
  /** The whole tree, for the Sigstore library. */
  readonly json: JsonValue;
}

/**
 * Reads a bundle.
 *
 * @throws {CordonError} `SIGNATURE_INVALID` naming the field that is wrong
 */
export function parseBundle(bytes: Uint8Array): OmsBundle {
  const json = parseForeignJson(bytes, "bundle");
  const parsed = bundleSchema.safeParse(json);
  if (!parsed.success) throw refuse(`the bundle is not one of model signing: ${firstIssue(parsed.error)}`);
  const { verificationMaterial, dsseEnvelope } = parsed.data;
  return {
    material: readMaterial(verificationMaterial),
    payload: decodeBase64(dsseEnvelope.payload, "payload"),
    signatures: dsseEnvelope.signatures.map(({ sig }) => sig),
    json,
  };
}

/** Exactly one method: fields of two would leave open which of them was verified. */
function readMaterial(material: z.infer<typeof bundleSchema>["verificationMaterial"]): SigningMaterial {
  const { publicKey, x509CertificateChain, certificate, tlogEntries = [] } = material;
  const present = [publicKey, x509CertificateChain, certificate].filter((field) => field !== undefined);
  if (present.length !== 1)
    throw refuse("the bundle must hold exactly one of publicKey, x509CertificateChain and certificate");
  if (publicKey !== undefined) return { method: "key", hint: publicKey.hint, rawBytes: publicKey.rawBytes };
  if (x509CertificateChain !== undefined) {
    return { method: "certificate", chain: x509CertificateChain.certificates.map((entry) => entry.rawBytes) };
  }
  if (tlogEntries.length === 0) throw refuse("a bundle of the sigstore method needs a transparency log entry");
  return { method: "sigstore" };
}

/** Standard base64, canonical: one text for one string of bytes. @throws {CordonError} `SIGNATURE_INVALID` */
export function decodeBase64(text: string, what: string): Uint8Array {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length === 0 || bytes.toString("base64") !== text) throw refuse(`the ${what} is not valid base64`);
  return bytes;
}

/** JSON of a stranger, strictly. @throws {CordonError} `SIGNATURE_INVALID` */
export function parseForeignJson(bytes: Uint8Array, what: string): JsonValue {
  if (bytes.length > maxBundleBytes) throw refuse(`the ${what} is longer than ${maxBundleBytes} bytes`);
  try {
    return parseStrictJson(bytes, jsonLimits);
  } catch (cause) {
    if (!(cause instanceof CordonError) || !isCordonError(cause)) throw cause;
    throw refuse(`the ${what} is not JSON that every parser reads the same way: ${cause.message}`, cause);
  }
}

/** The first thing that is wrong, with its place. */
export function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  const place = issue?.path.map(String).join(".") ?? "";
  return `${place === "" ? "" : `${place}: `}${issue?.message ?? "it does not fit"}`;
}
