/**
 * What sessions hold, kept in one SQLite file, which several gateways of a machine may share: each look-up reads it, so a
 * second gateway knows what the first has seen, and a restart forgets nothing.
 *
 * A session that is not in the file was never seen. One that read nothing for long enough is over, and its labels with it.
 * But where the file itself is gone, as a mark beside it tells, whoever comes may have held anything, for as long as any
 * session lives.
 */
import { randomUUID } from "node:crypto";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { Labels } from "@cordon/core/contract/vocabulary";
import { emptyLabels, isWithin, joinLabels } from "@cordon/core/flow/flow";
import type { FlowFacts, FlowSession, FlowStep, SessionKey } from "@cordon/core/flow/flow";
import { heldFacts, loweredBy, raisedBy } from "@cordon/core/flow/session-facts";
import type { Instant } from "@cordon/core/instant";
import type { FlowSessions } from "@cordon/core/flow/sessions";

type Settled<T> = {
  readonly [Name in keyof T]: T[Name] extends (...given: infer Given) => infer Got
    ? (...given: Given) => Awaited<Got>
    : T[Name];
};

/** Nothing of it waits. */
export interface LocalFlowSessions extends Settled<FlowSessions>, Disposable {}

interface Row {
  readonly name: string;
  readonly labels: string;
  readonly sensitive: string | null;
  readonly untrusted: string | null;
  readonly since: number;
  readonly last: number;
}

/** Digests of content that are remembered; the oldest give way. */
const maxContents = 500_000;

/** How often what other processes wrote is looked for. */
const followEveryMs = 100;

/** Sessions that ended long ago are dropped once in so many changes. */
const sweepEvery = 256;

