/**
 * What an authenticator says, verified. In: the browser's answer, the challenge it must have signed, where we are. Out: a
 * new passkey, or whose passkey has just been used, with the counter as it now stands. Throws `SIGNATURE_INVALID` with the
 * rule that is broken. Source: WebAuthn Level 3, sections 7.1 and 7.2.
 */
import { readFile } from "node:fs/promises";
import { X509Certificate } from "node:crypto";
import { SettingsService, verifyAuthenticationResponse, verifyRegistrationResponse } from "@simplewebauthn/server";
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from "@simplewebauthn/server";
import { decodeAttestationObject, decodeClientDataJSON, parseAuthenticatorData } from "@simplewebauthn/server/helpers";
import type { Assertion } from "@cordon/core/contract/people-api";
import type { Configuration } from "@cordon/core/contract/configuration";
import { CordonError } from "@cordon/core/errors";
import { sameText } from "./challenges.ts";
import type { PasskeyValue } from "./objects.ts";

/** Where passkeys are made and used: exactly one origin, and the host that they are bound to. */
export interface RelyingParty {
  readonly origin: string;
  readonly rpId: string;
}

export type NewPasskey = Pick<
  PasskeyValue,
  "credentialId" | "publicKey" | "counter" | "transports" | "aaguid" | "synced" | "attestation"
>;

/** ES256, EdDSA, RS256. */
export const algorithms = [-7, -8, -257];

/** Attestations that prove a model by a certificate of its maker's. */
const provingFormats = new Set(["packed", "fido-u2f", "tpm"]);

/** Tells the library whose roots prove a model; process-wide, as its settings are. @throws `CONFIG_INVALID` */
export async function loadAttestationRoots(file: string): Promise<void> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new CordonError("CONFIG_INVALID", `\`people.administrators.attestationRootsFile\`: ${file} cannot be read`, {
      cause,
    });
  });
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  try {
    if (certificates.length === 0) throw new Error("it holds no certificate");
    for (const each of certificates) void new X509Certificate(each);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CordonError("CONFIG_INVALID", `\`people.administrators.attestationRootsFile\`: ${file}: ${why}`, {
      cause,
    });
  }
  for (const identifier of ["packed", "fido-u2f", "tpm"] as const)
    SettingsService.setRootCertificates({ identifier, certificates });
}

/** @param policy what an administrator's authenticator must be; absent for everybody else */
export async function verifyNewPasskey(
  { response }: Assertion,
  challenge: string,
  { origin, rpId }: RelyingParty,
  policy: Configuration["people"]["administrators"] | undefined,
): Promise<NewPasskey> {
  const credential = response as unknown as RegistrationResponseJSON;
  refuseFrames(credential.response.clientDataJSON);
  const verified = await checked(() =>
    verifyRegistrationResponse({
      response: credential,
      expectedChallenge: (signed) => sameText(signed, challenge),
      expectedOrigin: origin,
      expectedRPID: rpId,
      expectedType: "webauthn.create",
      requireUserPresence: true,
      requireUserVerification: true,
      supportedAlgorithmIDs: algorithms,
    }),
  );
  const { registrationInfo: info } = verified;
  if (info === undefined) throw refused("its attestation does not verify");
  const synced = info.credentialDeviceType === "multiDevice";
  // A self-made statement verifies without any maker's certificate in it: it proves the key, not the model.
  const statement = decodeAttestationObject(info.attestationObject).get("attStmt");
  const hasChain = (statement.get("x5c")?.length ?? 0) > 0;
  const rooted = SettingsService.getRootCertificates({ identifier: info.fmt }).length > 0;
  const proven = provingFormats.has(info.fmt) && hasChain && rooted;
  if (policy !== undefined && policy.authenticators.length > 0) {
    if (!proven)
      throw refused(
        `an administrator's security key must prove its model, and this one says \`${info.fmt}\` without proof`,
      );
    if (!policy.authenticators.includes(info.aaguid))
      throw refused(`model ${info.aaguid} is not among \`people.administrators.authenticators\``);
    if (synced) throw refused("an administrator's key must stay on one device, and this one may be copied");
  }
  return {
    credentialId: info.credential.id,
    publicKey: Buffer.from(info.credential.publicKey).toString("base64url"),
    counter: info.credential.counter,
    transports: (info.credential.transports ?? []).slice(0, 8).map((each) => each.slice(0, 32)),
    aaguid: info.aaguid,
    synced,
    attestation: proven ? "proven" : "none",
  };
}

/**
 * Verifies an assertion by a known passkey.
 *
 * @returns the authenticator's counter, which the caller compares: going back is a sign of a copy, and only a signature
 *   that stands may lock anything
 */
export async function verifyPasskey(
  { response }: Assertion,
  challenge: string,
  { origin, rpId }: RelyingParty,
  passkey: Pick<PasskeyValue, "credentialId" | "publicKey">,
): Promise<{ readonly counter: number }> {
  const credential = response as unknown as AuthenticationResponseJSON;
  refuseFrames(credential.response.clientDataJSON);
  const { verified } = await checked(() =>
    verifyAuthenticationResponse({
      response: credential,
      expectedChallenge: (signed) => sameText(signed, challenge),
      expectedOrigin: origin,
      expectedRPID: rpId,
      expectedType: "webauthn.get",
      requireUserVerification: true,
      credential: {
        id: passkey.credentialId,
        publicKey: Uint8Array.from(Buffer.from(passkey.publicKey, "base64url")),
        counter: 0,
      },
    }),
  );
  if (!verified) throw refused("its signature does not verify");
  const data = Uint8Array.from(Buffer.from(credential.response.authenticatorData, "base64url"));
  return { counter: parseAuthenticatorData(data).counter };
}

/** The library lets an assertion pass that was made in another site's frame and does not say whose. */
function refuseFrames(clientDataJSON: unknown): void {
  let data: { readonly crossOrigin?: unknown; readonly topOrigin?: unknown };
  try {
    data = decodeClientDataJSON(String(clientDataJSON));
  } catch (cause) {
    throw refused("its client data cannot be read", cause);
  }
  if (data.crossOrigin === true || data.topOrigin !== undefined)
    throw refused("it was made inside a frame of another site");
}

async function checked<T>(verify: () => Promise<T>): Promise<T> {
  try {
    return await verify();
  } catch (cause) {
    throw refused(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

export function refused(why: string, cause?: unknown): CordonError {
  return new CordonError("SIGNATURE_INVALID", `The passkey's answer is refused: ${why}.`, { cause });
}
