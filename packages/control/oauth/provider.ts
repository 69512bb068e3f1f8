/**
 * The authorization server's protocol, by `oidc-provider`. In: what Cordon decides of it. Out: a provider that takes authorization
 * codes with PKCE (S256) and refresh tokens, for one resource a token, bound to the client's key, and nothing else.
 *
 * It keeps no session of its own: whoever asks shows a passkey, each time, and what stands afterwards is Cordon's session.
 */
import type { EventEmitter } from "node:events";
import { errors, interactionPolicy, Provider, type AllClientMetadata, type Configuration } from "oidc-provider";
import type { Adapter } from "oidc-provider";
import type { User } from "@cordon/core/policy/people";
import { sessionOfGrant } from "./client-sessions.ts";
import type { Resource } from "./resources.ts";
import type { SigningKeys } from "./signing-keys.ts";

export interface ProviderRooms {
  readonly issuer: string;
  readonly keys: SigningKeys;
  readonly cookieKey: Buffer;
  readonly nonceSecret: Buffer;
  readonly adapter: (model: string) => Adapter;
  readonly tokenSeconds: number;
  readonly sessionSeconds: number;
  /** What a client may ask to use. */
  readonly resourceFor: (uri: string, clientId: string) => Resource | undefined;
  readonly userOf: (id: string) => User | undefined;
  readonly onProblem: (error: unknown) => void;
}

/** Identity scopes; all others are actions on a resource. */
export const identityScopes = ["openid", "profile", "offline_access"] as const;

/** Seconds that a person has for the page that asks them. */
export const interactionSeconds = 600;

/** Seconds that a request which a program pushed (RFC 9126) waits for its browser. */
export const pushedRequestSeconds = 60;

export const consentPath = "/oauth/consent";

const proofAlgorithms = ["ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"] as const;

export function openProvider(rooms: ProviderRooms): Provider {
  const provider = new Provider(rooms.issuer, configuration(rooms));
  provider.proxy = true; // whoever hands requests in has set what browsers see; see oauth-door.ts
  provider.on("server_error", (_context, error) => rooms.onProblem(error));
  (provider as EventEmitter).on("error", rooms.onProblem);
  return provider;
}

function configuration(rooms: ProviderRooms): Configuration {
  const { keys, cookieKey, nonceSecret, tokenSeconds, sessionSeconds, userOf } = rooms;
  const cookie = { httpOnly: true, sameSite: "lax", signed: true } as const;
  return {
    adapter: rooms.adapter,
    jwks: {
      keys: keys.keys.map(({ kid, key }) => ({ ...key.export({ format: "jwk" }), kid, use: "sig", alg: "ES256" })),
    },
    responseTypes: ["code"],
    scopes: [...identityScopes],
    claims: { openid: ["sub"], profile: ["name"] },
    clientAuthMethods: ["none"],
    clientDefaults: { id_token_signed_response_alg: "ES256" },
    enabledJWA: { idTokenSigningAlgValues: ["ES256"], dPoPSigningAlgValues: [...proofAlgorithms] },
    pkce: { required: () => true },
    allowOmittingSingleRegisteredRedirectUri: false,
    clientBasedCORS: () => false,
    cookies: {
      keys: [cookieKey.toString("base64url")],
      names: { session: "cordon_oauth", interaction: "cordon_oauth_consent", resume: "cordon_oauth_resume" },
      long: cookie,
      short: cookie,
    },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      introspection: { enabled: false },
      revocation: { enabled: true, allowedPolicy: (_context, client, token) => token.clientId === client.clientId },
      pushedAuthorizationRequests: { enabled: true },
      dPoP: { enabled: true, nonceSecret },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => {
          throw new errors.InvalidTarget("say which resource the token is for (`resource`, RFC 8707)");
        },
        useGrantedResource: () => true,
        getResourceServerInfo: (context, uri, client) => {
          const asked: unknown = context.oidc.params?.["resource"];
          const resource = rooms.resourceFor(uri, client.clientId);
          if (resource === undefined || (Array.isArray(asked) && asked.length > 1))
            throw new errors.InvalidTarget("there is no such resource for this client; a token is for exactly one");
          return {
            ...{ scope: resource.scopes.join(" "), audience: uri, accessTokenTTL: tokenSeconds },
            ...{ accessTokenFormat: "jwt", jwt: { sign: { alg: "ES256" } } },
          };
        },
      },
    },
    ttl: {
      ...{ AuthorizationCode: 60, IdToken: tokenSeconds, Interaction: interactionSeconds, Session: interactionSeconds },
      ...{ AccessToken: tokenSeconds, RefreshToken: sessionSeconds, Grant: sessionSeconds },
      PushedAuthorizationRequest: pushedRequestSeconds,
    },
    // What a token stands on is Cordon's session, told by its grant; the browser's does not outlive the redirect.
    expiresWithSession: () => false,
    issueRefreshToken: (_context, client) => client.grantTypeAllowed("refresh_token"),
    rotateRefreshToken: true,
    extraTokenClaims: (_context, token) => ({ sid: sessionOfGrant(("grantId" in token ? token.grantId : "") ?? "") }),
    findAccount: (_context, id) => {
      const user = userOf(id);
      return user && { accountId: id, claims: () => ({ sub: id, name: user.displayName }) };
    },
    loadExistingGrant: async (context) => {
      const grantId = context.oidc.result?.consent?.grantId;
      return grantId === undefined ? undefined : context.oidc.provider.Grant.find(grantId);
    },
    interactions: { policy: askEachTime(), url: (_context, interaction) => `${consentPath}/${interaction.uid}` },
    renderError: (context, out) => {
      context.type = "text/plain; charset=utf-8";
      const { error, error_description: words } = out as {
        readonly error: string;
        readonly error_description?: string;
      };
      context.body = `The program asked for something that is not given (${error}): ${words ?? "no more is known"}.\n`;
    },
  };
}

/** A passkey for every authorization, whatever a browser's cookies say. */
function askEachTime(): interactionPolicy.DefaultPolicy {
  const policy = interactionPolicy.base();
  policy
    .get("login")
    ?.checks.add(
      new interactionPolicy.Check(
        "each_time",
        "a passkey is shown each time",
        "login_required",
        (context) => context.oidc.result?.login === undefined,
      ),
    );
  return policy;
}

/** A registered client, as the provider knows one. All are public: what proves them is the key that their tokens are bound to. */
export function clientMetadata(client: {
  readonly id: string;
  readonly displayName: string;
  readonly bearer: boolean;
  readonly redirectUris: readonly string[];
}): AllClientMetadata {
  const { id, displayName, bearer, redirectUris } = client;
  const native = redirectUris.some((uri) => uri.startsWith("http:"));
  return {
    ...{ client_id: id, client_name: displayName, redirect_uris: [...redirectUris] },
    ...{ application_type: native ? "native" : "web", token_endpoint_auth_method: "none" },
    ...{ grant_types: ["authorization_code", "refresh_token"], response_types: ["code"] },
    dpop_bound_access_tokens: !bearer,
  };
}
