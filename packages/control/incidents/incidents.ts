/**
 * Cases that somebody works on. In: what happened, whom or what it names, how grave it is, who says so. Out: an incident in the
 * store; while it is open it weighs on every decision that concerns who or what it names. Opening and closing are in the ledger
 * before the answer leaves, and hold at once.
 */
import { randomBytes } from "node:crypto";
import type { IncidentRequest, IncidentView } from "@cordon/core/contract/incident-api";
import type { IncidentRuleName } from "@cordon/core/contract/incident-schema";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import { CordonError } from "@cordon/core/errors";
import { parseSpiffeId, userId, type SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { Instant } from "@cordon/core/instant";
import type { ChangeEntry } from "@cordon/core/ledger/entry";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import { findComponent } from "../api/find-component.ts";
import { change } from "../people/deps.ts";
import { readValue } from "../registry/objects.ts";
import type { ObjectKey, StateStore, StateTransaction, StoredObject } from "../store/state-store.ts";
import { incidentKind, incidentValue, type IncidentValue } from "./objects.ts";

/** Open incidents at one time. More of them name nothing that anybody could still work on. */
export const maxOpen = 1_000;
/** A closed one stays in the list for so long; the ledger keeps it for good. */
export const keepClosedMs = 90 * 24 * 3_600_000;

export interface IncidentRooms {
  readonly store: Pick<StateStore, "transact" | "get" | "list">;
  readonly snapshot: () => Snapshot;
  /** Writes to the ledger; what cannot be recorded does not happen. */
  readonly record: (entry: ChangeEntry) => Promise<unknown>;
  readonly now: () => Instant;
}

/** What a rule found by itself. */
export interface Discovered extends Omit<IncidentRequest, "subjects"> {
  readonly subjects: readonly SpiffeId[];
  readonly rule: IncidentRuleName;
  readonly evidence: readonly string[];
}

/** All that are kept: open ones first, the newest first of each. */
export async function listIncidents({ store }: Pick<IncidentRooms, "store">): Promise<readonly IncidentView[]> {
  const views = (await store.list(incidentKind)).map(viewOf);
  const closed = (view: IncidentView): number => (view.status === "closed" ? 1 : 0);
  return views.toSorted((a, b) => closed(a) - closed(b) || b.openedAt - a.openedAt || (a.id < b.id ? -1 : 1));
}

/** @throws {CordonError} `COMPONENT_UNKNOWN` where a subject is nobody that is known, `STORE_CONFLICT` where too many are open */
export async function openIncident(rooms: IncidentRooms, asked: IncidentRequest, actor: string): Promise<IncidentView> {
  const snapshot = rooms.snapshot();
  const subjects = [...new Set(asked.subjects.map((subject) => subjectOf(snapshot, subject)))];
  const { severity, reason } = asked;
  const opened = await open(rooms, { severity, reason, subjects, evidence: [] }, actor);
  if (opened === undefined) throw new CordonError("STORE_CONFLICT", `${maxOpen} incidents are open; close some first`);
  return opened;
}

/** By a rule: nothing is opened where one of the same rule is open for the same subjects, or too many are open. */
export function discoverIncident(rooms: IncidentRooms, found: Discovered): Promise<IncidentView | undefined> {
  return open(rooms, found, `system:incidents/${found.rule}`);
}

async function open(
  rooms: IncidentRooms,
  found: Omit<Discovered, "rule"> & Partial<Pick<Discovered, "rule">>,
  actor: string,
): Promise<IncidentView | undefined> {
  const { severity, reason, subjects, rule, evidence } = found;
  const id = `inc-${randomBytes(6).toString("hex")}`;
  const at = rooms.now();
  const key: ObjectKey = { kind: incidentKind, namespace: namespaceOf(rooms.snapshot(), subjects[0]), name: id };
  const value: IncidentValue = {
    ...{ severity, subjects: [...subjects], reason, evidence: evidence.slice(0, 16), openedAt: at, openedBy: actor },
    ...(rule === undefined ? {} : { rule }),
  };
  const named = subjects.map(shortOf).join(", ");
  // What is known already is no change: nothing is recorded, and no revision is taken.
  if (rule !== undefined && !isNews((await rooms.store.list(incidentKind)).map(readIncident), value)) return undefined;
  return change(
    rooms,
    (made: IncidentView | undefined) => ({
      actor,
      words:
        made === undefined
          ? `nothing was opened of ${named}: it is open already`
          : `${severity} incident ${id} is open, of ${named}: ${reason}`,
      objects: made === undefined ? [] : [key],
    }),
    async (transaction) => {
      const all = await readAll(transaction);
      if (!isNews(all, value)) return undefined;
      await dropOld(transaction, all, at);
      await transaction.put(key, value, "api");
      return viewOf({ ...key, value } as StoredObject);
    },
  );
}

/** Of two processes that find the same thing at once, one opens it. */
function isNews(all: readonly KeyedIncident[], { rule, subjects }: IncidentValue): boolean {
  const opened = all.filter(({ closed }) => closed === undefined);
  if (opened.length >= maxOpen) return false;
  return rule === undefined || !opened.some((one) => one.rule === rule && one.subjects.join() === subjects.join());
}

/** @throws {CordonError} `COMPONENT_UNKNOWN`, or `STORE_CONFLICT` where it is closed already */
export async function closeIncident(
  rooms: IncidentRooms,
  { id, reason }: { readonly id: string; readonly reason: string },
  actor: string,
): Promise<IncidentView> {
  const found = (await rooms.store.list(incidentKind)).find(({ name }) => name === id);
  if (found === undefined)
    throw new CordonError("COMPONENT_UNKNOWN", `there is no incident ${id}; \`cordon incident list\` shows them`);
  const { kind, namespace, name } = found;
  const key: ObjectKey = { kind, namespace, name };
  const at = rooms.now();
  return change(rooms, { actor, words: `incident ${id} is closed: ${reason}`, objects: [key] }, async (transaction) => {
    const object = await transaction.get(key);
    if (object === undefined) throw new CordonError("COMPONENT_UNKNOWN", `there is no incident ${id}`);
    const held = readValue(incidentValue, object);
    if (held.closed !== undefined) throw new CordonError("STORE_CONFLICT", `incident ${id} is closed already`);
    const value: IncidentValue = { ...held, closed: { at, by: actor, reason } };
    await transaction.put(key, value, "api");
    return viewOf({ ...object, value });
  });
}

interface KeyedIncident extends IncidentValue {
  readonly key: ObjectKey;
}

function readIncident(object: StoredObject): KeyedIncident {
  const { kind, namespace, name } = object;
  return { key: { kind, namespace, name }, ...readValue(incidentValue, object) };
}

async function readAll(transaction: StateTransaction): Promise<readonly KeyedIncident[]> {
  return (await transaction.list(incidentKind)).map(readIncident);
}

async function dropOld(transaction: StateTransaction, all: readonly KeyedIncident[], at: Instant): Promise<void> {
  for (const { key, closed } of all)
    if (closed !== undefined && closed.at + keepClosedMs <= at) await transaction.delete(key, "api");
}

function viewOf(object: StoredObject): IncidentView {
  const { namespace, name: id } = object;
  const { closed, ...value } = readValue(incidentValue, object);
  return { id, namespace, ...value, status: closed === undefined ? "open" : "closed", ...(closed && { closed }) };
}

/** @throws {CordonError} `COMPONENT_UNKNOWN`: a case on nobody would weigh on nothing, and look as if it did */
function subjectOf(snapshot: Snapshot, reference: string): SpiffeId {
  const [namespace = "", kind, name = "", ...rest] = reference.split("/");
  if (kind === "user" && rest.length === 0) {
    const id = userId(snapshot.trustDomain, namespace as Namespace, name);
    if (snapshot.users?.has(id) === true) return id;
    throw new CordonError("COMPONENT_UNKNOWN", `nobody is enrolled as \`${reference}\`; see \`cordon people list\``);
  }
  if (!reference.startsWith("spiffe://")) return findComponent(snapshot, reference).id;
  const id = parseSpiffeId(reference);
  if (snapshot.components.has(id) || snapshot.users?.has(id) === true) return id;
  throw new CordonError("COMPONENT_UNKNOWN", `${reference} is neither a registered component nor an enrolled person`);
}

function namespaceOf(snapshot: Snapshot, id: SpiffeId | undefined): Namespace {
  const known = id === undefined ? undefined : (snapshot.components.get(id) ?? snapshot.users?.get(id));
  return known?.namespace ?? ("default" as Namespace);
}

function shortOf(id: string): string {
  return /^spiffe:\/\/[^/]+\/ns\/(.+)$/.exec(id)?.[1] ?? id;
}
