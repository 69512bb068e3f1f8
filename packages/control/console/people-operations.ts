/**
 * People and grants over the console's address, path by path. In: a request's body, and who signed it where it is signed.
 * Out: the answer's value, or a `CordonError`. What administers Cordon is decided, and recorded, like any other access.
 */
import type { z } from "zod";
import { oauthClientOrder } from "@cordon/core/contract/oauth-api";
import * as api from "@cordon/core/contract/people-api";
import { sessionCut } from "@cordon/core/contract/risk-api";
import { incidentClosing, incidentRequest } from "@cordon/core/contract/incident-api";
import { personOpenRequest, personSealRequest } from "@cordon/core/contract/token-api";
import { CordonError } from "@cordon/core/errors";
import { breakGlassDigest, findGrant, requestGrant, revokeGrant, speak } from "../grants/grants.ts";
import { closeIncident, listIncidents, openIncident, type IncidentRooms } from "../incidents/incidents.ts";
import { grantDigest } from "../grants/grant-digest.ts";
import { disableClient, enableClient, listClients } from "../oauth/clients.ts";
import { confirmWithPasskey, passkeysOf, requireUser, shortNameOf } from "../people/accounts.ts";
import { approveAdministrator, inviteOrNominate, nominationDigest } from "../people/administrators.ts";
import { administer, administers } from "../people/administration.ts";
import type { Invited } from "../people/invitations.ts";
import { endDelegation } from "../people/delegations.ts";
import { lockUser, removePasskey, unlockUser } from "../people/manage.ts";
import type { People, SignedInPerson } from "../people/open-people.ts";
import { approveRecovery, recoveryApprovers, recoveryDigest, redeemSealedCode, sealCodes } from "../people/recovery.ts";
import { endSessions, refreshSession, stepUpDigest } from "../people/sessions.ts";
import {
  finishEnrolment,
  finishPasskey,
  finishSignIn,
  finishStepUp,
  startStepUp,
  startEnrolment,
  startPasskey,
  startSignIn,
} from "../people/sign-in.ts";
import type { User } from "@cordon/core/policy/people";
import type { Oauth } from "../oauth/open-oauth.ts";
import type { TokenDesk } from "../inspection/token-desk.ts";
import type { LiveEntries } from "./live-entries.ts";
import { readerOf } from "./reading.ts";
import { riskView } from "./risk-view.ts";
import type { ConsoleKey } from "./console-keys.ts";
import { readJson } from "./read-json.ts";

/** @param revoke withdraws a component's identity, as `cordon identity revoke` does */
export interface PeopleOperationRooms {
  readonly people: People;
  /** The newest entries, of which scores are read. */
  readonly live: Pick<LiveEntries, "from">;
  readonly url: () => string;
  readonly revoke: (component: string, reason: string, actor: string) => Promise<unknown>;
  /** Where people seal values and open tokens. */
  readonly tokens?: Pick<TokenDesk, "forPerson"> | undefined;
  /** The authorization server, where there is one. */
  readonly oauth: () => Oauth | undefined;
}

type OpenOperation = (body: Buffer) => Promise<unknown>;
type SignedOperation = (signed: SignedInPerson, body: Buffer, key: ConsoleKey, address: string) => Promise<unknown>;

