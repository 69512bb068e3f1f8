/** A program that acts for people, by `openid-client`, which nobody here wrote. In: an estate. Out: its configuration, keys, tokens and calls. */
import * as oidc from "openid-client";
import { Agent, fetch as undiciFetch } from "undici";
import type { Estate } from "./estate.ts";
import { serverOf } from "./people-estate.ts";
import { openConsent, sayYes, softBrowser, type SoftBrowser } from "./soft-browser.ts";
import type { SoftPerson } from "./soft-person.ts";

export const redirectUri = "http://127.0.0.1:47001/callback";

export interface Program {
  readonly config: oidc.Configuration;
  readonly keys: Awaited<ReturnType<typeof oidc.randomDPoPKeyPair>>;
  readonly dpop: oidc.DPoPHandle;
  readonly issuer: string;
}

/** Discovers the server from its issuer alone. Who the gateway is, is not what these tests are about. */
export async function program(estate: Estate, clientId = "default/app"): Promise<Program> {
  const issuer = `${serverOf(estate).url}/oauth`;
  const gateway = new Agent({ connect: { rejectUnauthorized: false } });
  const config = await oidc.discovery(new URL(issuer), clientId, undefined, oidc.None(), {
    execute: [oidc.allowInsecureRequests],
    algorithm: "oauth2",
  });
  config[oidc.customFetch] = (url, options) => undiciFetch(url, { ...options, dispatcher: gateway } as never);
  const keys = await oidc.randomDPoPKeyPair("ES256", { extractable: true });
  return { config, keys, dpop: oidc.getDPoPHandle(config, keys), issuer };
}

export interface Asking {
  readonly url: URL;
  readonly verifier: string;
  readonly state: string;
}

export async function ask({ config }: Program, resource: string, more: Record<string, string> = {}): Promise<Asking> {
  const verifier = oidc.randomPKCECodeVerifier();
  const state = oidc.randomState();
  const url = oidc.buildAuthorizationUrl(config, {
    ...{ redirect_uri: redirectUri, resource, state, code_challenge_method: "S256" },
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    ...more,
  });
  return { url, verifier, state };
}

export type Tokens = Awaited<ReturnType<typeof oidc.authorizationCodeGrant>>;

export function redeem({ config, dpop }: Program, { verifier, state }: Asking, answer: URL): Promise<Tokens> {
  return oidc.authorizationCodeGrant(
    config,
    answer,
    { pkceCodeVerifier: verifier, expectedState: state },
    {},
    { DPoP: dpop },
  );
}

/** From nothing to tokens: the program asks, the person says yes in a browser. */
export async function actFor(
  made: Program,
  person: SoftPerson,
  resource: string,
  more: Record<string, string> = {},
  browser: SoftBrowser = softBrowser(),
): Promise<Tokens> {
  const asking = await ask(made, resource, more);
  const uid = await openConsent(browser, asking.url.href);
  return redeem(made, asking, await sayYes(browser, person, uid));
}

/** Calls the gateway with the program's token, as its library does. */
export function use(
  { config, dpop }: Program,
  tokens: Pick<Tokens, "access_token">,
  url: string,
  method = "GET",
  body?: string,
): Promise<Response> {
  const headers = new Headers(body === undefined ? {} : { "content-type": "application/json" });
  return oidc.fetchProtectedResource(config, tokens.access_token, new URL(url), method, body, headers, { DPoP: dpop });
}
