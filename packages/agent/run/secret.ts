/** A run's secret: what the child shows at the endpoint instead of an API key. */
import { randomBytes } from "node:crypto";
import type { AccessKey } from "@cordon/core/s3/sigv4";

/** Makes a secret: `cordon-run-` and 32 random bytes in base64url. */
export function newRunSecret(): string {
  return `cordon-run-${randomBytes(32).toString("base64url")}`;
}

/** The run's key for S3 clients. Its secret is the run's: a signature shows that it is known, and not what it is. */
export function newAccessKey(secret: string): AccessKey {
  return { accessKeyId: `CORDON${randomBytes(7).toString("hex").toUpperCase()}`, secretAccessKey: secret };
}