/** What goes without a signature: a passkey, or a code, stands for it. By `METHOD /path`. */
export function openOperations({ people }: PeopleOperationRooms): Readonly<Record<string, OpenOperation>> {
  const { signIn, cli, deps } = people;
  return bare({
    "POST /v1/enrol/start": (body) => startEnrolment(signIn, readJson(api.enrolStartRequest, body)),
    "POST /v1/enrol/finish": async (body) =>
      publicOf(await finishEnrolment(signIn, readJson(api.enrolFinishRequest, body))),
    "POST /v1/sign-in/start": (body) => startSignIn(signIn, readJson(api.signInStartRequest, body).publicKey),
    "POST /v1/sign-in/finish": async (body) =>
      publicOf(await finishSignIn(signIn, readJson(api.signInFinishRequest, body))),
    "POST /v1/ways": async () => ({ ...(deps.settings.oidc && { oidc: new URL(deps.settings.oidc.issuer).host }) }),
    "POST /v1/oidc/start": async (body) => ({
      url: await oidcOf(people).start(readJson(api.signInStartRequest, body).publicKey),
    }),
    "POST /v1/oidc/finish": async (body) => {
      const { publicKey, search } = readJson(api.oidcFinishRequest, body);
      const arrival = await oidcOf(people).finish(publicKey, search);
      if ("enrol" in arrival) return arrival;
      return { stepUp: { name: arrival.user, ...(await startStepUp(signIn, publicKey, arrival.user)) } };
    },
    "POST /v1/oidc/passkey": async (body) =>
      publicOf(await finishStepUp(signIn, readJson(api.oidcPasskeyRequest, body))),
    "POST /v1/cli/redeem": (body) => cli.redeem(readJson(api.cliRedeemRequest, body)),
    "POST /v1/recovery/redeem": async (body) => {
      const { name, code } = readJson(api.recoveryRedeem, body);
      return { code: (await redeemSealedCode(deps, name, code, people.wrongRecoveries)).code };
    },
  });
}

