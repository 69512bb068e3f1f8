/**
 * What the console and the command line ask about people and grants, as both ends read it. JSON over the console's own
 * address. Signing in goes without a signature (a passkey, or a code that was bound to the command line's key, stands for
 * it); everything else is signed as in `console-api.ts`, by a key whose session is a person's.
 */
import { z } from "zod";
import { pairRequest } from "./console-api.ts";
import { actions } from "./vocabulary.ts";

const publicKey = pairRequest.shape.publicKey;
const label = pairRequest.shape.label;
const personName = z.string().regex(/^(?:[a-z0-9-]{1,63}\/)?[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/);
const line = (most: number) => z.string().regex(new RegExp(`^\\P{C}{1,${most}}$`, "u"));
const short = z.string().max(200);

/** Our words for the standard's `AuthenticationResponseJSON`; the server's library reads what is in it. */
const credentialResponse = z.looseObject({
  id: z.string().max(2048),
  rawId: z.string().max(2048),
  type: z.literal("public-key"),
  response: z.record(z.string(), z.unknown()),
  clientExtensionResults: z.record(z.string(), z.unknown()),
});

/** A passkey's word on one thing: `id` names the challenge. */
export const assertion = z.strictObject({ id: z.string().max(128), response: credentialResponse });

export const enrolStartRequest = z.strictObject({ name: personName, code: short, publicKey });
export const enrolFinishRequest = enrolStartRequest.extend({
  displayName: line(100).exactOptional(),
  label,
  credential: assertion,
});
export const signInStartRequest = z.strictObject({ publicKey });
export const signInFinishRequest = z.strictObject({ publicKey, label, assertion });

/** Which ways in there are, for the page. */
export const waysResponse = z.object({ oidc: z.string().optional() });
export const oidcStartResponse = z.object({ url: z.string() });
export const oidcFinishRequest = z.strictObject({ publicKey, search: z.string().max(8192) });
export const oidcFinishResponse = z.object({
  /** Whom the passkey must be of, with its challenge. */
  stepUp: z.object({ name: z.string(), id: z.string(), options: z.record(z.string(), z.unknown()) }).optional(),
  /** Or what to enrol with. */
  enrol: z.object({ name: z.string(), code: z.string() }).optional(),
});
export const oidcPasskeyRequest = z.strictObject({ publicKey, label, name: personName, assertion });

/** A challenge, and the options as the browser's WebAuthn takes them. */
export const passkeyOptions = z.object({ id: z.string(), options: z.record(z.string(), z.unknown()) });

export const person = z.object({
  id: z.string(),
  namespace: z.string(),
  name: z.string(),
  displayName: z.string(),
  groups: z.array(z.string()),
});
export const signedIn = z.object({ keyId: z.string(), expiresAt: z.number(), person });
export const meResponse = z.object({
  person: person.optional(),
  session: z
    .object({ kind: z.string(), ends: z.number(), authenticatedAt: z.number(), grant: z.string().optional() })
    .optional(),
  passkeys: z.array(
    z.object({
      name: z.string(),
      label: z.string(),
      createdAt: z.number(),
      synced: z.boolean(),
      locked: z.string().optional(),
    }),
  ),
  recoveryCodes: z.number(),
  /** Where the person is signed in; `own` is this browser. */
  sessions: z.array(
    z.object({
      ...{ id: z.string(), kind: z.string(), label: z.string(), authenticatedAt: z.number(), ends: z.number() },
      ...{ grant: z.string().optional(), own: z.boolean() },
    }),
  ),
  administers: z.boolean(),
});

/** What a passkey is to confirm. The server makes the digest from what it knows itself, never from the page's word. */
export const confirmRequest = z.strictObject({
  purpose: z.enum([
    "approve",
    "deny",
    "review",
    "cli",
    "add-passkey",
    "recover",
    "break-glass",
    "step-up",
    "add-administrator",
    "oauth",
  ]),
  subject: z.string().max(4096),
});

const sessionId = z.string().regex(/^[0-9a-f]{64}$/);
export const stepUpRequest = z.strictObject({ session: sessionId, assertion });
export const endSessionRequest = z.strictObject({ session: sessionId });

/** The id (`jti`) of a delegation that a session of theirs made. */
export const endDelegationRequest = z.strictObject({ id: z.string().regex(/^[\x21-\x7e]{1,64}$/) });
export const delegationEnded = z.strictObject({ ended: z.literal(true) });

export const addPasskeyStart = z.strictObject({ assertion });
export const addPasskeyFinish = z.strictObject({ label, credential: assertion });

export const cliAuthoriseRequest = z.strictObject({
  publicKey,
  label,
  grant: short.exactOptional(),
  assertion,
});
export const cliAuthoriseResponse = z.object({ code: z.string() });
export const cliRedeemRequest = z.strictObject({
  code: z.string().max(128),
  publicKey,
  signature: z.string().max(128),
  /** The device that it comes from: its proof over this key's SHA-256, for the console's origin (risk/device-proof.ts). */
  device: z.string().max(2048).exactOptional(),
});
export const cliRedeemResponse = signedIn.extend({
  chain: z.string(),
  notAfter: z.number(),
  bundle: z.record(z.string(), z.unknown()),
  gateway: z.object({ url: z.string(), id: z.string() }),
  grant: z.string().optional(),
});

/** What the command line's key signs to show that the code came to it. */
export function cliProofText(code: string): string {
  return `cordon-cli-v1\n${code}`;
}

export const grantRequest = z.strictObject({
  actions: z.array(z.enum(actions)).min(1).max(16),
  /** `namespace/name` of components, or SPIFFE ids. */
  resources: z.array(z.string().max(2048)).min(1).max(64),
  reason: line(1000),
  minutes: z.int().min(1).max(10_080),
  /** For whom: a component's `namespace/name`. Default: oneself. */
  principal: z.string().max(2048).exactOptional(),
  breakGlass: z.boolean().exactOptional(),
  /** Of a single call: the digest that the refusal named, and the arguments themselves, for whoever approves to read. */
  call: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/)
    .exactOptional(),
  callArguments: z.string().max(32_768).exactOptional(),
  assertion: assertion.exactOptional(),
});
export const grantVoice = z.strictObject({ words: line(1000), assertion });
export const grantRevocation = z.strictObject({ words: line(1000) });

