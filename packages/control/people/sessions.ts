/**
 * Who is signed in where. In: a person whose passkey has just confirmed, and the key of their browser or command line. Out:
 * a session that stands until its end, is bound to that key, and is cut everywhere the moment it is ended. Nothing that
 * could be replayed is ever handed out: each request is signed, or each connection is made, with the key.
 */
import type { PublicKeyJwk, SignedIn } from "@cordon/core/contract/people-api";
import { CordonError } from "@cordon/core/errors";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import { consoleKeyKind, type ConsoleKeys } from "../console/console-keys.ts";
import { systemNamespace } from "../keys/key-vault.ts";
import { readValue } from "../registry/objects.ts";
import type { StateTransaction } from "../store/state-store.ts";
import type { Confirmed } from "./accounts.ts";
import { change, digestOfLines, keyFingerprint, type PeopleDeps } from "./deps.ts";
import { sessionKey, sessionKind, sessionValue, stillStands, type SessionValue } from "./objects.ts";

/** Sessions of one person at one time. */
export const maxSessions = 20;

export interface OpenedSession extends SignedIn {
  /** SHA-256 of the key's SubjectPublicKeyInfo. */
  readonly session: string;
}

export interface NewSession extends Confirmed {
  readonly kind: SessionValue["kind"];
  readonly publicKey: PublicKeyJwk;
  readonly label: string;
  readonly ends: number;
  readonly grant?: string;
  /** The enrolled device that proved itself at the sign-in. */
  readonly device?: string;
}

/**
 * Opens a session. A key that has one already is refused: a session is never carried over to another person. Whose account
 * was locked, or whose passkey was locked or removed since it confirmed, is not signed in.
 *
 * @throws {CordonError} `ACCESS_DENIED`, `STORE_CONFLICT`
 */
export async function openSession(
  deps: PeopleDeps,
  keys: Pick<ConsoleKeys, "add">,
  opening: NewSession,
): Promise<OpenedSession> {
  const { user, passkey, kind, publicKey, label, ends, grant, device } = opening;
  const session = keyFingerprint(publicKey);
  const at = deps.now();
  const key = sessionKey(session);
  const value: SessionValue = {
    user: user.id,
    kind,
    passkey,
    label,
    authenticatedAt: at,
    ends,
    ...(grant && { grant }),
    ...(device && { device }),
  };
  const where = kind === "cli" ? "the command line" : "the console";
  const words = `${user.name} signed in to ${where} (${label}) with a passkey, until ${new Date(ends).toISOString()}${grant === undefined ? "" : `, for grant ${grant}`}${device === undefined ? "" : `, from the device ${device}`}`;
  await change(deps, { actor: user.id, words, objects: [key] }, async (transaction) => {
    if ((await transaction.get(key)) !== undefined)
      throw new CordonError("STORE_CONFLICT", "This key is signed in already; make a new one for a new session.");
    // What was true when the passkey confirmed may not be by now: a login waits a minute for its command line.
    if (!(await stillStands(transaction, user, passkey)))
      throw new CordonError(
        "ACCESS_DENIED",
        `${user.name} is not signed in: the account or the passkey does not stand.`,
      );
    await makeRoom(transaction, user.id, at);
    await transaction.put(key, value, "api");
  });
  const consoleKey = await keys.add(publicKey, label, { user: user.id, session, expiresAt: ends });
  const { id, namespace, name, displayName, groups } = user;
  return {
    keyId: consoleKey.id,
    expiresAt: ends,
    session,
    person: { id, namespace, name, displayName, groups: [...groups] },
  };
}

/** Ends what is over, and of too many sessions those that would end first. */
export async function makeRoom(transaction: StateTransaction, user: SpiffeId, now: number): Promise<void> {
  const own: { readonly name: string; readonly ends: number }[] = [];
  for (const object of await transaction.list(sessionKind)) {
    const value = readValue(sessionValue, object);
    if (value.ends <= now) await transaction.delete(object, "api");
    else if (value.user === user) own.push({ name: object.name, ends: value.ends });
  }
  // The one that would end first makes room: forgotten tabs must not lock anybody out.
  const surplus = own.toSorted((a, b) => a.ends - b.ends).slice(0, Math.max(0, own.length + 1 - maxSessions));
  for (const { name } of surplus) await transaction.delete(sessionKey(name), "api");
}

/** Ends sessions: what they carry is cut with the next decision, which is taken at once. */
export async function endSessions(
  deps: PeopleDeps,
  which: (session: SessionValue & { readonly id: string }) => boolean,
  ending: { readonly actor: string; readonly words: string },
): Promise<number> {
  const ended = await change(
    deps,
    (names: readonly string[]) => ({
      ...ending,
      objects: names.map((name) => ({ ...sessionKey(name), op: "delete" as const })),
    }),
    async (transaction) => {
      const names: string[] = [];
      for (const object of await transaction.list(sessionKind)) {
        if (!which({ id: object.name, ...readValue(sessionValue, object) })) continue;
        await transaction.delete(object, "api");
        names.push(object.name);
      }
      await dropKeysOf(transaction, new Set(names));
      return names;
    },
    { stays: true },
  );
  return ended.length;
}

/** The signing keys of ended sessions go with them. */
async function dropKeysOf(transaction: StateTransaction, sessions: ReadonlySet<string>): Promise<void> {
  for (const object of await transaction.list(consoleKeyKind)) {
    const { session } = object.value as { readonly session?: unknown };
    if (typeof session === "string" && sessions.has(session))
      await transaction.delete({ kind: consoleKeyKind, namespace: systemNamespace, name: object.name }, "system");
  }
}

/** Where somebody is signed in now, the newest first. */
export async function sessionsOf(
  deps: Pick<PeopleDeps, "store" | "now">,
  user: SpiffeId,
): Promise<readonly (SessionValue & { readonly id: string })[]> {
  const all = (await deps.store.list(sessionKind)).map((object) => ({
    id: object.name,
    ...readValue(sessionValue, object),
  }));
  const own = all.filter((session) => session.user === user && deps.now() < session.ends);
  return own.toSorted((a, b) => b.authenticatedAt - a.authenticatedAt);
}

export function stepUpDigest(session: string): string {
  return digestOfLines("step-up", session);
}

/**
 * A fresh passkey for one session of one's own: what policy wants with `@stepup`. It never makes a session longer.
 *
 * @throws {CordonError} `COMPONENT_UNKNOWN` when it is not theirs, or over
 */
export async function refreshSession(deps: PeopleDeps, { user, passkey }: Confirmed, session: string): Promise<void> {
  const key = sessionKey(session);
  const at = deps.now();
  const words = `${user.name} showed with a passkey that it is still them`;
  await change(deps, { actor: user.id, words, objects: [key] }, async (transaction) => {
    const object = await transaction.get(key);
    const held = object === undefined ? undefined : readValue(sessionValue, object);
    if (held?.user !== user.id || at >= held.ends)
      throw new CordonError("COMPONENT_UNKNOWN", "That session is not yours, or over.");
    await transaction.put(key, { ...held, passkey, authenticatedAt: at }, "api");
  });
}

/** The session of a signing key, while it stands. */
export async function standingSession(
  deps: Pick<PeopleDeps, "store" | "now">,
  id: string,
): Promise<SessionValue | undefined> {
  const object = await deps.store.get(sessionKey(id));
  if (object === undefined) return undefined;
  const value = readValue(sessionValue, object);
  return deps.now() < value.ends ? value : undefined;
}