/** What a person asks who is signed in. By `METHOD /path`. */
export function personOperations(rooms: PeopleOperationRooms): Readonly<Record<string, SignedOperation>> {
  const { people } = rooms;
  const { deps, grants, cli, signIn } = people;
  const { challenges } = grants;
  const incidents: IncidentRooms = deps;
  const confirmation = async ({ user }: SignedInPerson, body: Buffer): Promise<unknown> => {
    const { purpose, subject } = readJson(api.confirmRequest, body);
    const { id, bytes } = challenges.issue(purpose, await digestFor(user, purpose, subject));
    const passkeys = (await passkeysOf(deps.store, user)).filter(({ locked }) => locked === undefined);
    const allowCredentials = passkeys.map(({ credentialId, transports }) => ({
      type: "public-key",
      id: credentialId,
      transports,
    }));
    const challenge = Buffer.from(bytes).toString("base64url");
    const { rpId } = deps.relyingParty();
    return { id, options: { challenge, rpId, allowCredentials, userVerification: "required", timeout: 120_000 } };
  };
  /** The digest of what is to be confirmed, made from what is known here. */
  const digestFor = async (
    user: User,
    purpose: z.output<typeof api.confirmRequest>["purpose"],
    subject: string,
  ): Promise<string> => {
    if (purpose === "approve" || purpose === "deny" || purpose === "review")
      return grantDigest(await findGrant(grants, subject));
    if (purpose === "recover") return recoveryDigest(shortNameOf((await requireUser(deps, subject)).user));
    if (purpose === "add-administrator") return nominationDigest(deps, subject);
    if (purpose === "add-passkey") return user.id;
    if (purpose === "step-up") return stepUpDigest(subject);
    if (purpose === "oauth") return oauthOf(rooms).consent.digest(subject);
    if (purpose === "break-glass") return breakGlassDigest(readJson(api.grantRequest, Buffer.from(subject)));
    const { publicKey, grant } = readJson(
      api.cliAuthoriseRequest.pick({ publicKey: true, grant: true }),
      Buffer.from(subject),
    );
    return cli.digest(publicKey, grant);
  };
  const invitation = (name: string, { code, expiresAt }: Invited): api.InvitationResponse => ({
    name,
    code,
    expiresAt,
    url: rooms.url(),
  });
  const voice =
    (verdict: "approve" | "deny" | "review"): SignedOperation =>
    async ({ user }, body) => {
      const { id, words, assertion } = readJson(api.grantVoice.extend({ id: idText }), body);
      return { id: (await speak(grants, user, { id, verdict, words, assertion })).id };
    };
  return bare({
    "POST /v1/confirm": confirmation,
    "POST /v1/sign-out": async ({ user, person }) => {
      const words = `${user.name} signed out`;
      return { ended: await endSessions(deps, ({ id }) => id === person.session, { actor: user.id, words }) };
    },
    "POST /v1/step-up": async ({ user }, body) => {
      const { session, assertion } = readJson(api.stepUpRequest, body);
      const digest = stepUpDigest(session);
      const confirmed = await confirmWithPasskey(deps, challenges, { purpose: "step-up", digest, assertion, by: user });
      await refreshSession(deps, confirmed, session);
      return {};
    },
    "POST /v1/sessions/end": async ({ user }, body) => {
      const { session } = readJson(api.endSessionRequest, body);
      const words = `${user.name} ended a session of theirs`;
      const mine = (one: { readonly id: string; readonly user: string }) => one.id === session && one.user === user.id;
      return { ended: await endSessions(deps, mine, { actor: user.id, words }) };
    },
    "POST /v1/delegations/end": async ({ user }, body) => {
      await endDelegation(deps, user, readJson(api.endDelegationRequest, body).id);
      return { ended: true };
    },
    "POST /v1/cli/authorise": async ({ user }, body) => ({
      code: await cli.authorise(user, readJson(api.cliAuthoriseRequest, body)),
    }),
    "POST /v1/passkeys/start": async ({ user }, body) => {
      const { assertion } = readJson(api.addPasskeyStart, body);
      await confirmWithPasskey(deps, challenges, { purpose: "add-passkey", digest: user.id, assertion, by: user });
      return startPasskey(signIn, user);
    },
    "POST /v1/passkeys/finish": async ({ user }, body) => {
      const { label, credential } = readJson(api.addPasskeyFinish, body);
      await finishPasskey(signIn, user, label, credential);
      return {};
    },
    "POST /v1/passkeys/remove": async ({ user }, body) => {
      await removePasskey(deps, user, readJson(api.grantRevocation.pick({}).extend({ name: idText }), body).name);
      return {};
    },
    "POST /v1/recovery/codes": async ({ user }, body) => {
      const { assertion } = readJson(api.addPasskeyStart, body);
      await confirmWithPasskey(deps, challenges, { purpose: "add-passkey", digest: user.id, assertion, by: user });
      return { codes: await sealCodes(deps, user) };
    },
    "GET /v1/grants": async (signed) => ({ grants: await people.viewGrants(signed) }),
    "POST /v1/grants": async (signed, body) => {
      const made = await requestGrant(grants, signed.user, readJson(api.grantRequest, body));
      return (await people.viewGrants(signed)).find(({ id }) => id === made.id);
    },
    "POST /v1/grants/approve": voice("approve"),
    "POST /v1/grants/deny": voice("deny"),
    "POST /v1/grants/review": voice("review"),
    "POST /v1/grants/revoke": async ({ user, person }, body) => {
      const { id, words } = readJson(api.grantRevocation.extend({ id: idText }), body);
      return { id: (await revokeGrant(grants, user, person, id, words)).id };
    },
    "GET /v1/people": ({ person }) => administer(deps, person, "people", () => people.people()),
    "POST /v1/people/invite": ({ user, person }, body) => {
      const { name, displayName, groups } = readJson(api.invitationRequest, body);
      return administer(deps, person, "people/invite", async () => {
        const invited = await inviteOrNominate(deps, user, { name, displayName, groups });
        return invited === undefined ? { name, waits: true } : invitation(name, invited);
      });
    },
    // As for a recovery it is the passkey that counts, of an administrator who was one before.
    "POST /v1/people/administrators/approve": async ({ user }, body) => {
      const request = readJson(api.administratorApproval, body);
      return invitation(request.name, await approveAdministrator(grants, user, request));
    },
    "POST /v1/people/lock": ({ user, person }, body) => {
      const { name, reason } = readJson(api.lockRequest, body);
      return administer(deps, person, "people/lock", async () => ({
        locked: await lockUser(deps, name, reason, user.id),
      }));
    },
    "POST /v1/people/unlock": ({ user, person }, body) => {
      const { name, reason } = readJson(api.lockRequest, body);
      return administer(deps, person, "people/unlock", async () => ({
        unlocked: await unlockUser(deps, name, reason, user.id),
      }));
    },
    // Two administrators let somebody back in; it is their passkeys that count, and no grant can stand in for one of them.
    "POST /v1/people/recover": async ({ user }, body) => {
      const request = readJson(api.recoveryRequest, body);
      const { approvals, invited } = await approveRecovery(grants, user, request);
      const made = invited === undefined ? {} : { invitation: invitation(request.name, invited) };
      return { approvals, needed: recoveryApprovers, ...made };
    },
    "POST /v1/tokens/seal": (signed, body, _key, address) =>
      tokensOf(rooms, signed, address).seal(readJson(personSealRequest, body)),
    "POST /v1/tokens/open": (signed, body, _key, address) =>
      tokensOf(rooms, signed, address).open(readJson(personOpenRequest, body)),
    "POST /v1/sessions/cut": ({ user, person }, body) => {
      const { session, reason } = readJson(sessionCut, body);
      const words = `${user.name} cut a session: ${reason}`;
      return administer(deps, person, "sessions/cut", async () => ({
        ended: await endSessions(deps, ({ id }) => id === session, { actor: user.id, words }),
      }));
    },
    "GET /v1/incidents": ({ person }) =>
      administer(deps, person, "incidents", async () => ({ incidents: await listIncidents(incidents) })),
    "POST /v1/incidents": ({ user, person }, body) => {
      const request = readJson(incidentRequest, body);
      return administer(deps, person, "incidents/open", () => openIncident(incidents, request, user.id));
    },
    "POST /v1/incidents/close": ({ user, person }, body) => {
      const request = readJson(incidentClosing, body);
      return administer(deps, person, "incidents/close", () => closeIncident(incidents, request, user.id));
    },
    "GET /v1/oauth/clients": ({ person }) =>
      administer(deps, person, "oauth/clients", async () => ({
        issuer: rooms.oauth()?.issuer(),
        clients: await listClients(deps),
      })),
    "POST /v1/oauth/clients/disable": ({ user, person }, body) => {
      const { id, reason } = readJson(oauthClientOrder, body);
      return administer(deps, person, "oauth/clients/disable", async () => ({
        ended: await disableClient(deps, id, reason, user.id),
      }));
    },
    "POST /v1/oauth/clients/enable": ({ user, person }, body) => {
      const { id, reason } = readJson(oauthClientOrder, body);
      return administer(deps, person, "oauth/clients/enable", async () => {
        await enableClient(deps, id, reason, user.id);
        return { enabled: id };
      });
    },
    "POST /v1/revocations": ({ user, person }, body) => {
      const { name, reason } = readJson(api.lockRequest.extend({ name: idText }), body);
      return administer(deps, person, "revocations", () => rooms.revoke(name, reason, user.id));
    },
  });
}

