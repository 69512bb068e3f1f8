/**
 * Signing in with a passkey, and confirming things with one. In: what a person typed or pressed. Out: this browser's key,
 * bound to their session; or a passkey's word on exactly one thing.
 */
import { startAuthentication, startRegistration } from "@simplewebauthn/browser";
import {
  enrolFinishRequest,
  passkeyOptions,
  recoveryRedeemed,
  signedIn,
  type Assertion,
} from "@cordon/core/contract/people-api";
import { postOpenly, type ConsoleClient, type Schema } from "./client.ts";
import { saveKey } from "./key-store.ts";
import { makeKeyPair, type BrowserKey } from "./sign.ts";

type RegistrationOptions = Parameters<typeof startRegistration>[0]["optionsJSON"];
type AuthenticationOptions = Parameters<typeof startAuthentication>[0]["optionsJSON"];

/** For answers of which nothing is read. */
export const anything: Schema<unknown> = { safeParse: (value) => ({ success: true, data: value }) };

export async function signInWithPasskey(label: string): Promise<BrowserKey> {
  const { privateKey, publicKey } = await keptPair(label);
  const { id, options } = await postOpenly("/v1/sign-in/start", passkeyOptions, { publicKey });
  const response = await startAuthentication({ optionsJSON: options as unknown as AuthenticationOptions });
  const answer = await postOpenly("/v1/sign-in/finish", signedIn, { publicKey, label, assertion: { id, response } });
  return keep(privateKey, label, answer);
}

export async function enrolWithCode(
  name: string,
  code: string,
  displayName: string,
  label: string,
): Promise<BrowserKey> {
  const { privateKey, publicKey } = await keptPair(label);
  const enrolment = { name, code, publicKey };
  const { id, options } = await postOpenly("/v1/enrol/start", passkeyOptions, enrolment);
  const response = await startRegistration({ optionsJSON: options as unknown as RegistrationOptions });
  const finish = enrolFinishRequest.parse({
    ...{ ...enrolment, label, credential: { id, response } },
    ...(displayName === "" ? {} : { displayName }),
  });
  return keep(privateKey, label, await postOpenly("/v1/enrol/finish", signedIn, finish));
}

/** A sealed code for an enrolment code. */
export async function redeemRecoveryCode(name: string, code: string): Promise<string> {
  return (await postOpenly("/v1/recovery/redeem", recoveryRedeemed, { name, code })).code;
}

/** A passkey's word on one thing that the server names. */
export async function confirm(client: ConsoleClient, purpose: string, subject: string): Promise<Assertion> {
  const { id, options } = await client.post("/v1/confirm", passkeyOptions, { purpose, subject });
  const response = await startAuthentication({ optionsJSON: options as unknown as AuthenticationOptions });
  return { id, response: response as unknown as Assertion["response"] };
}

export async function addPasskey(client: ConsoleClient, label: string): Promise<void> {
  const assertion = await confirm(client, "add-passkey", "");
  const { id, options } = await client.post("/v1/passkeys/start", passkeyOptions, { assertion });
  const response = await startRegistration({ optionsJSON: options as unknown as RegistrationOptions });
  await client.post("/v1/passkeys/finish", anything, { label, credential: { id, response } });
}

/** A fresh pair for each session, kept before anything is asked: a browser may refuse to keep keys. */
async function keptPair(label: string) {
  const pair = await makeKeyPair();
  await saveKey({ keyId: "", privateKey: pair.privateKey, label, pairedAt: 0, expiresAt: 0 });
  return pair;
}

async function keep(
  privateKey: CryptoKey,
  label: string,
  {
    keyId,
    expiresAt,
    person,
  }: { readonly keyId: string; readonly expiresAt: number; readonly person: { readonly name: string } },
): Promise<BrowserKey> {
  const key: BrowserKey = { keyId, privateKey, label, pairedAt: Date.now(), person: person.name, expiresAt };
  await saveKey(key);
  return key;
}

/** What went wrong, for the person in front of the screen. */
export function wordsOf(error: unknown): string {
  if (error instanceof Error && error.name === "NotAllowedError")
    return "The passkey was not used: it was cancelled, took too long, or this browser has none for Cordon.";
  return error instanceof Error ? error.message : String(error);
}
