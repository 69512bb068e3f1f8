/** How long the authority's keys and what they sign live. In: settings. Out: the same, or `CONFIG_INVALID`. */
import { CordonError } from "@cordon/core/errors";
import type { GenerationSettings } from "./generations.ts";
import { maxJwtTtlSeconds } from "./issue.ts";

export interface AuthoritySettings extends GenerationSettings {
  /** Of an X.509-SVID, where the request says nothing. */
  readonly svidTtlSeconds: number;
  /** The longest that a request may ask for. */
  readonly maxSvidTtlSeconds: number;
  /** Of a JWT-SVID, at most 300. */
  readonly jwtTtlSeconds: number;
}

export const defaultAuthoritySettings: AuthoritySettings = {
  rootTtlSeconds: 10 * 365 * 86_400,
  issuerTtlSeconds: 30 * 86_400,
  tokenKeyTtlSeconds: 30 * 86_400,
  refreshHintSeconds: 300,
  svidTtlSeconds: 3600,
  maxSvidTtlSeconds: 86_400,
  jwtTtlSeconds: 300,
};

export function checkSettings(settings: AuthoritySettings): AuthoritySettings {
  for (const [name, value] of Object.entries(settings))
    if (!Number.isSafeInteger(value) || value < 1)
      throw new CordonError("CONFIG_INVALID", `identity.${name} is ${value}, not a whole number of seconds from 1`);
  if (settings.jwtTtlSeconds > maxJwtTtlSeconds)
    throw new CordonError(
      "CONFIG_INVALID",
      `identity.jwtTtlSeconds is ${settings.jwtTtlSeconds}; at most ${maxJwtTtlSeconds}`,
    );
  if (
    settings.svidTtlSeconds > settings.maxSvidTtlSeconds ||
    settings.maxSvidTtlSeconds * 2 > settings.issuerTtlSeconds
  )
    throw new CordonError(
      "CONFIG_INVALID",
      "an SVID may live at most half as long as the key that issues it, or renewal would cut it short",
    );
  return settings;
}
