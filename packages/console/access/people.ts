/**
 * Signing in with a passkey, and confirming things with one. In: what a person typed or pressed. Out: this browser's key,
 * bound to their session; or a passkey's word on exactly one thing.
 */
import { startAuthentication, startRegistration } from "@simplewebauthn/browser";
import {
  enrolFinishRequest,
  oidcFinishResponse,
  oidcStartResponse,
  waysResponse,
  passkeyOptions,
  recoveryRedeemed,
  signedIn,
  type Assertion,
} from "@cordon/core/contract/people-api";
import { postOpenly, type ConsoleClient, type Schema } from "./client.ts";
import { loadKey as pendingKey, saveKey } from "./key-store.ts";
import { makeKeyPair, type BrowserKey, type PublicKeyJwk } from "./sign.ts";

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

const pendingSlot = "cordon-oidc";

/** Sends the browser to the company's identity provider; this tab remembers for which key. */
export async function startAtProvider(label: string): Promise<void> {
  const { publicKey } = await keptPair(label);
  const { url } = await postOpenly("/v1/oidc/start", oidcStartResponse, { publicKey });
  sessionStorage.setItem(pendingSlot, JSON.stringify(publicKey));
  location.assign(url);
}

/** Back from there: the passkey on top, or what to enrol with. The address holds a code: it leaves at once. */
export async function arriveFromProvider(
  label: string,
): Promise<BrowserKey | { readonly name: string; readonly code: string }> {
  const { search } = location;
  history.replaceState(null, "", "/#/sign-in");
  const publicKey = JSON.parse(sessionStorage.getItem(pendingSlot) ?? "null") as PublicKeyJwk | null;
  sessionStorage.removeItem(pendingSlot);
  const pending = await pendingKey();
  if (publicKey === null || pending === undefined)
    throw new Error("That sign-in was begun in another tab; begin again.");
  const { stepUp, enrol } = await postOpenly("/v1/oidc/finish", oidcFinishResponse, { publicKey, search });
  if (enrol !== undefined) return enrol;
  if (stepUp === undefined) throw new Error("Cordon sent nothing to go on with.");
  const { name, id, options } = stepUp;
  const response = await startAuthentication({ optionsJSON: options as unknown as AuthenticationOptions });
  const answer = await postOpenly("/v1/oidc/passkey", signedIn, {
    publicKey,
    label,
    name,
    assertion: { id, response },
  });
  return keep(pending.privateKey, label, answer);
}

/** Where the provider stands, for the page to say so. */
export async function providerHost(): Promise<string | undefined> {
  return (await postOpenly("/v1/ways", waysResponse, {})).oidc;
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
