/**
 * A person is asked whether a program may act for them. In: what the program asked for, the browser that it was asked in, and
 * the person who is signed in there. Out: what they are shown; and, with their passkey on exactly that, a session, or a no.
 *
 * What is answered must come from the browser that began it: else somebody could begin it in theirs, have a victim say yes,
 * and be given the victim's tokens. The cookie of the interaction says so; the passkey signs the interaction, client,
 * resource, scopes and address, so that a yes is good for nothing else.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Provider } from "oidc-provider";
import type { OauthConsentView } from "@cordon/core/contract/oauth-api";
import type { Assertion } from "@cordon/core/contract/people-api";
import { CordonError } from "@cordon/core/errors";
import type { OauthClient } from "@cordon/core/oauth/token-issuer";
import type { User } from "@cordon/core/policy/people";
import { confirmWithPasskey } from "../people/accounts.ts";
import type { Challenges } from "../people/challenges.ts";
import { digestOfLines, type PeopleDeps } from "../people/deps.ts";
import { grantBehind, openClientSession } from "./client-sessions.ts";
import { identityScopes } from "./provider.ts";
import { scopeWords, type Resource } from "./resources.ts";

export interface ConsentRooms {
  readonly deps: PeopleDeps;
  readonly challenges: Challenges;
  readonly provider: () => Provider;
  readonly sessionSeconds: number;
  readonly clientOf: (id: string) => OauthClient | undefined;
  readonly resourceFor: (uri: string, clientId: string) => Resource | undefined;
}

export interface Consent {
  /** What is asked, for whoever is signed in. */
  view(request: IncomingMessage, response: ServerResponse, uid: string, user: User): Promise<OauthConsentView>;
  /** What a passkey is to confirm. */
  digest(uid: string): Promise<string>;
  /** @returns where the browser goes on */
  approve(
    request: IncomingMessage,
    response: ServerResponse,
    uid: string,
    user: User,
    assertion: Assertion,
  ): Promise<string>;
  deny(request: IncomingMessage, response: ServerResponse, uid: string): Promise<string>;
}

interface Asked {
  readonly uid: string;
  readonly client: OauthClient;
  readonly resource: Resource;
  readonly scopes: readonly string[];
  readonly redirectUri: string;
}

export function openConsent(rooms: ConsentRooms): Consent {
  const { deps, challenges, provider, sessionSeconds } = rooms;
  /** What was asked in this very browser. */
  const askedHere = async (request: IncomingMessage, response: ServerResponse, uid: string): Promise<Asked> => {
    const details = await provider()
      .interactionDetails(request, response)
      .catch(() => undefined);
    if (details?.uid !== uid || details.result !== undefined) throw over();
    return readAsked(rooms, uid, details.params);
  };
  const endsOf = (user: User, resource: Resource) => {
    const grant = grantBehind(deps, user, resource);
    return { grant, ends: Math.min(deps.now() + sessionSeconds * 1000, grant?.ends ?? Infinity) };
  };
  return {
    async view(request, response, uid, user) {
      const { client, resource, scopes, redirectUri } = await askedHere(request, response, uid);
      const { grant, ends } = endsOf(user, resource);
      return {
        client: {
          id: client.id,
          name: client.displayName,
          bearer: client.bearer,
          returnsTo: new URL(redirectUri).host,
        },
        resource: { uri: resource.uri, route: resource.name },
        scopes: scopes.map((scope) => ({ scope, words: scopeWords[scope] ?? scope })),
        ends,
        ...(grant && { grant: { id: grant.id, reason: grant.reason } }),
      };
    },
    async digest(uid) {
      const interaction = await provider().Interaction.find(uid);
      if (interaction === undefined) throw over();
      return digestOf(readAsked(rooms, uid, interaction.params));
    },
    async approve(request, response, uid, user, assertion) {
      const asked = await askedHere(request, response, uid);
      const { client, resource, scopes } = asked;
      const confirmed = await confirmWithPasskey(deps, challenges, {
        ...{ purpose: "oauth", digest: digestOf(asked), assertion, by: user },
      });
      const { grant, ends } = endsOf(user, resource);
      const consent = new (provider().Grant)({ accountId: user.id, clientId: client.id });
      consent.addResourceScope(resource.uri, scopes.filter((scope) => !isIdentity(scope)).join(" "));
      const identity = scopes.filter(isIdentity);
      if (identity.length > 0) consent.addOIDCScope(identity.join(" "));
      const grantId = await consent.save();
      await openClientSession(deps, { ...confirmed, grantId, client, resource, scopes, ends, grant });
      return provider().interactionResult(request, response, {
        login: { accountId: user.id, amr: ["hwk", "user"], remember: false },
        consent: { grantId },
      });
    },
    async deny(request, response, uid) {
      await askedHere(request, response, uid);
      const error = { error: "access_denied", error_description: "the person said no" };
      return provider().interactionResult(request, response, error);
    },
  };
}

function readAsked(rooms: ConsentRooms, uid: string, params: Readonly<Record<string, unknown>>): Asked {
  const { client_id: clientId, redirect_uri: redirectUri, scope, resource: asked } = params;
  const uri: unknown = Array.isArray(asked) ? asked[0] : asked;
  if (typeof clientId !== "string" || typeof redirectUri !== "string" || typeof uri !== "string") throw over();
  const client = rooms.clientOf(clientId);
  const resource = rooms.resourceFor(uri, clientId);
  if (client === undefined || resource === undefined) throw over();
  const wanted = typeof scope === "string" ? scope.split(" ") : [];
  const scopes = wanted.filter((one) => isIdentity(one) || (resource.scopes as readonly string[]).includes(one));
  return { uid, client, resource, scopes: [...new Set(scopes)], redirectUri };
}

function isIdentity(scope: string): boolean {
  return (identityScopes as readonly string[]).includes(scope);
}

function digestOf({ uid, client, resource, scopes, redirectUri }: Asked): string {
  return digestOfLines("oauth", uid, client.id, resource.uri, scopes.join(" "), redirectUri);
}

function over(): CordonError {
  return new CordonError(
    "COMPONENT_UNKNOWN",
    "Nothing is asked here, or not in this browser, or it took too long. Start again in the program that asked.",
  );
}
