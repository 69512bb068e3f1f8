/**
 * What is installed, from any list that says so. In: a file, its kind told by name and content. Out: the packages, and
 * what was not read. A file of no known kind is an error: saying nothing about it would look like a clean one.
 */
import { basename } from "node:path";
import { CordonError, isCordonError } from "@cordon/core/errors";
import { readBomPackages } from "./cyclonedx.ts";
import { readCargoLock } from "./cargo-lock.ts";
import { readDpkgStatus } from "./dpkg-status.ts";
import { readGoMod } from "./go-mod.ts";
import { readPackageLock } from "./npm-locks.ts";
import { readPnpmLock } from "./pnpm-lock.ts";
import type { PackagesRead } from "./package-found.ts";
import { readPipfileLock, readTomlLock } from "./python-locks.ts";
import { readRequirements } from "./requirements.ts";
import { readYarnLock } from "./yarn-lock.ts";

/** A lock file of a large estate has some tens of megabytes. */
export const maxListBytes = 256 * 1024 * 1024;

/** Names of files that are read, for `cordon bom audit --help` and for finding them in a repository. */
export const listNames: readonly string[] = [
  "requirements*.txt",
  "poetry.lock",
  "uv.lock",
  "pdm.lock",
  "pylock*.toml",
  "Pipfile.lock",
  "package-lock.json",
  "npm-shrinkwrap.json",
  "pnpm-lock.yaml",
  "yarn.lock",
  "Cargo.lock",
  "go.mod",
  "*.cdx.json, bom.json",
  "status (dpkg)",
];

type Reader = (text: string, file: string) => PackagesRead;

/** The reader of a file, by its name and then by its content; `undefined` when no reader knows it. */
export function readerFor(file: string, text: string, dpkgEcosystem = "Debian"): Reader | undefined {
  const name = basename(file).toLowerCase();
  if (/^(?:poetry|uv|pdm)\.lock$|^pylock(?:\.[^.]+)?\.toml$/.test(name)) return readTomlLock;
  if (name === "pipfile.lock") return readPipfileLock;
  if (name === "package-lock.json" || name === "npm-shrinkwrap.json") return readPackageLock;
  if (name === "pnpm-lock.yaml") return readPnpmLock;
  if (name === "yarn.lock") return readYarnLock;
  if (name === "cargo.lock") return readCargoLock;
  if (name === "go.mod") return readGoMod;
  if (/^(?:requirements|constraints).*\.txt$|requirements\.txt$/.test(name)) return readRequirements;
  const head = text.slice(0, 4096);
  if (/"bomFormat"\s*:\s*"CycloneDX"/.test(text.slice(0, 65_536)) || name.endsWith(".cdx.json")) return readBomPackages;
  if (/"lockfileVersion"\s*:/.test(head)) return readPackageLock;
  if (/^Package: \S+$/m.test(head) && /^Status: /m.test(head))
    return (content, path) => readDpkgStatus(content, path, dpkgEcosystem);
  return undefined;
}

/**
 * Reads one list.
 *
 * @param dpkgEcosystem what a dpkg status file is of, such as `Debian:12`
 * @throws {CordonError} `SUPPLY_INPUT_INVALID`
 */
export function readPackages(bytes: Buffer, file: string, dpkgEcosystem?: string): PackagesRead {
  if (bytes.length > maxListBytes) throw invalid(file, `it is longer than ${maxListBytes} bytes`);
  const text = bytes.toString("utf8");
  const reader = readerFor(file, text, dpkgEcosystem);
  if (reader === undefined) throw invalid(file, `it is none of ${listNames.join(", ")}`);
  try {
    return reader(text, file);
  } catch (cause) {
    if (isCordonError(cause)) throw cause;
    throw invalid(file, (cause as Error).message.split("\n", 1)[0]?.slice(0, 200) ?? "", cause);
  }
}

function invalid(file: string, why: string, cause?: unknown): CordonError {
  return new CordonError("SUPPLY_INPUT_INVALID", `${file} cannot be read as a list of packages: ${why}`, { cause });
}
