/**
 * The events of a stream in one JSON list, as Gemini's `streamGenerateContent` gives them without `alt=sse`. In: the list. Out:
 * whether it is one, and the list filtered: each event by itself, and the texts that run through them as one.
 */
import { isJsonObject, type JsonValue } from "../../contract/strict-json.ts";
import { shortestAlone, type ContentGuard } from "./content-guard.ts";
import { EventPlaces, jsonNames, refilled, type Place } from "./event-places.ts";

export function isEventList(tree: JsonValue): tree is JsonValue[] {
  return Array.isArray(tree) && tree.length > 0 && tree.every((event) => isJsonObject(event)) && tree.some(isGemini);
}

function isGemini(event: JsonValue): boolean {
  const candidates = isJsonObject(event) ? event["candidates"] : undefined;
  return Array.isArray(candidates) && candidates.some((each) => isJsonObject(each) && "content" in each);
}

/**
 * Where nothing has to be changed it is the same list. A text in which something lies over several events has it in the first
 * of them, whole as it is filtered, and what is left of it in the others.
 */
export function filteredEventList(events: JsonValue[], guard: ContentGuard): JsonValue {
  const reader = new EventPlaces(guard.isToldApart);
  const places = events.map((event) => reader.read(event, "", Number.POSITIVE_INFINITY));
  const texts = Map.groupBy(
    places.flatMap(({ found }) => found),
    ({ key }) => key,
  );
  const isPiece = ({ key }: Place): boolean => (texts.get(key)?.length ?? 0) > 1;
  const refill = (at: number, rest: JsonValue, say: (place: Place, left: string) => string): JsonValue => {
    const { found = [], runs = [] } = places[at] ?? {};
    return refilled(events[at] as JsonValue, rest, runs, inTurn(found, say));
  };
  // A word of a text says nothing by itself.
  const bare = events.map((event, at) =>
    refill(at, event, (place, left) => (isPiece(place) && left.length < shortestAlone ? "" : left)),
  );
  const alone = guard.tree(bare, nothing, jsonNames) as JsonValue[];
  const changed = new Map<string, string[]>();
  for (const [key, pieces] of texts) {
    if (pieces.length < 2 || guard.blocked !== undefined) continue;
    const whole = pieces.map(({ text }) => text).join("");
    const own = pieces.every((piece) => piece.own);
    const filtered = jsonNames.has(pieces[0]?.name ?? "")
      ? guard.json(whole, own ? "arguments" : "others")
      : guard.page(whole, "", own);
    if (filtered !== whole) changed.set(key, [filtered, ...pieces.slice(1).map(() => "")]);
  }
  if (guard.blocked !== undefined || (changed.size === 0 && alone === bare)) return events;
  return events.map((_, at) =>
    refill(
      at,
      alone[at] as JsonValue,
      ({ key, text }, left) => changed.get(key)?.shift() ?? (left === "" ? text : left),
    ),
  );
}

/** Says what stands in each place of an event, one after the other. */
function inTurn(places: readonly Place[], say: (place: Place, left: string) => string): (left: string) => string {
  const own = places.values();
  return (left) => {
    const place = own.next().value;
    return place === undefined ? left : say(place, left);
  };
}

const nothing: ReadonlySet<string> = new Set();