/** @param file path of the SQLite file, or `:memory:`, which is this gateway's alone */
export function openFlowSessions(file: string, now: Instant): LocalFlowSessions {
  if (file !== ":memory:") closeSync(openSync(file, "a", 0o600));
  const database = new DatabaseSync(file);
  database.exec(`
    pragma journal_mode = wal;
    pragma synchronous = normal;
    pragma busy_timeout = 2000;
    create table if not exists flow_session (
      principal text not null, user text not null, name text not null,
      labels text not null, sensitive text, untrusted text, since integer not null, last integer not null,
      primary key (principal, user, name)
    ) without rowid, strict;
    create table if not exists flow_content (
      digest text not null primary key, labels text not null, step text not null, at integer not null
    ) without rowid, strict;
    create index if not exists flow_content_at on flow_content (at);
    create table if not exists flow_store (id text not null, lost_at integer) strict;
  `);
  const lostAt = file === ":memory:" ? undefined : lossOf(database, `${file}.mark`, now);
  const where = "principal = ? and user = ? and name = ?";
  const select = database.prepare(`select * from flow_session where ${where}`);
  const selectNamed = database.prepare(
    "select * from flow_session where principal = ? and user = ? and name in ('', ?)",
  );
  const selectAll = database.prepare("select * from flow_session where principal = ? and user = ?");
  const version = database.prepare("pragma data_version");
  const put = database.prepare("insert or replace into flow_session values (?, ?, ?, ?, ?, ?, ?, ?)");
  const touch = database.prepare(`update flow_session set last = max(last, ?) where ${where}`);
  const keep = database.prepare("insert or replace into flow_content values (?, ?, ?, ?)");
  const find = database.prepare("select labels, step from flow_content where digest = ?");
  const count = database.prepare("select count(*) as contents from flow_content");
  const drop = database.prepare(
    "delete from flow_content where digest in (select digest from flow_content order by at limit ?)",
  );
  const all = database.prepare("select * from flow_session order by last desc limit ?");
  const sweep = database.prepare("delete from flow_session where last < ?");
  const partsOf = ({ principal, user, name }: SessionKey) => [principal, user, name] as const;
  const rowOf = (key: SessionKey) => select.get(...partsOf(key)) as Row | undefined;
  let { contents } = count.get() as { contents: number };
  let writes = 0;
  const followers = new Set<(key?: SessionKey) => void>();
  // Counts what other connections have written: those of other processes, for ours is one.
  const written = (): number => (version.get() as { data_version: number }).data_version;
  let seen = written();
  const following = setInterval(() => {
    const newest = written();
    if (newest === seen) return;
    seen = newest;
    for (const changed of followers) changed();
  }, followEveryMs);
  following.unref();

  function look(key: SessionKey, idleMs: number, at: Instant): FlowFacts {
    const { principal, user, name } = key;
    const rows = name === "" ? selectAll.all(principal, user) : selectNamed.all(principal, user, name);
    const sessions = (rows as unknown as Row[]).map((row) => sessionOf(row, key));
    return heldFacts(sessions, name, { idleMs, at, lostAt });
  }

  function write(key: SessionKey, facts: FlowFacts, since: Instant, at: Instant): void {
    const { sensitivity, categories, integrity, sensitive, untrusted } = facts;
    const labels = JSON.stringify({ sensitivity, categories, integrity });
    const text = (step: FlowStep | undefined) => (step === undefined ? null : JSON.stringify(step));
    put.run(...partsOf(key), labels, text(sensitive), text(untrusted), since, at);
  }

  /** One at a time over all gateways: between reading and writing nobody else writes. */
  function atomically<T>(work: () => T): T {
    database.exec("begin immediate");
    try {
      const result = work();
      database.exec("commit");
      return result;
    } catch (error) {
      database.exec("rollback");
      throw error;
    }
  }

  /** The session's own row, by which it is raised: what lies in others must not be copied into it. */
  function own(key: SessionKey, idleMs: number, at: Instant): FlowFacts {
    const row = rowOf(key);
    return heldFacts(row === undefined ? [] : [sessionOf(row, key)], key.name, { idleMs, at, lostAt });
  }

  return {
    look,
    held: look,
    raise(key, labels, step, idleMs, at) {
      const before = own(key, idleMs, at);
      if (before.standing === "known" && isWithin(labels, before)) {
        if (labels !== emptyLabels) touch.run(at, ...partsOf(key));
        return { facts: look(key, idleMs, at), changed: false };
      }
      if (labels === emptyLabels) return { facts: look(key, idleMs, at), changed: false };
      const raised = atomically(() => {
        const held = own(key, idleMs, at);
        const facts = raisedBy(held, labels, step);
        if ((writes += 1) % sweepEvery === 0) sweep.run(at - 2 * idleMs);
        const since = held.standing === "known" ? (rowOf(key)?.since ?? at) : at;
        write(key, facts, since, at);
        return { facts: look(key, idleMs, at), changed: true };
      });
      for (const changed of followers) changed(key);
      return raised;
    },
    follow(changed) {
      followers.add(changed);
      return () => void followers.delete(changed);
    },
    recorded(key, id, index) {
      const row = rowOf(key);
      if (row === undefined || !(row.sensitive?.includes(id) || row.untrusted?.includes(id))) return;
      atomically(() => {
        const held = rowOf(key);
        if (held === undefined) return;
        const facts = factsOf(held);
        const numbered = (step: FlowStep | undefined) => (step?.id === id ? { ...step, index } : step);
        const [sensitive, untrusted] = [numbered(facts.sensitive), numbered(facts.untrusted)];
        write(
          key,
          { ...facts, ...(sensitive && { sensitive }), ...(untrusted && { untrusted }) },
          held.since,
          held.last,
        );
      });
    },
    remember(digests, labels, step, at) {
      if (digests.length === 0) return;
      atomically(() => {
        for (const digest of digests) {
          const known = find.get(digest) as { labels: string } | undefined;
          const joined = known === undefined ? labels : joinLabels(JSON.parse(known.labels) as Labels, labels);
          keep.run(digest, JSON.stringify(joined), JSON.stringify(step), at);
          if (known === undefined) contents += 1;
        }
        if (contents <= maxContents) return;
        const surplus = contents - maxContents + maxContents / 50;
        drop.run(surplus);
        contents -= surplus;
      });
    },
    recall(digests) {
      let found: { labels: Labels; step: FlowStep } | undefined;
      for (const digest of digests) {
        const row = find.get(digest) as { labels: string; step: string } | undefined;
        if (row === undefined) continue;
        const labels = JSON.parse(row.labels) as Labels;
        const step = JSON.parse(row.step) as FlowStep;
        found = { labels: found === undefined ? labels : joinLabels(found.labels, labels), step: found?.step ?? step };
      }
      return found;
    },
    lower(key, to, at) {
      return atomically(() => {
        const row = rowOf(key);
        if (row === undefined) return undefined;
        const { before, after, facts } = loweredBy(factsOf(row), to);
        write(key, facts, row.since, at);
        return { before, after };
      });
    },
    find(key) {
      const row = rowOf(key);
      return row === undefined ? undefined : sessionOf(row, key);
    },
    list(limit) {
      return (all.all(limit) as unknown as (Row & SessionKey)[]).map((row) => sessionOf(row, row));
    },
    [Symbol.dispose]() {
      clearInterval(following);
      database.close();
    },
  };
}

function sessionOf(row: Row, { principal, user }: Pick<SessionKey, "principal" | "user">): FlowSession {
  const { standing: _, ...facts } = factsOf(row);
  return { principal, user, name: row.name, ...facts, since: row.since, last: row.last };
}

function factsOf({ labels, sensitive, untrusted }: Row): FlowFacts {
  return {
    ...(JSON.parse(labels) as Labels),
    standing: "known",
    ...(sensitive === null ? {} : { sensitive: JSON.parse(sensitive) as FlowStep }),
    ...(untrusted === null ? {} : { untrusted: JSON.parse(untrusted) as FlowStep }),
  };
}

/**
 * When the file before this one was lost, if it was. The mark beside a file says which file it is: one without its mark, or
 * with another's, was put there, and what it says of sessions is worth nothing.
 */
function lossOf(database: DatabaseSync, mark: string, now: Instant): Instant | undefined {
  database.exec("begin immediate"); // gateways that start together agree on one
  try {
    const known = database.prepare("select id, lost_at from flow_store").get() as
      | { id: string; lost_at: number | null }
      | undefined;
    const marked = read(mark);
    if (known !== undefined && known.id === marked) return known.lost_at ?? undefined;
    const lost = known !== undefined || marked !== undefined;
    const id = randomUUID();
    database.exec("delete from flow_store; delete from flow_session");
    database.prepare("insert into flow_store values (?, ?)").run(id, lost ? now : null);
    writeFileSync(mark, id, { mode: 0o600 });
    return lost ? now : undefined;
  } finally {
    database.exec("commit");
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
