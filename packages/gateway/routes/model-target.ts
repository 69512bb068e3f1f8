/**
 * Finds what a body's `model` means on a route. In: route, body. Out: name and target, or a refusal in words.
 */
import { CordonError } from "@cordon/core/errors";
import { foldName, type JsonObject, type JsonValue } from "@cordon/core/contract/strict-json";
import type { ModelRoute, ModelTarget } from "@cordon/core/policy/snapshot";

/**
 * @throws {CordonError} `REQUEST_MALFORMED` (no model), `ROUTE_UNKNOWN` (a model that the route does not offer)
 */
export function modelOf(route: ModelRoute, body: JsonObject): { name: string; target: ModelTarget; route: ModelRoute } {
  const name = body["model"];
  if (typeof name !== "string") throw new CordonError("REQUEST_MALFORMED", "the body must name a `model`");
  const target = route.models.get(name);
  if (target === undefined)
    throw new CordonError("ROUTE_UNKNOWN", `the route \`${route.name}\` offers no model \`${name.slice(0, 128)}\``);
  return { name, target, route };
}

/**
 * A model's name from a path.
 *
 * @throws {CordonError} `REQUEST_MALFORMED`
 */
export function decodedName(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw new CordonError("REQUEST_MALFORMED", "the model's name in the path is not UTF-8", { cause });
  }
}

/** The body's `stream`; anything but a boolean is refused, since servers differ in what they take for true. */
export function streamOf(body: JsonObject): boolean {
  const stream = body["stream"];
  if (stream === undefined || stream === null) return false;
  if (typeof stream !== "boolean") throw new CordonError("REQUEST_MALFORMED", "`stream` must be true or false");
  return stream;
}

/**
 * Subtrees in which no upstream looks for its own objects: a tool's JSON Schema may well have a property `file_id`.
 */
const opaque = new Set(["parameters", "input_schema", "schema", "metadata"]);

/** Names that decisions read. A server that folds case (Go's `encoding/json`) would take another spelling for them. */
const governed = new Set([
  ...["model", "stream", "store", "input", "messages", "prompt", "conversation", "previous_response_id", "request_id"],
  ...["file_id", "file_ids", "vector_store_ids", "container", "container_id", "audio", "type", "id", "role"],
  ...["comparison_response_id", "skill_id", "tunnel_id"],
]);

/** Names that were found good, each short: nearly all bodies are made of a few. */
const known = new Set<string>();
const mostKnown = 1_024;

function refuseOtherSpelling(name: string): void {
  if (known.has(name)) return;
  const folded = foldName(name);
  if (folded !== name && governed.has(folded))
    throw new CordonError("BODY_AMBIGUOUS", `write \`${folded}\` so; some servers read \`${name}\` as the same`);
  if (known.size < mostKnown && name.length <= 64) known.add(name);
}

/**
 * Calls back for every property of every object in the tree, except within schemas and metadata.
 *
 * @throws {CordonError} `BODY_AMBIGUOUS` for a name that a decision reads, in another case
 * @param closed what else holds a client's own data rather than the API's, by its name and its owner
 */
export function visitProperties(
  value: JsonValue,
  visit: (name: string, value: JsonValue, owner: JsonObject) => void,
  closed: (name: string, owner: JsonObject) => boolean = () => false,
): void {
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) visitProperties(item, visit, closed);
    return;
  }
  for (const name of Object.keys(value)) {
    const child = value[name] as JsonValue;
    refuseOtherSpelling(name);
    visit(name, child, value);
    if (!opaque.has(name) && !closed(name, value)) visitProperties(child, visit, closed);
  }
}
