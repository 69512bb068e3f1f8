/**
 * Reads a `cordon.yaml` and the policy files that it names. In: a path. Out: the configuration, the policies' texts and
 * a digest over all of it, by which a change is noticed. Bounded; text that is not UTF-8 is refused.
 */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { CordonError } from "@cordon/core/errors";
import { registeredState } from "../inspection/registered-files.ts";
import { parseConfiguration, type Configuration } from "@cordon/core/contract/configuration";

const maxConfigurationBytes = 4 * 1024 * 1024;
const maxPolicyBytes = 256 * 1024;

export interface LoadedConfiguration {
  readonly configuration: Configuration;
  /** Texts of policy files, by `file` as the configuration writes it. */
  readonly policyTexts: ReadonlyMap<string, string>;
  /** Absolute; relative paths in the configuration start here. */
  readonly folder: string;
  /** Absolute paths of every file that was read. */
  readonly files: readonly string[];
  /** Hex SHA-256 over every file's content, and the state of registered documents. */
  readonly digest: string;
  /** Hex SHA-256 of the configuration file alone. */
  readonly configurationDigest: string;
}

/**
 * Loads a configuration.
 *
 * @param origin what to call the file in messages
 * @param known what was loaded before: its configuration stands for a file that has not changed, and is not parsed again
 * @throws {CordonError} `CONFIG_UNREADABLE` for a file that cannot be read; `CONFIG_INVALID` for what it says
 */
export async function loadConfiguration(
  path: string,
  origin = basename(path),
  known?: LoadedConfiguration,
): Promise<LoadedConfiguration> {
  const file = resolve(path);
  const folder = dirname(file);
  const hash = createHash("sha256");
  const text = await readText(file, maxConfigurationBytes, "the configuration");
  hash.update(text);
  const configurationDigest = hash.copy().digest("hex");
  const unchanged = known?.configurationDigest === configurationDigest;
  const configuration = unchanged ? known.configuration : parseConfiguration(text, origin);

  const policyTexts = new Map<string, string>();
  const files = [file];
  for (const policy of configuration.policies) {
    if (!("file" in policy) || policyTexts.has(policy.file)) continue;
    const policyFile = resolve(folder, policy.file);
    const policyText = await readText(policyFile, maxPolicyBytes, `a policy file that ${origin} names`);
    hash.update(`\0${policy.file}\0${policyText}`);
    policyTexts.set(policy.file, policyText);
    files.push(policyFile);
  }
  // Documents are not read here: it happens every few seconds.
  hash.update(`\0${await registeredState(configuration, folder)}`);
  return { configuration, policyTexts, folder, files, digest: hash.digest("hex"), configurationDigest };
}

async function readText(path: string, maxBytes: number, what: string): Promise<string> {
  const bytes = await readBounded(path, maxBytes + 1).catch((error: unknown) => {
    const { code } = error as { code?: unknown };
    const words: Record<string, string> = { ENOENT: "there is no such file", ENOTFILE: "it is not a plain file" };
    const why = words[String(code)] ?? `the system says ${String(code ?? error)}`;
    throw new CordonError("CONFIG_UNREADABLE", `cannot read ${path}, ${what}: ${why}`, { cause: error });
  });
  if (bytes.byteLength > maxBytes)
    throw new CordonError("CONFIG_UNREADABLE", `${path}, ${what}, is longer than ${maxBytes} bytes`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new CordonError("CONFIG_UNREADABLE", `${path}, ${what}, is not UTF-8 text`);
  }
}

/** At most `maxBytes` of a plain file; a pipe or device would never end. */
async function readBounded(path: string, maxBytes: number): Promise<Uint8Array> {
  // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
  await using handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const status = await handle.stat();
  if (!status.isFile()) throw Object.assign(new Error("not a plain file"), { code: "ENOTFILE" });
  const buffer = new Uint8Array(Math.min(status.size, maxBytes));
  let length = 0;
  while (length < buffer.byteLength) {
    const { bytesRead } = await handle.read(buffer, length, buffer.byteLength - length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}
