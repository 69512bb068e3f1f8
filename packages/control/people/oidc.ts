/**
 * Signing in through the company's identity provider, with a passkey on top. In: a browser that comes back from there. Out: who
 * the provider says it is. That alone opens nothing: the same browser must then show a passkey of that person's, or make the
 * first one where the configuration lets people of the company enrol.
 *
 * Authorization code flow with PKCE (RFC 7636), state, nonce, and the `iss` of RFC 9207 where the provider sends it. What is
 * under way is bound to the browser's key: an answer that is carried to another browser is good for nothing.
 */
import * as openid from "openid-client";
import type { Configuration } from "@cordon/core/contract/configuration";
import { CordonError } from "@cordon/core/errors";
import { isName, type Namespace } from "@cordon/core/contract/vocabulary";
import type { PublicKeyJwk } from "@cordon/core/contract/people-api";
import { readValue } from "../registry/objects.ts";
import { findUser } from "./accounts.ts";
import { keyFingerprint, type PeopleDeps } from "./deps.ts";
import { blame } from "./failed-attempts.ts";
import { invitationKey, invitationValue, invite } from "./invitations.ts";
import { userKind, userValue } from "./objects.ts";

export type OidcSettings = NonNullable<Configuration["people"]["oidc"]>;

/** How long somebody may take at the provider. */
export const oidcTtlMs = 5 * 60_000;
const maxUnderWay = 1_000;

interface UnderWay {
  readonly fingerprint: string;
  readonly verifier: string;
  readonly nonce: string;
  readonly until: number;
}

/** Who somebody is there. */
export interface OidcIdentity {
  readonly issuer: string;
  readonly subject: string;
}

/** `user` is `namespace/name` of who is enrolled; else what to enrol with, where the company's people may. */
export type OidcArrival =
  | { readonly user: string; readonly identity: OidcIdentity }
  | { readonly enrol: { readonly name: string; readonly code: string } };

export interface Oidc {
  /** Where to send the browser. */
  start(publicKey: PublicKeyJwk): Promise<string>;
  /** @param search the query with which it came back, as the address had it */
  finish(publicKey: PublicKeyJwk, search: string): Promise<OidcArrival>;
}

export interface OidcOptions {
  readonly deps: PeopleDeps;
  readonly settings: OidcSettings;
  readonly clientSecret: () => Promise<string | undefined>;
}

