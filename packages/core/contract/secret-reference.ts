/**
 * Reads a secret from where its reference points. In: the reference, and the three effects it may need. Out: the
 * secret, or `SECRET_UNAVAILABLE` with a message that names the reference and never any part of the value. Caching and
 * refresh belong to the caller.
 */
import { CordonError, isCordonError } from "../errors.ts";
import type { SecretReference } from "../policy/snapshot.ts";

export const maxSecretBytes = 64 * 1024;
export const secretTimeoutMs = 10_000;

export interface SecretEffects {
  /** The environment to read `env` references from. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads at most `maxBytes + 1` bytes, with the file's permission bits as `stat` gives them for the opened file. */
  readFile(path: string, maxBytes: number): Promise<{ readonly bytes: Uint8Array; readonly mode: number }>;
  /** Runs a program without a shell and kills it after `timeoutMs`; rejects unless it ends with status 0. */
  exec(
    command: readonly string[],
    limits: { readonly timeoutMs: number; readonly maxBytes: number },
  ): Promise<Uint8Array>;
}

/**
 * The secret without its trailing line break.
 *
 * @throws {CordonError} `SECRET_UNAVAILABLE`: missing, empty, too long, world-readable, not UTF-8, or holding CR, LF
 *   or NUL (which would let it escape the header or connection string it is put into)
 */
export async function resolveSecret(reference: SecretReference, effects: SecretEffects): Promise<string> {
  const name = describeSecret(reference);
  try {
    return checked(await fetchSecret(reference, effects), name);
  } catch (error) {
    if (isCordonError(error, "SECRET_UNAVAILABLE")) throw error;
    // The cause is dropped on purpose: the message of a failed program may hold what it printed.
    throw unavailable(name, `${verbOf(reference)} failed${codeOf(error)}`);
  }
}

/** The reference in words, for messages: `environment variable X`, `file P`, `program P`. Never its arguments. */
export function describeSecret(reference: SecretReference): string {
  if ("env" in reference) return `environment variable \`${reference.env}\``;
  if ("file" in reference) return `file \`${reference.file}\``;
  return `program \`${reference.exec[0] ?? ""}\``;
}

async function fetchSecret(reference: SecretReference, effects: SecretEffects): Promise<string> {
  const name = describeSecret(reference);
  if ("env" in reference) {
    const value = Object.hasOwn(effects.env, reference.env) ? effects.env[reference.env] : undefined;
    if (value === undefined) throw unavailable(name, "it is not set");
    return value;
  }
  if ("file" in reference) {
    const { bytes, mode } = await effects.readFile(reference.file, maxSecretBytes);
    if ((mode & 0o006) !== 0)
      throw unavailable(name, "everybody on this machine may read or write it; run `chmod o-rw` on it");
    return decode(bytes, name);
  }
  return decode(await effects.exec(reference.exec, { timeoutMs: secretTimeoutMs, maxBytes: maxSecretBytes }), name);
}

function decode(bytes: Uint8Array, name: string): string {
  if (bytes.byteLength > maxSecretBytes) throw unavailable(name, `it is longer than ${maxSecretBytes} bytes`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw unavailable(name, "it is not UTF-8 text");
  }
}

function checked(text: string, name: string): string {
  const secret = text.replace(/\r?\n$/, "");
  if (secret === "") throw unavailable(name, "it is empty");
  if (secret.length > maxSecretBytes) throw unavailable(name, `it is longer than ${maxSecretBytes} bytes`);
  // oxlint-disable-next-line no-control-regex
  if (/[\r\n\0]/.test(secret)) throw unavailable(name, "it holds a line break or a NUL character");
  return secret;
}

function verbOf(reference: SecretReference): string {
  return "exec" in reference ? "running it" : "reading it";
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && /^[A-Z_]{1,40}$/.test(code) ? ` (${code})` : "";
}

function unavailable(name: string, why: string): CordonError {
  return new CordonError("SECRET_UNAVAILABLE", `cannot read the secret from ${name}: ${why}`);
}
