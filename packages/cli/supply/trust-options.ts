/**
 * The options that say whom to trust with a signature. In: parsed options of `cordon model verify`. Out: exactly one
 * trust, complete; a Sigstore identity without its issuer, or two methods at once, is a usage error.
 */
import { CordonError } from "@cordon/core/errors";
import { readCertificates, readPublicKey, type Trust } from "@cordon/control/supply/signatures/trust";
import { parseTrustedRoot, publicGoodRoot, type SigstoreRoot } from "@cordon/control/supply/signatures/trusted-root";
import { readInput } from "./report.ts";

/** For `parseArgs`. */
export const trustOptions = {
  key: { type: "string" },
  root: { type: "string", multiple: true },
  "signer-key": { type: "string", multiple: true },
  identity: { type: "string" },
  issuer: { type: "string" },
  "trusted-root": { type: "string" },
} as const;

export interface TrustValues {
  readonly key?: string | undefined;
  readonly root?: readonly string[] | undefined;
  readonly "signer-key"?: readonly string[] | undefined;
  readonly identity?: string | undefined;
  readonly issuer?: string | undefined;
  readonly "trusted-root"?: string | undefined;
}

export const trustUsage = `  --key FILE           the public key in PEM that must have signed (P-256, P-384 or P-521)
  --root FILE          a root certificate in PEM that the signer's chain must lead to; repeat for more
  --signer-key SHA256  with --root: digest of the signer's public key (SPKI); only these may sign
  --identity NAME      the Sigstore identity that must have signed, exactly (an e-mail address or a workflow's URI)
  --issuer URL         with --identity: the OpenID Connect issuer that vouched for it, exactly
  --trusted-root FILE  with --identity: a Sigstore trusted_root.json (default: the public instance's, pinned)
`;

const maxKeyFileBytes = 1024 * 1024;

/** @throws {CordonError} `USAGE`, `SUPPLY_INPUT_UNREADABLE`, `SUPPLY_INPUT_INVALID` */
export async function readTrust(values: TrustValues): Promise<Trust> {
  const { key, root = [], identity, issuer } = values;
  const signerKeys = values["signer-key"] ?? [];
  const methods = [key !== undefined, root.length > 0, identity !== undefined || issuer !== undefined];
  if (methods.filter(Boolean).length !== 1)
    throw usage("say whom you trust, one way: --key FILE, or --root FILE, or --identity NAME with --issuer URL");
  if (signerKeys.length > 0 && root.length === 0) throw usage("--signer-key goes with --root");
  for (const digest of signerKeys)
    if (!/^[0-9a-f]{64}$/.test(digest)) throw usage(`--signer-key ${digest}: 64 lower-case hex digits are expected`);
  if (key !== undefined) return { method: "key", key: readPublicKey(await readInput(key, maxKeyFileBytes), key) };
  if (root.length > 0) {
    const files = await Promise.all(root.map(async (file) => ({ file, pem: await readInput(file, maxKeyFileBytes) })));
    return { method: "certificate", roots: files.flatMap(({ file, pem }) => readCertificates(pem, file)), signerKeys };
  }
  if (identity === undefined || identity === "" || issuer === undefined || issuer === "")
    throw usage("--identity and --issuer go together: without both, anyone could have signed");
  return { method: "sigstore", identity, issuer, root: await readSigstoreRoot(values) };
}

/** The trusted root that was given, or the pinned one. */
export async function readSigstoreRoot(values: TrustValues): Promise<SigstoreRoot> {
  const file = values["trusted-root"];
  return file === undefined ? publicGoodRoot() : parseTrustedRoot(await readInput(file, maxKeyFileBytes));
}

export function usage(words: string): CordonError {
  return new CordonError("USAGE", `${words}; see --help`);
}
