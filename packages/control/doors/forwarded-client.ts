/**
 * Whom Envoy says that it serves. In: a check's attributes. Out: the caller's SPIFFE ID, or why it is not believed.
 *
 * A certificate is verified here, as if it had been shown to us. A forwarded header (XFCC) is believed of an enforcement
 * point that is configured so, and only where it can be read in one way: one header, one element, one URI, made by that very
 * Envoy, and not another than the peer that Envoy itself names. What a client sent along would make it two of something.
 */
import { CordonError } from "@cordon/core/errors";
import { parseSpiffeId, type SpiffeId } from "@cordon/core/identity/spiffe-id";
import { verifyX509Svid } from "@cordon/core/identity/x509-svid";
import type { Instant } from "@cordon/core/instant";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import type { AttributeContext } from "./proto/generated/external_auth_pb.ts";

const maxCertificateCharacters = 32_768;
const maxCertificates = 4;
const maxHeaderCharacters = 8_192;

/** @throws {CordonError} why the certificate proves nobody */
export function principalFromCertificate(
  { source }: Pick<AttributeContext, "source">,
  { bundles, revocations }: Snapshot,
  now: Instant,
): SpiffeId {
  const encoded = source?.certificate ?? "";
  if (encoded === "")
    throw refused(
      "the check carries no certificate of the caller: set `include_peer_certificate: true` on Envoy's filter, and require client certificates",
    );
  if (encoded.length > maxCertificateCharacters) throw refused("the caller's certificate is too long to be read");
  const { id } = verifyX509Svid(readPem(decoded(encoded)), { bundles, revocations }, now);
  if (source !== undefined && source.principal !== "" && source.principal !== id)
    throw refused(`Envoy names the caller ${source.principal.slice(0, 200)}, and its certificate is of ${id}`);
  return id;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refused("the caller's certificate is not URL-encoded PEM");
  }
}

function readPem(text: string): readonly Uint8Array[] {
  const blocks = [...text.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g)];
  if (blocks.length === 0 || blocks.length > maxCertificates)
    throw refused(`the caller's certificate is not PEM of one to ${maxCertificates} certificates`);
  return blocks.map(([, body = ""]) => Buffer.from(body, "base64"));
}

/**
 * @param envoy the enforcement point that asks
 * @throws {CordonError} why the header is not believed
 */
export function principalFromHeader(
  { source, request }: Pick<AttributeContext, "source" | "request">,
  envoy: SpiffeId,
): SpiffeId {
  const values = headerValues(request?.http, "x-forwarded-client-cert");
  const [value] = values;
  if (value === undefined) throw refused("there is no `x-forwarded-client-cert` header: nobody says who calls");
  if (values.length > 1)
    throw refused("there are several `x-forwarded-client-cert` headers: one of them is not Envoy's");
  const elements = parseForwarded(value);
  const [element] = elements;
  if (element === undefined || elements.length > 1)
    throw refused(
      "`x-forwarded-client-cert` has several elements: whose the first is nobody knows. Set `forward_client_cert_details: SANITIZE_SET`",
    );
  const uris = element.filter(([key]) => key === "uri").map(([, text]) => text);
  const [uri] = uris;
  if (uri === undefined || uris.length > 1)
    throw refused(
      "`x-forwarded-client-cert` names no URI, or several: `set_current_client_cert_details: { uri: true }`",
    );
  for (const [key, by] of element)
    if (key === "by" && by !== envoy)
      throw refused(`\`x-forwarded-client-cert\` was made by ${by.slice(0, 200)}, and ${envoy} asks`);
  const id = parseSpiffeId(uri);
  if (source !== undefined && source.principal !== "" && source.principal !== id)
    throw refused(`the header names ${id}, and Envoy's own peer is ${source.principal.slice(0, 200)}`);
  return id;
}

/** Header names come in lower case; with `encode_raw_headers` Envoy sends a list instead of a map. */
export function headerValues(http: NonNullable<AttributeContext["request"]>["http"], name: string): readonly string[] {
  if (http === undefined) return [];
  const mapped = Object.entries(http.headers).filter(([key]) => key.toLowerCase() === name);
  const listed = http.headerMap?.headers.filter(({ key }) => key.toLowerCase() === name) ?? [];
  return [
    ...mapped.map(([, value]) => value),
    ...listed.map(({ value, rawValue }) => (rawValue.length > 0 ? Buffer.from(rawValue).toString("latin1") : value)),
  ];
}

/**
 * Elements of XFCC, each pairs of key (in lower case) and value. A value may be quoted, with `\"` within.
 *
 * @throws {CordonError} for what is not of that form
 */
export function parseForwarded(text: string): readonly (readonly (readonly [string, string])[])[] {
  if (text.length > maxHeaderCharacters) throw refused("`x-forwarded-client-cert` is too long to be read");
  const pair = /([A-Za-z]{1,16})=(?:"((?:[^"\\]|\\.)*)"|([^",;=\s]*))([;,]|$)/y;
  const elements: (readonly [string, string])[][] = [[]];
  let ended = text === "";
  while (pair.lastIndex < text.length) {
    const match = pair.exec(text);
    if (match === null) throw refused("`x-forwarded-client-cert` is not of the form KEY=VALUE;KEY=VALUE");
    const [whole, key = "", quoted, plain = "", separator] = match;
    elements.at(-1)?.push([key.toLowerCase(), quoted === undefined ? plain : quoted.replaceAll(/\\(.)/g, "$1")]);
    if (separator === ",") elements.push([]);
    ended = separator === "";
    if (whole === "" || ended) break;
  }
  if (!ended) throw refused("`x-forwarded-client-cert` ends with a separator");
  return elements;
}

function refused(words: string): CordonError {
  return new CordonError("IDENTITY_REQUIRED", words);
}
