/** `store.url` as the store takes it. In: the configuration, the state folder, the environment. Out: a URL that may hold a password. */
import { isAbsolute, join, resolve } from "node:path";
import type { Configuration } from "@cordon/core/contract/configuration";
import { resolveSecret } from "@cordon/core/contract/secret-reference";
import { secretEffects } from "../registry/secret-effects.ts";

/** @throws {CordonError} `SECRET_UNAVAILABLE` */
export async function configuredStoreUrl(
  configuration: Configuration,
  stateFolder: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const { url } = configuration.store;
  const text = typeof url === "string" ? url : await resolveSecret(url, secretEffects(env));
  if (text === "sqlite:") return `sqlite:${join(stateFolder, "cordon.db")}`;
  const path = text.startsWith("sqlite:") ? text.slice("sqlite:".length) : undefined;
  return path === undefined || isAbsolute(path) ? text : `sqlite:${resolve(stateFolder, path)}`;
}
