/**
 * Whoever may admit models. In: the configuration. Out: the public key that it names, read once at the start; and the
 * question that the issuing of SVIDs asks, answered from the store with that key. Without a key nothing is admitted.
 */
import type { KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Configuration } from "@cordon/core/contract/configuration";
import { CordonError } from "@cordon/core/errors";
import type { Instant } from "@cordon/core/instant";
import type { ModelAdmission } from "../../node-api/model-admission.ts";
import type { StateStore } from "../../store/state-store.ts";
import { readPublicKey } from "../signatures/trust.ts";
import { registryAdmission } from "./registry.ts";

/** @throws {CordonError} `CONFIG_INVALID` when the file cannot be read or holds no public key */
export async function readAdmissionKey(configuration: Configuration, folder: string): Promise<KeyObject | undefined> {
  const named = configuration.modelAdmission?.publicKeyFile;
  if (named === undefined) return undefined;
  const file = resolve(folder, named);
  try {
    return readPublicKey(await readFile(file), file);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CordonError("CONFIG_INVALID", `\`modelAdmission.publicKeyFile\` cannot be used: ${why}`, { cause });
  }
}

export const noAdmissionKey = "nobody may admit models here: set `modelAdmission.publicKeyFile` in cordon.yaml";

/** Answers from the store as it is when asked. */
export function storedAdmission(
  store: Pick<StateStore, "list">,
  key: KeyObject | undefined,
  clock: () => Instant,
): ModelAdmission {
  if (key !== undefined) return registryAdmission(store, key, clock);
  return { admitted: () => Promise.resolve({ admitted: false, words: noAdmissionKey }) };
}
