/**
 * STIX 2.1 indicators. In: a parsed bundle, or the objects of a TAXII envelope. Out: indicators with their confidence, their
 * validity and their id, and how many objects say something that is not taken, with why. Nothing of it is evaluated.
 *
 * Of a pattern those parts are taken that each alone make it true: comparisons joined by OR. One that takes several things at
 * once (AND, FOLLOWEDBY, NOT) is no indicator of any one of them, and is counted as skipped.
 * @see STIX 2.1, sections 4.7 (indicator), 9 (patterns)
 */
import type { JsonValue } from "../contract/strict-json.ts";
import { isExactInstant, type Instant } from "../instant.ts";
import { canonicalValue } from "./indicator.ts";
import { maxIndicators, type ListDefaults, type ReadIndicators } from "./plain-list.ts";
import type { IndicatorKind } from "./signals.ts";
import { readStixPattern } from "./stix-pattern.ts";
import type { Indicator } from "./threats.ts";

type JsonObject = { readonly [name: string]: JsonValue };

/** What `objects` of a bundle or an envelope hold. Revoked indicators, and all versions but the newest, are dropped. */
export function readStixObjects(objects: readonly JsonValue[], defaults: ListDefaults): ReadIndicators {
  const skipped = new Map<string, number>();
  const skip = (why: string): void => void skipped.set(why, (skipped.get(why) ?? 0) + 1);
  const indicators: Indicator[] = [];
  for (const object of newestVersions(objects, skip)) {
    if (object["revoked"] === true) continue;
    const read = readIndicator(object, defaults);
    if (typeof read === "string") skip(read);
    else if (indicators.length + read.length > maxIndicators) skip(`past the limit of ${maxIndicators} indicators`);
    else indicators.push(...read);
  }
  return { indicators, skipped };
}

/** The objects of a bundle. @returns words where it is none */
export function bundleObjects(value: JsonValue): readonly JsonValue[] | string {
  if (!isObject(value) || value["type"] !== "bundle") return "it is not a STIX bundle: `type` is not `bundle`";
  const { objects = [] } = value;
  return Array.isArray(objects) ? objects : "it is not a STIX bundle: `objects` is not a list";
}

function* newestVersions(objects: readonly JsonValue[], skip: (why: string) => void): Iterable<JsonObject> {
  const newest = new Map<string, JsonObject>();
  for (const object of objects) {
    if (!isObject(object) || typeof object["type"] !== "string") {
      skip("no STIX object");
      continue;
    }
    if (object["type"] !== "indicator") continue;
    const { id, modified } = object;
    if (typeof id !== "string" || !/^indicator--[0-9a-f-]{36}$/.test(id)) {
      skip("an indicator without a STIX id");
      continue;
    }
    const known = newest.get(id);
    if (known === undefined || text(known["modified"]) <= text(modified)) newest.set(id, object);
  }
  yield* newest.values();
}

function readIndicator(object: JsonObject, defaults: ListDefaults): readonly Indicator[] | string {
  const { id, pattern, pattern_type: type = "stix", confidence, valid_from: from, valid_until: until } = object;
  if (type !== "stix") return `a pattern of type ${text(type).slice(0, 32)}`;
  if (typeof pattern !== "string") return "an indicator without a pattern";
  const read = readStixPattern(pattern);
  if (typeof read === "string") return read;
  const start = from === undefined ? undefined : instant(from);
  const end = until === undefined ? defaults.until : instant(until);
  if (Number.isNaN(start) || Number.isNaN(end)) return "a validity that is no time";
  const sure =
    typeof confidence === "number" && confidence >= 0 && confidence <= 100
      ? Math.round(confidence)
      : defaults.confidence;
  const found: Indicator[] = [];
  for (const { path, value } of read) {
    const kind = kinds.get(path);
    const canonical =
      kind === undefined ? undefined : canonicalValue(kind, path === "url:value" ? hostOf(value) : value);
    if (kind === undefined || canonical === undefined) continue;
    found.push({
      kind,
      value: canonical,
      confidence: sure,
      source: defaults.source,
      id: text(id),
      ...(start === undefined ? {} : { from: start }),
      until: end,
    });
  }
  return found.length > 0 ? found : "a pattern about nothing that passes here";
}

/** What passes here: the caller's address, the upstream's name, a model's digest. */
const kinds: ReadonlyMap<string, IndicatorKind> = new Map([
  ["ipv4-addr:value", "address"],
  ["ipv6-addr:value", "address"],
  ["network-traffic:src_ref.value", "address"],
  ["domain-name:value", "domain"],
  ["url:value", "domain"],
  ["file:hashes.'SHA-256'", "hash"],
  ["file:hashes.SHA-256", "hash"],
  ["x-cordon-prompt:value", "prompt"],
]);

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : "";
}

function instant(value: JsonValue): Instant {
  // STIX allows more digits of a second than milliseconds; a bundle is not refused over them.
  const said = text(value).replace(/(\.\d{3})\d+/, "$1");
  return isExactInstant(said) ? Date.parse(said) : Number.NaN;
}

function text(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
