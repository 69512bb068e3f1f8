/** `store.url` as the store takes it. In: the configuration, the state folder, the environment. Out: a URL that may hold a password. */
import { isAbsolute, join, resolve } from "node:path";
import type { Configuration } from "@cordon/core/contract/configuration";
import { resolveSecret } from "@cordon/core/contract/secret-reference";
import { absoluteSecret } from "../registry/configuration-objects.ts";
import { secretEffects } from "../registry/secret-effects.ts";

export interface StorePlace {
  /** Where a relative secret file starts: the configuration's folder. */
  readonly folder: string;
  /** Where a relative database starts. */
  readonly stateFolder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** @throws {CordonError} `SECRET_UNAVAILABLE` */
export async function configuredStoreUrl(configuration: Configuration, place: StorePlace): Promise<string> {
  const { url } = configuration.store;
  const { folder, stateFolder, env } = place;
  const text = typeof url === "string" ? url : await resolveSecret(absoluteSecret(url, folder), secretEffects(env));
  if (text === "sqlite:") return `sqlite:${join(stateFolder, "cordon.db")}`;
  const path = text.startsWith("sqlite:") ? text.slice("sqlite:".length) : undefined;
  return path === undefined || isAbsolute(path) ? text : `sqlite:${resolve(stateFolder, path)}`;
}
