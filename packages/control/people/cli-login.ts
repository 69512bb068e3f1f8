/**
 * `cordon login`: a credential for the command line. In: somebody in a signed-in browser, who confirms with a passkey the
 * key of a command line that waits on this same machine. Out: a certificate for that key, minutes to hours long.
 *
 * The page hands a one-time code to the command line over the loopback address, and the code is good only with a signature
 * by the key that was confirmed. So somebody who starts a login elsewhere and talks a victim into confirming it gets
 * nothing: the code goes to the victim's own machine, where nobody waits for it. There is no code to type and none to
 * poll for, which is what device-code phishing lives on.
 *
 * Why a certificate and not a DPoP token (RFC 9449): the gateway speaks mutual TLS with everybody, so the proof is made once
 * a connection by the TLS stack, no token travels, and nothing that a proxy or log could keep is worth anything.
 */
import { createHash, randomBytes, verify } from "node:crypto";
import {
  cliProofText,
  type Assertion,
  type CliRedeemResponse,
  type PublicKeyJwk,
} from "@cordon/core/contract/people-api";
import { CordonError } from "@cordon/core/errors";
import { bundleDocument } from "@cordon/core/identity/bundle";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import { toPem } from "@cordon/core/identity/tls";
import type { User } from "@cordon/core/policy/people";
import { readDeviceProof } from "@cordon/core/risk/device-proof";
import type { Authority } from "../authority/authority.ts";
import type { ConsoleKeys } from "../console/console-keys.ts";
import { confirmWithPasskey, type Confirmed } from "./accounts.ts";
import type { Challenges } from "./challenges.ts";
import { change, digestOfLines, importKey, keyFingerprint, type PeopleDeps } from "./deps.ts";
import { sessionKey } from "./objects.ts";
import { openSession } from "./sessions.ts";

/** How long the command line has to come for its credential. */
export const codeTtlMs = 60_000;
const maxWaiting = 1_000;

export interface CliLogin {
  /** What the passkey is to confirm, for a key and the grant that the credential is for. */
  readonly digest: (publicKey: PublicKeyJwk, grant: string | undefined) => string;
  authorise(user: User, request: CliAuthorisation): Promise<string>;
  redeem(request: {
    readonly code: string;
    readonly publicKey: PublicKeyJwk;
    readonly signature: string;
    readonly device?: string;
  }): Promise<CliRedeemResponse>;
}

export interface CliAuthorisation {
  readonly publicKey: PublicKeyJwk;
  readonly label: string;
  readonly grant?: string;
  readonly assertion: Assertion;
}

interface Waiting extends Confirmed {
  readonly fingerprint: string;
  readonly label: string;
  readonly grant: string | undefined;
  readonly until: number;
}

export interface CliLoginRooms {
  readonly deps: PeopleDeps;
  readonly challenges: Challenges;
  readonly keys: Pick<ConsoleKeys, "add">;
  readonly authority: Pick<Authority, "issueX509Svid" | "bundle">;
  readonly gateway: () => { readonly url: string; readonly id: string };
}

export function openCliLogin({ deps, challenges, keys, authority, gateway }: CliLoginRooms): CliLogin {
  const waiting = new Map<string, Waiting>();
  const digest = (publicKey: PublicKeyJwk, grant: string | undefined): string =>
    digestOfLines(keyFingerprint(publicKey), grant ?? "");
  return {
    digest,
    async authorise(user, { publicKey, label, grant, assertion }) {
      if (grant !== undefined) grantEnd(deps, user, grant);
      const confirmed = await confirmWithPasskey(deps, challenges, {
        ...{ purpose: "cli", digest: digest(publicKey, grant), assertion, by: user },
      });
      for (const [old, { until }] of waiting) if (until <= deps.now()) waiting.delete(old);
      if (waiting.size >= maxWaiting)
        throw new CordonError("STORE_CONFLICT", "Too many logins are waiting; try again.");
      const code = randomBytes(32).toString("base64url");
      const until = deps.now() + codeTtlMs;
      waiting.set(digestOf(code), { ...confirmed, fingerprint: keyFingerprint(publicKey), label, grant, until });
      return code;
    },
    async redeem({ code, publicKey, signature, device: proof }) {
      const held = waiting.get(digestOf(code));
      waiting.delete(digestOf(code)); // one try, whoever makes it
      const key = importKey(publicKey);
      const proven = verify(
        "sha256",
        Buffer.from(cliProofText(code)),
        { key, dsaEncoding: "ieee-p1363" },
        Buffer.from(signature, "base64url"),
      );
      if (held === undefined || deps.now() >= held.until || !proven || held.fingerprint !== keyFingerprint(publicKey))
        throw new CordonError(
          "ACCESS_DENIED",
          "That code is good for nothing here: used, too old, or another key's. Run `cordon login` again.",
        );
      const { user, passkey, label, grant } = held;
      const device = proof === undefined ? undefined : provenDevice(deps, proof, held.fingerprint);
      const ends = Math.min(
        deps.now() + deps.settings.credentialMinutes * 60_000,
        grant === undefined ? Infinity : grantEnd(deps, user, grant),
      );
      const ttlSeconds = Math.max(1, Math.floor((ends - deps.now()) / 1000));
      const opened = await openSession(deps, keys, {
        ...{ user, passkey, kind: "cli", publicKey, label, ends },
        ...(grant === undefined ? {} : { grant }),
        ...(device === undefined ? {} : { device }),
      });
      const svid = await authority.issueX509Svid({ id: user.id, key: { publicKey: key }, ttlSeconds });
      await change(
        deps,
        {
          actor: user.id,
          words: `a certificate was issued to ${user.name}'s command line`,
          objects: [sessionKey(opened.session)],
        },
        async () => undefined,
      );
      return {
        ...{ keyId: opened.keyId, expiresAt: ends, person: opened.person, notAfter: svid.notAfter },
        chain: svid.chain.map(toPem).join(""),
        bundle: { ...bundleDocument(authority.bundle()) },
        gateway: gateway(),
        ...(grant === undefined ? {} : { grant }),
      };
    },
  };
}

/** @throws {CordonError} `ACCESS_DENIED` for a proof that proves nothing: a login that names a device is from that device */
function provenDevice(deps: PeopleDeps, proof: string, certificate: string): string {
  const gateway = deps.relyingParty().origin as SpiffeId; // whom it is for; here that is the console
  const proven = readDeviceProof(proof, {
    ...{ devices: deps.snapshot().devices ?? new Map(), certificate, gateway, now: deps.now() },
  });
  if (typeof proven !== "string") return proven.device;
  throw new CordonError("ACCESS_DENIED", `The device of this login is not proven: ${proven}.`);
}

/** @throws {CordonError} `ACCESS_DENIED` when the grant is not this person's, or does not hold now */
function grantEnd(deps: PeopleDeps, user: User, id: string): number {
  const grant = deps
    .snapshot()
    .grants?.get(user.id)
    ?.find((each) => each.id === id);
  const now = deps.now();
  if (grant === undefined || now < grant.starts || now >= grant.ends)
    throw new CordonError(
      "ACCESS_DENIED",
      `Grant ${id} is not yours, or does not hold now: \`cordon grant list\` shows what does.`,
    );
  return grant.ends;
}

function digestOf(code: string): string {
  return createHash("sha256").update(code).digest("hex");
}
