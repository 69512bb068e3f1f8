/**
 * Who may use a run's loopback endpoint. In: a request's target and raw headers, and the run's secret. Out: nothing when
 * the caller may pass, or why not.
 *
 * Loopback says nothing about who calls: any process of the machine can connect, and any web page can make the browser
 * try. So the caller shows the run's secret, comes with a loopback `Host` (no DNS rebinding) and without `Origin`
 * (no browser).
 */
import { createHash, timingSafeEqual } from "node:crypto";

/** Why a request at the endpoint was not forwarded. */
export interface CallerRefusal {
  readonly status: 400 | 401 | 403 | 501;
  readonly code: string;
  readonly words: string;
}

/** The headers in which clients send an API key; all are consumed here and none is forwarded. */
export const credentialHeaders: ReadonlySet<string> = new Set([
  "authorization",
  "x-api-key",
  "api-key",
  "proxy-authorization",
]);

const loopbackHost = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?$/i;

/**
 * Checks a caller. The order is: shape, browser defences, secret, so that a web page learns nothing about the secret.
 *
 * @param target the request target as received, origin form only
 * @param rawHeaders names and values alternating, as `IncomingMessage.rawHeaders`
 * @param secretDigest {@link digestOf} the run's secret; absent where the request proves itself by a signature
 */
export function refuseCaller(
  target: string,
  rawHeaders: readonly string[],
  secretDigest: Uint8Array | undefined,
): CallerRefusal | undefined {
  if (!target.startsWith("/"))
    return { status: 400, code: "invalid_request_target", words: "Send a path such as /v1/models, not a whole URL." };
  const hosts = valuesOf(rawHeaders, "host");
  if (hosts.length !== 1 || !loopbackHost.test(hosts[0] ?? ""))
    return {
      status: 403,
      code: "host_not_loopback",
      words: "This endpoint answers only to 127.0.0.1 or localhost, for the process that `cordon run` started.",
    };
  if (valuesOf(rawHeaders, "origin").length > 0)
    return { status: 403, code: "browser_refused", words: "This endpoint does not serve web pages." };
  if (valuesOf(rawHeaders, "upgrade").length > 0)
    return { status: 501, code: "upgrade_refused", words: "Protocol upgrades are not carried by `cordon run`." };
  if (secretDigest === undefined) return undefined;
  if (!presentedSecrets(rawHeaders).some((candidate) => timingSafeEqual(digestOf(candidate), secretDigest)))
    return {
      status: 401,
      code: "invalid_api_key",
      words:
        "The API key is not this run's secret. Use the OPENAI_API_KEY, ANTHROPIC_API_KEY or CORDON_TOKEN that " +
        "`cordon run` set for its process.",
    };
  return undefined;
}

/** SHA-256 of a secret; comparing digests makes the comparison's time independent of length and content. */
export function digestOf(secret: string): Uint8Array {
  return createHash("sha256").update(secret, "utf8").digest();
}

function presentedSecrets(rawHeaders: readonly string[]): readonly string[] {
  const bearer = valuesOf(rawHeaders, "authorization").flatMap((value) =>
    /^bearer /i.test(value) ? [value.slice(7).trim()] : [],
  );
  return [...bearer, ...valuesOf(rawHeaders, "x-api-key"), ...valuesOf(rawHeaders, "api-key")];
}

function valuesOf(rawHeaders: readonly string[], name: string): readonly string[] {
  const values: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2)
    if (rawHeaders[at]?.toLowerCase() === name) values.push(rawHeaders[at + 1] ?? "");
  return values;
}
