/**
 * Secrets that stand where none belongs. In: a text value of the configuration, or a line for the log. Out: what kind of
 * secret it looks like, or the line without them. Never returns a secret. All patterns are linear.
 */

const shapes: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----/, "a private key"],
  [/\bsk-[A-Za-z0-9_-]{16}/, "an API key"],
  [/\bAIza[0-9A-Za-z_-]{35}/, "a Google API key"],
  [/\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/, "an AWS access key"],
  [/\bgh[pousr]_[A-Za-z0-9]{30}/, "a GitHub token"],
  [/\bgithub_pat_[A-Za-z0-9_]{20}/, "a GitHub token"],
  [/\bglpat-[A-Za-z0-9_-]{16}/, "a GitLab token"],
  [/\bhf_[A-Za-z0-9]{30}/, "a Hugging Face token"],
  [/\bxox[abeprs]-[A-Za-z0-9-]{10}/, "a Slack token"],
  [/\beyJ[A-Za-z0-9_-]{8,1024}\.eyJ[A-Za-z0-9_-]{8,4096}\./, "a signed token"],
  [/:\/\/[^\s/:@]{0,256}:[^\s/@]{1,256}@/, "a URL with a password"],
  [/:\/\/[^\s?]{0,1024}\?[^\s]{0,1024}\bpassword=/i, "a URL with a password"],
];

/** What the text looks like, as words for a message. */
export function secretShape(text: string): string | undefined {
  return shapes.find(([pattern]) => pattern.test(text))?.[1];
}

/** What is hidden in a text that is written down: each shape with all that hangs on it, and any bearer credential. */
const hidden: readonly RegExp[] = [
  /-----BEGIN [A-Z ]{0,32}-----[^-]*(?:-----END [A-Z ]{0,32}-----)?/g,
  /\b(?:bearer|basic|dpop) +[A-Za-z0-9._~+/=-]{8,}/gi,
  ...shapes.map(([pattern]) => new RegExp(`${pattern.source}[^\\s"'\`<>]*`, `${pattern.flags}g`)),
];

/** The text with everything that looks like a secret replaced by `[secret]`. */
export function withoutSecrets(text: string): string {
  return hidden.reduce((left, pattern) => left.replace(pattern, "[secret]"), text);
}

/** True for a field name under which people write secrets. */
export function namesSecret(key: string): boolean {
  return /secret|passw|passphrase|token|api[-_]?key|private[-_]?key|authorization|bearer/i.test(key);
}

export const secretRemedy =
  "keep it out of this file and refer to it: `{ env: NAME }`, `{ file: PATH }` or `{ exec: [PROGRAM, ARGUMENT] }`";
