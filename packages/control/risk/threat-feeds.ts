/**
 * Threat intelligence, imported. In: the lists of the configuration: STIX 2.1 bundles and plain lists as files, TAXII 2.1
 * collections. Out: their indicators in the store, each list replaced whole when it changed; gateways follow. A list that cannot
 * be read leaves the last good one in force, loudly, until its indicators end by themselves.
 *
 * @see TAXII 2.1, sections 3.4 (pagination), 5.4 (objects)
 */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Configuration } from "@cordon/core/contract/configuration";
import { resolveSecret } from "@cordon/core/contract/secret-reference";
import { parseStrictJson, type JsonValue } from "@cordon/core/contract/strict-json";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import { CordonError } from "@cordon/core/errors";
import type { Instant } from "@cordon/core/instant";
import type { SecretReference } from "@cordon/core/policy/snapshot";
import { readPlainList, type ReadIndicators } from "@cordon/core/risk/plain-list";
import { bundleObjects, readStixObjects } from "@cordon/core/risk/stix";
import { indicatorsPerObject, type ThreatsValue } from "../registry/build-threats.ts";
import { absoluteSecret } from "../registry/configuration-objects.ts";
import { secretEffects } from "../registry/secret-effects.ts";
import type { StateStore } from "../store/state-store.ts";
import { fetchBounded } from "./fetch-bounded.ts";

type ThreatList = Configuration["risk"]["threats"][number];

export interface ThreatFeedOptions {
  readonly lists: readonly ThreatList[];
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly store: Pick<StateStore, "transact" | "list">;
  readonly now: () => Instant;
  /** Told how much was taken of a list, and what was not. */
  readonly onRead: (words: string) => void;
  readonly onProblem: (error: unknown) => void;
}

const maxFileBytes = 256 * 2 ** 20;
const maxPages = 200;
const jsonLimits = { depth: 32, names: 5_000_000 };
const kind = "threats";

/** Reads every list now, and again when its time has come. */
export async function openThreatFeeds(options: ThreatFeedOptions): Promise<AsyncDisposable> {
  const { lists, onProblem } = options;
  await dropOthers(options);
  const timers = new Set<NodeJS.Timeout>();
  let closing = false;
  const read = async (list: ThreatList): Promise<void> => {
    try {
      await importList(list, options);
    } catch (error) {
      onProblem(error);
    }
    if (closing) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      void read(list);
    }, list.everySeconds * 1000);
    timer.unref();
    timers.add(timer);
  };
  const first = Promise.all(lists.map(read));
  return {
    async [Symbol.asyncDispose]() {
      closing = true;
      for (const timer of timers) clearTimeout(timer);
      await first;
    },
  };
}

/** Reads one list and makes the store hold exactly what it says. */
export async function importList(list: ThreatList, options: ThreatFeedOptions): Promise<void> {
  const { store, now, onRead } = options;
  const origin = "file" in list ? list.file : `${list.taxii} ${list.collection}`;
  const { indicators, skipped } = await readList(list, options);
  const wanted = new Map<string, ThreatsValue>();
  for (let at = 0; at < indicators.length; at += indicatorsPerObject)
    wanted.set(`${list.name}.${at / indicatorsPerObject}`, {
      ...{ list: list.name, origin },
      indicators: indicators.slice(at, at + indicatorsPerObject).map(({ source: _source, ...one }) => one),
    });
  const { result: changed } = await store.transact(`threats:${list.name}`, now(), async (transaction) => {
    const held = (await transaction.list(kind)).filter(({ value }) => (value as ThreatsValue).list === list.name);
    let count = 0;
    for (const object of held) {
      if (wanted.has(object.name)) continue;
      await transaction.delete(object, object.source);
      count += 1;
    }
    for (const [name, value] of wanted) {
      const before = held.find((object) => object.name === name);
      if (before !== undefined && sameButForEnd(before.value as ThreatsValue, value)) continue;
      await transaction.put({ kind, namespace: "default" as Namespace, name }, value, "api");
      count += 1;
    }
    return count;
  });
  if (changed === 0) return;
  const left = [...skipped].map(([why, count]) => `${count} not taken: ${why}`);
  onRead([`the threat list ${list.name} holds ${indicators.length} indicators`, ...left].join("; "));
}