/**
 * Risk of everybody, for whoever reads everything. It is asked for again and again while it is looked at: reading changes
 * nothing, and is no entry each time.
 *
 * @param person who is signed in with this key, where anybody is: a browser that was paired by a code is nobody
 */
export function riskOf({ people: { deps }, live }: PeopleOperationRooms, key: ConsoleKey, person?: SignedInPerson) {
  if (readerOf(key, deps.snapshot()).sees !== "all")
    throw new CordonError("ACCESS_DENIED", "Risk of everybody is for administrators and members of `auditors`.");
  return riskView(deps, live, person !== undefined && administers(deps, person.person));
}

function tokensOf({ tokens }: PeopleOperationRooms, { user, person }: SignedInPerson, address: string) {
  if (tokens === undefined) throw new CordonError("ROUTE_UNKNOWN", "No tokens are made or opened here.");
  return tokens.forPerson({ ...person, namespace: user.namespace }, address);
}

function oauthOf({ oauth }: PeopleOperationRooms): Oauth {
  const opened = oauth();
  if (opened !== undefined) return opened;
  throw new CordonError("ROUTE_UNKNOWN", "Programs cannot act for people here (`oauth` in cordon.yaml).");
}

function oidcOf({ oidc }: People): NonNullable<People["oidc"]> {
  if (oidc !== undefined) return oidc;
  throw new CordonError("ROUTE_UNKNOWN", "No identity provider is configured here (`people.oidc`).");
}

const idText = api.lockRequest.shape.reason;

function publicOf({ session: _session, ...signed }: api.SignedIn & { readonly session: string }): api.SignedIn {
  return signed;
}

function bare<T extends object>(operations: T): T {
  return Object.assign(Object.create(null) as object, operations);
}