const voice = z.object({ by: z.string(), at: z.number(), words: z.string() });
export const grantView = z.object({
  id: z.string(),
  namespace: z.string(),
  requester: z.string(),
  principal: z.string(),
  actions: z.array(z.string()),
  resources: z.array(z.string()),
  reason: z.string(),
  seconds: z.number(),
  requestedAt: z.number(),
  rule: z.string(),
  approversNeeded: z.number(),
  approverGroups: z.array(z.string()),
  state: z.string(),
  approvals: z.array(voice),
  denial: voice.optional(),
  review: voice.optional(),
  revocation: voice.optional(),
  starts: z.number().optional(),
  ends: z.number().optional(),
  narrowed: z.string().optional(),
  breakGlass: z.boolean().optional(),
  call: z.string().optional(),
  callWords: z.string().optional(),
  /** SHA-256 of what an approver's passkey signs. */
  digest: z.string(),
  /** What the person who asked for this list may do with it. */
  may: z.array(z.enum(["approve", "deny", "revoke", "review"])),
});
export const grantsResponse = z.object({ grants: z.array(grantView) });

export const invitationRequest = z.strictObject({
  name: personName,
  displayName: line(100),
  groups: z.array(z.string().max(63)).max(64).default([]),
});
export const invitationResponse = z.object({
  name: z.string(),
  code: z.string(),
  expiresAt: z.number(),
  url: z.string(),
});
/** What an invitation came to: a code, or that another administrator has to say so too. */
export const invitedResponse = z.union([invitationResponse, z.object({ name: z.string(), waits: z.literal(true) })]);
/** `POST /v1/people/administrators/approve` */
export const administratorApproval = z.strictObject({ name: personName, assertion });
export const lockRequest = z.strictObject({ name: personName, reason: line(1000) });
export const recoveryRequest = z.strictObject({ name: personName, reason: line(1000), assertion });
export const recoveryResponse = z.object({
  approvals: z.number(),
  needed: z.number(),
  invitation: invitationResponse.optional(),
});
export const recoveryCodesResponse = z.object({ codes: z.array(z.string()) });
export const recoveryRedeem = z.strictObject({ name: personName, code: short });
export const recoveryRedeemed = z.object({ code: z.string() });
export const peopleResponse = z.object({
  /** Who would be an administrator, and waits for another one's word. */
  nominations: z
    .array(z.object({ user: z.string(), groups: z.array(z.string()), by: z.string(), at: z.number() }))
    .default([]),
  people: z.array(
    person.extend({
      locked: z.string().optional(),
      passkeys: z.number(),
      synced: z.number(),
      sessions: z.number(),
      recovering: z.array(z.string()),
    }),
  ),
});

export type Assertion = z.infer<typeof assertion>;
export type PublicKeyJwk = z.infer<typeof publicKey>;
export type GrantRequest = z.infer<typeof grantRequest>;
export type GrantView = z.infer<typeof grantView>;
export type GrantsResponse = z.infer<typeof grantsResponse>;
export type MeResponse = z.infer<typeof meResponse>;
export type SignedIn = z.infer<typeof signedIn>;
export type PersonView = z.infer<typeof person>;
export type PeopleResponse = z.infer<typeof peopleResponse>;
export type InvitationRequest = z.input<typeof invitationRequest>;
export type InvitationResponse = z.infer<typeof invitationResponse>;
export type CliRedeemResponse = z.infer<typeof cliRedeemResponse>;
