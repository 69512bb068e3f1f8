/**
 * What sessions hold, in the store that several Cordons share. In: the store's working records. Out: flow sessions that every
 * gateway sees alike: a label that one gateway brought in is there for all before the answer that it belongs to begins.
 *
 * Decisions read the store itself. What is open already is decided again by what is known here: what this gateway read or
 * wrote, and every tenth of a second what others did.
 */
import { createHash, randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import type { Labels } from "@cordon/core/contract/vocabulary";
import { emptyLabels, fullLabels, isWithin, joinLabels, rankOf } from "@cordon/core/flow/flow";
import type { FlowFacts, FlowSession, FlowStep, SessionKey } from "@cordon/core/flow/flow";
import { heldFacts, loweredBy, raisedBy } from "@cordon/core/flow/session-facts";
import type { FlowSessions } from "@cordon/core/flow/sessions";
import type { Instant } from "@cordon/core/instant";
import type { WorkingRecord, WorkingRecords } from "../store/working-records.ts";

export interface SharedFlowOptions {
  readonly records: WorkingRecords;
  /** A file of this gateway's own, which names the store that it knew: another store is no record of what was. */
  readonly markFile: string;
  readonly now: () => Instant;
  readonly onProblem: (error: unknown) => void;
  /** How often what others changed is read. Default 100. */
  readonly everyMs?: number;
}

const room = "flow";
const contents = "flow-content";
/** Sessions of one principal that are looked at; who has more holds the most there is. */
const maxSessions = 1_000;
const maxOwners = 10_000;
const namesPerRead = 500;
/** Content is remembered for one to two of these. */
const periodMs = 8 * 3_600_000;
const maxContents = 500_000;

export async function openSharedFlowSessions(options: SharedFlowOptions): Promise<FlowSessions & AsyncDisposable> {
  const { records, now, onProblem, everyMs = 100 } = options;
  const lostAt = await lossOf(options);
  const known = new Map<string, Map<string, FlowSession>>();
  const followers = new Set<(key?: SessionKey) => void>();
  let stamp = await newest(records);
  let writes = 0;

  const timer = setInterval(() => void follow(), everyMs);
  timer.unref();
  let following: Promise<void> | undefined;
  const follow = (): Promise<void> => (following ??= catchUp().finally(() => (following = undefined)));

  async function catchUp(): Promise<void> {
    if (known.size === 0) return;
    try {
      const changed = await records.changedSince(room, stamp, 1_000);
      stamp = changed.at(-1)?.stamp ?? stamp;
      let told = false;
      for (const { owner, value } of changed) {
        const held = known.get(owner);
        if (held === undefined || !isSession(value)) continue;
        held.set(value.name, value);
        told = true;
      }
      if (told) for (const changedOne of followers) changedOne();
    } catch (error) {
      onProblem(error); // what is asked anew reads the store itself, and is refused where it cannot
    }
  }

  /** Keeps what was read; the principals that were asked about longest ago give way. */
  function keep(owner: string, sessions: readonly FlowSession[]): Map<string, FlowSession> {
    const held = known.get(owner) ?? new Map<string, FlowSession>();
    known.delete(owner);
    known.set(owner, held);
    for (const session of sessions) held.set(session.name, session);
    const [oldest] = known.keys();
    if (known.size > maxOwners && oldest !== undefined) known.delete(oldest);
    return held;
  }

  async function look(key: SessionKey, idleMs: number, at: Instant): Promise<FlowFacts> {
    const owner = ownerOf(key);
    const names = key.name === "" ? undefined : ["=", `=${key.name}`];
    const found = await records.read(room, owner, names, maxSessions);
    if (found.length >= maxSessions) return { ...fullLabels, standing: "known" };
    const held = keep(owner, sessionsIn(found));
    return heldFacts([...held.values()], key.name, { idleMs, at, lostAt });
  }

  async function write(key: SessionKey, change: (before: FlowSession | undefined) => FlowSession | undefined) {
    const owner = ownerOf(key);
    const after = await records.transact(room, async (transaction) => {
      const before = await transaction.get({ owner, name: `=${key.name}` });
      const next = change(isSession(before) ? before : undefined);
      if (next !== undefined) await transaction.put([{ owner, name: `=${key.name}`, value: next }]);
      return next;
    });
    if (after !== undefined) keep(owner, [after]);
    return after;
  }

  async function sweep(owner: string, before: Instant): Promise<void> {
    await records.transact(room, async (transaction) => {
      const old = sessionsIn(await transaction.list(owner, maxSessions)).filter(({ last }) => last < before);
      const names = old.map(({ name }) => `=${name}`);
      await transaction.delete(owner, names);
      for (const { name } of old) known.get(owner)?.delete(name);
    });
  }

  return {
    look,
    held(key, idleMs, at) {
      const held = known.get(ownerOf(key));
      if (held === undefined) return { ...fullLabels, standing: "lost" };
      return heldFacts([...held.values()], key.name, { idleMs, at, lostAt });
    },
    async raise(key, labels, step, idleMs, at) {
      const before = await look(key, idleMs, at);
      if (labels === emptyLabels) return { facts: before, changed: false };
      const own = known.get(ownerOf(key))?.get(key.name);
      const keeping = { idleMs, at, lostAt };
      const ownFacts = heldFacts(own === undefined ? [] : [own], key.name, keeping);
      const within = ownFacts.standing === "known" && isWithin(labels, ownFacts);
      // It lives on by being read from; a write a minute says so well enough.
      if (within && at - (own?.last ?? 0) < Math.min(60_000, idleMs / 64)) return { facts: before, changed: false };
      await write(key, (session) => {
        const held = heldFacts(session === undefined ? [] : [session], key.name, keeping);
        const { standing: _, ...facts } = raisedBy(held, labels, step);
        const since = held.standing === "known" ? (session?.since ?? at) : at;
        return { ...key, ...facts, since, last: Math.max(at, session?.last ?? at) };
      });
      if ((writes += 1) % 256 === 0) await sweep(ownerOf(key), at - 2 * idleMs);
      if (!within) for (const changed of followers) changed(key);
      return { facts: await look(key, idleMs, at), changed: !within };
    },
    async recorded(key, id, index) {
      const numbered = (step: FlowStep | undefined) => (step?.id === id ? { ...step, index } : step);
      const own = known.get(ownerOf(key))?.get(key.name);
      if (own?.sensitive?.id !== id && own?.untrusted?.id !== id) return;
      await write(key, (session) => {
        if (session === undefined) return undefined;
        const [sensitive, untrusted] = [numbered(session.sensitive), numbered(session.untrusted)];
        return { ...session, ...(sensitive && { sensitive }), ...(untrusted && { untrusted }) };
      });
    },
    async remember(digests, labels, step, at) {
      if (digests.length === 0) return;
      const owner = periodOf(at);
      await records.transact(contents, async (transaction) => {
        // Nobody else writes while the room is held: what is committed is what there is.
        const before = new Map<string, Remembered>();
        for (const { name, value } of await readAll(records, owner, digests)) before.set(name, value as Remembered);
        const joined = digests.map((name): { owner: string; name: string; value: Remembered } => {
          const earlier = before.get(name);
          return { owner, name, value: { labels: earlier ? joinLabels(earlier.labels, labels) : labels, step } };
        });
        await transaction.put(joined);
        if ((writes += 1) % 64 !== 0) return;
        await transaction.clear(periodOf(at - 2 * periodMs));
        if ((await transaction.count(owner)) > maxContents)
          await transaction.delete(
            owner,
            (await transaction.list(owner, maxContents / 50)).map(({ name }) => name),
          );
      });
    },
    async recall(digests) {
      const at = now();
      let found: Remembered | undefined;
      for (const owner of [periodOf(at), periodOf(at - periodMs)])
        for (const { value } of await readAll(records, owner, digests)) found = graver(found, value as Remembered);
      return found;
    },
    async lower(key, to, at) {
      const lowered: { readonly before: Labels; readonly after: Labels }[] = [];
      await write(key, (session) => {
        lowered.length = 0; // the store may run it again
        if (session === undefined) return undefined;
        const { before, after, facts } = loweredBy({ ...session, standing: "known" }, to);
        lowered.push({ before, after });
        const { standing: _, ...kept } = facts;
        const { principal, user, name, since } = session;
        return { principal, user, name, ...kept, since, last: at };
      });
      return lowered[0];
    },
    async find(key) {
      const [found] = sessionsIn(await records.read(room, ownerOf(key), [`=${key.name}`], 1));
      return found;
    },
    async list(limit) {
      // The log of changes holds each session once, at its newest change.
      const all: FlowSession[] = [];
      for (let from = 0; ;) {
        const page = await records.changedSince(room, from, 1_000);
        all.push(...sessionsIn(page));
        from = page.at(-1)?.stamp ?? from;
        if (page.length < 1_000) break;
      }
      return all.toSorted((a, b) => b.last - a.last).slice(0, limit);
    },
    follow(changed) {
      followers.add(changed);
      return () => void followers.delete(changed);
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await following;
    },
  };
}

interface Remembered {
  readonly labels: Labels;
  readonly step: FlowStep;
}

/** Labels of both, and the step that brought the more sensitive. */
function graver(a: Remembered | undefined, b: Remembered): Remembered {
  if (a === undefined) return b;
  const step = rankOf(b.labels.sensitivity) > rankOf(a.labels.sensitivity) ? b.step : a.step;
  return { labels: joinLabels(a.labels, b.labels), step };
}

function ownerOf({ principal, user }: Pick<SessionKey, "principal" | "user">): string {
  return createHash("sha256").update(`${principal}\n${user}`).digest("hex");
}

function periodOf(at: Instant): string {
  return `p${Math.floor(at / periodMs)}`;
}

async function readAll(records: WorkingRecords, owner: string, names: readonly string[]) {
  const found: WorkingRecord[] = [];
  for (let from = 0; from < names.length; from += namesPerRead)
    found.push(...(await records.read(contents, owner, names.slice(from, from + namesPerRead), namesPerRead)));
  return found;
}

function isSession(value: unknown): value is FlowSession {
  return typeof value === "object" && value !== null && "principal" in value && "sensitivity" in value;
}

function sessionsIn(found: readonly WorkingRecord[]): readonly FlowSession[] {
  return found.map(({ value }) => value).filter(isSession);
}

async function newest(records: WorkingRecords): Promise<number> {
  let stamp = 0;
  for (;;) {
    const page = await records.changedSince(room, stamp, 1_000);
    stamp = page.at(-1)?.stamp ?? stamp;
    if (page.length < 1_000) return stamp;
  }
}

/** When what was kept before was lost, if it was: the store is not the one that this gateway knew, or was emptied. */
async function lossOf({ records, markFile, now }: SharedFlowOptions): Promise<Instant | undefined> {
  const known = await readFile(markFile, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  const key = { owner: "store", name: "mark" };
  const at = now();
  const mark = await records.transact(room, async (transaction) => {
    const held = (await transaction.get(key)) as { readonly id: string; readonly lostAt: Instant | null } | undefined;
    if (held !== undefined) return held;
    const made = { id: randomUUID(), lostAt: known === undefined ? null : at };
    await transaction.put([{ ...key, value: made }]);
    return made;
  });
  await writeFile(markFile, mark.id, { mode: 0o600 });
  if (known !== undefined && known !== mark.id) return at;
  return mark.lostAt ?? undefined;
}