export function openOidc({ deps, settings, clientSecret }: OidcOptions): Oidc {
  const underWay = new Map<string, UnderWay>();
  let discovered: Promise<openid.Configuration> | undefined;
  const configuration = async (): Promise<openid.Configuration> => {
    discovered ??= discover(settings, clientSecret);
    // The provider may have been away: asked again next time.
    discovered.catch(() => (discovered = undefined));
    return discovered;
  };
  const redirectUri = (): string => `${deps.relyingParty().origin}/oidc`;
  return {
    async start(publicKey) {
      const fingerprint = keyFingerprint(publicKey);
      const provider = await configuration();
      const now = deps.now();
      for (const [state, { until }] of underWay) if (until <= now) underWay.delete(state);
      // The oldest makes room: strangers may start as many as they like, and only slow each other down.
      for (const state of underWay.keys()) if (underWay.size >= maxUnderWay) underWay.delete(state);
      const [verifier, state, nonce] = [openid.randomPKCECodeVerifier(), openid.randomState(), openid.randomNonce()];
      underWay.set(state, { fingerprint, verifier, nonce, until: now + oidcTtlMs });
      const url = openid.buildAuthorizationUrl(provider, {
        ...{ redirect_uri: redirectUri(), scope: "openid profile email", state, nonce },
        ...{ code_challenge: await openid.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256" },
      });
      return url.href;
    },
    async finish(publicKey, search) {
      const query = new URLSearchParams(search);
      const state = query.get("state") ?? "";
      const held = underWay.get(state);
      underWay.delete(state); // one answer, whoever brings it
      if (held === undefined || deps.now() >= held.until || held.fingerprint !== keyFingerprint(publicKey))
        throw denied("That sign-in was not begun in this browser, or too long ago; begin again.");
      const claims = await redeem(await configuration(), new URL(`${redirectUri()}?${query.toString()}`), {
        ...held,
        state,
      });
      return arrive(deps, settings, claims);
    },
  };
}

async function discover(
  settings: OidcSettings,
  clientSecret: OidcOptions["clientSecret"],
): Promise<openid.Configuration> {
  const secret = await clientSecret();
  const issuer = new URL(settings.issuer);
  const authentication = secret === undefined ? openid.None() : openid.ClientSecretBasic(secret);
  try {
    // `http:` is for a provider on this machine alone; the configuration holds to that.
    const insecure = issuer.protocol === "http:" ? { execute: [openid.allowInsecureRequests] } : {};
    return await openid.discovery(issuer, settings.clientId, {}, authentication, { ...insecure, timeout: 10 });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CordonError("UPSTREAM_UNREACHABLE", `The identity provider ${settings.issuer} cannot be used: ${why}.`, {
      cause,
    });
  }
}

async function redeem(
  provider: openid.Configuration,
  url: URL,
  { verifier, nonce, state }: Pick<UnderWay, "verifier" | "nonce"> & { readonly state: string },
): Promise<openid.IDToken> {
  try {
    const answer = await openid.authorizationCodeGrant(provider, url, {
      ...{ pkceCodeVerifier: verifier, expectedNonce: nonce, expectedState: state, idTokenExpected: true },
    });
    const claims = answer.claims();
    if (claims === undefined) throw new Error("it sent no ID token");
    return claims;
  } catch (cause) {
    throw denied(`The identity provider's answer is refused: ${wordsOf(cause)}.`, cause);
  }
}

async function arrive(deps: PeopleDeps, settings: OidcSettings, claims: openid.IDToken): Promise<OidcArrival> {
  const identity = { issuer: claims.iss, subject: claims.sub };
  for (const object of await deps.store.list(userKind)) {
    const { oidc } = readValue(userValue, object);
    if (oidc?.issuer !== identity.issuer || oidc.subject !== identity.subject) continue;
    return { user: `${object.namespace}/${object.name}`, identity };
  }
  if (settings.enrol === undefined)
    throw denied(
      "The identity provider knows you, and nobody here is linked to that account: ask an administrator to invite you.",
    );
  const name = nameOf(claims, settings.enrol.claim);
  // Names are the provider's to give away; an account here is not. Whoever has the name already keeps it.
  const user = { namespace: settings.enrol.namespace as Namespace, name };
  if ((await findUser(deps, `${user.namespace}/${user.name}`)) !== undefined)
    throw denied(`\`${name}\` is enrolled here and not linked to that account: their administrators can sort it out.`);
  // Nor does an account elsewhere take what an administrator has promised to somebody.
  const promised = await deps.store.get(invitationKey(`${user.namespace}/${user.name}`));
  const held = promised === undefined ? undefined : readValue(invitationValue, promised);
  if (held !== undefined && deps.now() < held.expiresAt && held.oidc?.subject !== identity.subject)
    throw denied(`\`${name}\` is invited here already; enrol with that code, or ask an administrator.`);
  const displayName = textOf(claims["name"], name).replaceAll(/\p{C}/gu, "").slice(0, 100) || name;
  const invitation = {
    name: `${user.namespace}/${user.name}`,
    displayName,
    groups: [...settings.enrol.groups],
    recovers: false,
    oidc: identity,
  };
  const { code } = await invite(deps, invitation, `oidc:${identity.issuer}`);
  return { enrol: { name: invitation.name, code } };
}

/** A claim as a name: what stands before an `@`, in lower case, other characters as hyphens. */
function nameOf(claims: openid.IDToken, claim: string): string {
  const text = textOf(claims[claim], "").split("@", 1)[0] ?? "";
  const name = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 63);
  if (isName(name)) return name;
  throw denied(`The identity provider sent no usable \`${claim}\`, so there is no name to enrol you with.`);
}

function textOf(claim: unknown, otherwise: string): string {
  return typeof claim === "string" ? claim : otherwise;
}

/** The library says what is wrong in the cause of what it throws. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

function denied(words: string, cause?: unknown): CordonError {
  return blame(new CordonError("ACCESS_DENIED", words, { cause }));
}