/** Ends that the list does not say move on with each reading; they are written down again only once half of their time is over. */
function sameButForEnd(before: ThreatsValue, after: ThreatsValue): boolean {
  const bare = ({ indicators, ...rest }: ThreatsValue) => ({
    ...rest,
    indicators: indicators.map(({ until: _until, ...one }) => one),
  });
  if (!isDeepStrictEqual(bare(before), bare(after))) return false;
  return after.indicators.every(({ until = 0 }, at) => until - (before.indicators[at]?.until ?? 0) < 86_400_000);
}

async function readList(list: ThreatList, options: ThreatFeedOptions): Promise<ReadIndicators> {
  const until = options.now() + list.expiryDays * 86_400_000;
  const defaults = { source: list.name, confidence: list.confidence, until };
  if (!("file" in list)) return readStixObjects(await fetchCollection(list, options), defaults);
  const path = resolve(options.folder, list.file);
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new CordonError("CONFIG_UNREADABLE", `the threat list ${list.name} cannot be read from ${path}`, { cause });
  }
  if (bytes.byteLength > maxFileBytes)
    throw new CordonError("CONFIG_UNREADABLE", `the threat list ${list.name} is longer than ${maxFileBytes} bytes`);
  if (list.format === "plain") return readPlainList(bytes.toString("utf8"), defaults);
  const objects = bundleObjects(parseStrictJson(bytes, jsonLimits));
  if (typeof objects === "string")
    throw new CordonError("CONFIG_UNREADABLE", `the threat list ${list.name}: ${objects}`);
  return readStixObjects(objects, defaults);
}

const taxiiType = "application/taxii+json;version=2.1";

/** All indicators of a collection, page by page. */
async function fetchCollection(
  list: Extract<ThreatList, { taxii: string }>,
  { folder, env }: ThreatFeedOptions,
): Promise<JsonValue[]> {
  const token =
    list.token === undefined
      ? undefined
      : await resolveSecret(absoluteSecret(list.token as SecretReference, folder), secretEffects(env));
  const objects: JsonValue[] = [];
  let next: string | undefined;
  for (let page = 0; page < maxPages; page++) {
    const query = new URLSearchParams({
      "match[type]": "indicator",
      limit: "1000",
      ...(next === undefined ? {} : { next }),
    });
    const { status, body, headers } = await fetchBounded({
      url: `${list.taxii.replace(/\/$/, "")}/collections/${encodeURIComponent(list.collection)}/objects/?${query.toString()}`,
      caFile: list.caFile === undefined ? undefined : resolve(folder, list.caFile),
      headers: { accept: taxiiType, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    });
    const type = headers["content-type"] ?? "";
    if (status !== 200 || !type.startsWith("application/taxii+json"))
      throw new CordonError(
        "UPSTREAM_UNREACHABLE",
        `the threat list ${list.name}: its server answered ${status} (${type.slice(0, 60)})`,
      );
    const envelope = parseStrictJson(body, jsonLimits);
    if (typeof envelope !== "object" || envelope === null || Array.isArray(envelope))
      throw new CordonError("UPSTREAM_UNREACHABLE", `the threat list ${list.name}: its server sent no envelope`);
    if (Array.isArray(envelope["objects"])) objects.push(...envelope["objects"]);
    const { more, next: following } = envelope;
    if (more !== true) return objects;
    // A server that says there is more, and not where, or the same place again, would be asked for ever.
    if (typeof following !== "string" || following === next)
      throw new CordonError(
        "UPSTREAM_UNREACHABLE",
        `the threat list ${list.name}: its server does not say where the next page is`,
      );
    next = following;
  }
  throw new CordonError("UPSTREAM_UNREACHABLE", `the threat list ${list.name} has more than ${maxPages} pages`);
}

/** Lists that the configuration no longer names are forgotten. */
async function dropOthers({ lists, store, now }: ThreatFeedOptions): Promise<void> {
  const names = new Set(lists.map(({ name }) => name));
  const isStray = ({ value }: { readonly value: unknown }): boolean => !names.has((value as ThreatsValue).list);
  if (!(await store.list(kind)).some(isStray)) return;
  await store.transact("threats", now(), async (transaction) => {
    for (const object of (await transaction.list(kind)).filter(isStray))
      await transaction.delete(object, object.source);
  });
}
