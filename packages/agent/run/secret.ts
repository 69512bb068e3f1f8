/** A run's secret: what the child shows at the endpoint instead of an API key. */
import { randomBytes } from "node:crypto";

/** Makes a secret: `cordon-run-` and 32 random bytes in base64url. */
export function newRunSecret(): string {
  return `cordon-run-${randomBytes(32).toString("base64url")}`;
}
