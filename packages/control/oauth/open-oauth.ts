/**
 * Cordon as an OAuth 2.1 authorization server, put together. In: the rooms of people, the vault, the snapshot, where browsers
 * and clients find console and gateway. Out: what the console's server answers below `/oauth`, and what people and
 * administrators do about programs that act for people.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Provider } from "oidc-provider";
import type { OauthSettings } from "@cordon/core/contract/oauth-schema";
import { CordonError } from "@cordon/core/errors";
import type { Instant } from "@cordon/core/instant";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import type { KeyVault } from "../keys/key-vault.ts";
import type { Challenges } from "../people/challenges.ts";
import type { PeopleDeps } from "../people/deps.ts";
import type { StateStore } from "../store/state-store.ts";
import { boundRequests } from "./bounded-requests.ts";
import { clientSessionStands, endClientSession, endNarrowedSessions } from "./client-sessions.ts";
import { openConsent, type Consent } from "./consent.ts";
import { oauthAdapter } from "./oauth-adapter.ts";
import { clientMetadata, openProvider } from "./provider.ts";
import { registeredClient } from "./registered-client.ts";
import { openRequestLimits } from "./request-limits.ts";
import { resourceAt, type Resource } from "./resources.ts";
import { recordSeal } from "./seal.ts";
import { maintainSigningKeys } from "./signing-keys.ts";

export interface OauthOptions {
  readonly settings: Pick<OauthSettings, "sessionMinutes" | "tokenSeconds">;
  readonly deps: PeopleDeps;
  readonly challenges: Challenges;
  readonly store: Pick<StateStore, "transact" | "get" | "list" | "shortLived">;
  readonly vault: Pick<KeyVault, "signingKey" | "forgetSigningKey" | "secretKey">;
  readonly snapshot: () => Snapshot;
  /** Hears of each new snapshot; out comes how to stop it. */
  readonly onSnapshot: (listener: (snapshot: Snapshot) => void) => () => void;
  /** Where clients reach the gateway. */
  readonly gatewayOrigin: () => string;
  readonly now: () => Instant;
  readonly onProblem: (error: unknown) => void;
}

export interface Oauth extends AsyncDisposable {
  readonly issuer: () => string;
  readonly consent: Consent;
  readonly deps: PeopleDeps;
  /** Answers a request for the protocol's own endpoints, whose address is the provider's. */
  serve(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** All that may be asked of a resource, for a program that asks for nothing in particular (RFC 6749, section 3.3). */
  everyScope(resource: string, clientId: string): string | undefined;
}

/** How often keys are looked after, and what is over is swept. */
const maintainEveryMs = 60_000;

/**
 * Opens it. From here on the gateway takes its tokens.
 *
 * @param origin the console's, as browsers have it
 */
export async function openOauth(options: OauthOptions, origin: string): Promise<Oauth> {
  const { settings, deps, store, vault, snapshot, now, onProblem } = options;
  const issuer = `${origin}/oauth`;
  const seal = recordSeal(await vault.secretKey("oauth"));
  const sessionSeconds = settings.sessionMinutes * 60;
  const bounded = boundRequests(openRequestLimits(() => performance.now()));
  const adapter = oauthAdapter({
    ...{ records: store.shortLived, seal, now },
    findClient: (id) => {
      const client = registeredClient(snapshot(), id);
      if (client === undefined) return undefined;
      bounded.ofClient(id);
      return clientMetadata(client);
    },
    grantStands: (grantId) => clientSessionStands(deps, grantId),
    endGrant: (grantId, why) => endClientSession(deps, grantId, why),
  });
  const resourceFor = (uri: string, clientId: string): Resource | undefined => {
    const client = registeredClient(snapshot(), clientId);
    const resource = resourceAt(snapshot(), options.gatewayOrigin(), uri);
    if (client === undefined || resource === undefined) return undefined;
    return client.routes.length === 0 || client.routes.includes(resource.name) ? resource : undefined;
  };
  const signing = { store, vault, now, revocations: () => snapshot().revocations };
  let provider: Provider | undefined;
  let known = "";
  const maintain = async (): Promise<void> => {
    const keys = await maintainSigningKeys(signing, issuer, settings.tokenSeconds);
    const named = keys.keys.map(({ kid }) => kid).join(" ");
    if (provider !== undefined && named === known) return;
    known = named;
    provider = openProvider({
      ...{ issuer, keys, adapter, resourceFor, onProblem, sessionSeconds },
      ...{ cookieKey: seal.derive("cookies"), nonceSecret: seal.derive("dpop nonces") },
      tokenSeconds: settings.tokenSeconds,
      userOf: (id) => {
        const user = [...(snapshot().users?.values() ?? [])].find((each) => each.id === id);
        return user?.locked === undefined ? user : undefined;
      },
    });
  };
  await maintain();
  const opened = (): Provider => {
    if (provider === undefined) throw new CordonError("KEY_SEALED", "the authorization server has no key to sign with");
    return provider;
  };
  const narrow = async (): Promise<void> => endNarrowedSessions(deps, options.gatewayOrigin());
  const timer = setInterval(() => {
    void maintain().catch(onProblem);
    void narrow().catch(onProblem);
    void store.shortLived.sweep(now()).catch(onProblem);
  }, maintainEveryMs);
  timer.unref();
  let { clients } = snapshot();
  const stopHearing = options.onSnapshot((next) => {
    if (next.clients === clients) return;
    clients = next.clients;
    void narrow().catch(onProblem);
  });
  const clientOf = (id: string) => snapshot().clients?.get(id);
  return {
    issuer: () => issuer,
    deps,
    consent: openConsent({
      ...{ deps, challenges: options.challenges, provider: opened, sessionSeconds, clientOf, resourceFor },
    }),
    serve: (request, response) => bounded.serve(request, response, opened().callback()),
    everyScope: (resource, clientId) => resourceFor(resource, clientId)?.scopes.join(" "),
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      stopHearing();
    },
  };
}
