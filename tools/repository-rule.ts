/**
 * What must not be in the repository: private keys and other credentials, paths of one machine, hosts in npm's files.
 * In: a repository root. Out: violations with file and line.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { listFiles } from "./source-files.ts";
import type { Violation } from "./violation.ts";

interface Pattern {
  readonly pattern: RegExp;
  readonly message: string;
  readonly only?: RegExp;
  readonly except?: RegExp;
}

/** Written so that this file does not match itself. */
const patterns: readonly Pattern[] = [
  {
    pattern: /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----(?:\\[rn]|["'`+\s])*[A-Za-z0-9+/]{16}/,
    message: "a private key: generate keys when the test runs",
  },
  { pattern: /AGE-SECRET-KEY-1[0-9A-Z]{20}/, message: "an age identity" },
  { pattern: /\bAKIA[0-9A-Z]{16}\b/, message: "an AWS access key id" },
  { pattern: /\bgh[pousr]_[A-Za-z0-9]{36}\b/, message: "a GitHub token" },
  { pattern: /\bnpm_[A-Za-z0-9]{36}\b/, message: "an npm token" },
  { pattern: /\bxox[abprs]-[A-Za-z0-9-]{20,}/, message: "a Slack token" },
  { pattern: /\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{40,}/, message: "a model provider's API key" },
  { pattern: /\beyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{40,}/, message: "a signed token" },
  { pattern: /"d"\s*:\s*"[A-Za-z0-9_-]{40,}"/, message: "a private JWK" },
  { pattern: /_authToken|_password\s*=/, message: "a registry credential", only: /(?:^|\/)\.npmrc$/ },
  { pattern: /https?:\/\//, message: "a registry host", only: /(?:^|\/)\.npmrc$/ },
  {
    pattern: /"(?:resolved|tarball)"\s*:\s*"https?:/,
    message: "a registry host",
    only: /(?:^|\/)(?:package-lock|npm-shrinkwrap)\.json$/,
  },
  {
    pattern: /(?<![\w./-])\/(?:home|Users|work|root)\/[\w.-]{2,}/,
    message: "a path of one machine: write it relative to the repository",
    except: /(?:^|\/)package-lock\.json$/,
  },
];

const forbiddenNames: readonly { readonly name: RegExp; readonly message: string }[] = [
  { name: /\.(?:key|p12|pfx|jks|keystore)$/, message: "a key file: keys are made where they are used" },
  { name: /(?:^|\/)\.env(?:\.|$)/, message: "an environment file: secrets come by reference" },
  { name: /(?:^|\/)id_(?:rsa|ed25519|ecdsa)$/, message: "an SSH key" },
];

/** A line may hold what a pattern matches when it says why, with these words. */
const waiver = "cordon-check: example";

/** Searches every text file of the repository at `root`. */
export function checkRepository(root: string): Violation[] {
  const files = listFiles(root);
  if (files.length === 0)
    return [{ file: ".", line: 1, message: "no file was found: the repository check checked nothing" }];
  return files.flatMap((file) => {
    const named = forbiddenNames
      .filter(({ name }) => name.test(file))
      .map(({ message }) => ({ file, line: 1, message }));
    const text = readFileSync(join(root, file));
    return text.includes(0) ? named : [...named, ...contentViolations(file, text.toString("utf8"))];
  });
}

function contentViolations(file: string, text: string): Violation[] {
  return patterns
    .filter(({ only, except }) => (only === undefined || only.test(file)) && except?.test(file) !== true)
    .flatMap(({ pattern, message }) => {
      const at = text.search(pattern);
      if (at < 0) return [];
      const start = text.lastIndexOf("\n", at) + 1;
      const end = text.indexOf("\n", at);
      if (text.slice(start, end < 0 ? text.length : end).includes(waiver)) return [];
      return [{ file, line: text.slice(0, at).split("\n").length, message }];
    });
}
