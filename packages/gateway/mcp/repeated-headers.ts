/**
 * The headers that repeat parts of an MCP message whose body inspection has changed. In: the headers as they were sent, the
 * body as it was decided on, and as it goes on. Out: the headers that go on with it: what they repeat is taken anew from where
 * it stood in the body, and all others are as they were, byte for byte. Where that cannot be said the request is refused: a
 * header would carry in the clear what was masked.
 *
 * @see MCP 2026-07-28, "Standard Request Headers", "Custom Headers from Tool Parameters"
 */
import { isJsonObject, parseStrictJson, type JsonObject, type JsonValue } from "@cordon/core/contract/strict-json";
import { CordonError } from "@cordon/core/errors";
import { decodedHeader, encodedHeader, holds, nameIn, paramPrefix, readMcpHeaders, readMcpMessage } from "./message.ts";

/**
 * @param raw names and values in turn, as they were sent; they agree with `before`
 * @param changed the body in place of `before`
 * @throws {CordonError} `MCP_HEADER_MISMATCH` where a header cannot be said anew, or the message is another one than was
 *   decided on; what {@link readMcpMessage} throws where it is none any more
 */
export function repeatedHeaders(raw: readonly string[], before: JsonObject, changed: Uint8Array): readonly string[] {
  const after = parseStrictJson(changed);
  if (!isJsonObject(after)) throw refused("the body is no message any more");
  const out = [...raw];
  for (let at = 0; at < raw.length; at += 2) {
    const name = (raw[at] as string).toLowerCase();
    const param = name.startsWith(paramPrefix);
    if (!param && name !== "mcp-name") continue;
    const said = decodedHeader((raw[at + 1] as string).trim());
    const now = said === undefined ? undefined : param ? argumentNow(said, before, after) : namedNow(after);
    if (now === undefined) throw refused(`what \`${name.slice(0, 64)}\` repeats of it cannot be said`);
    if (now !== said) out[at + 1] = encodedHeader(now);
  }
  const was = readMcpMessage(before, readMcpHeaders(raw));
  const goes = readMcpMessage(after, readMcpHeaders(out));
  if (goes.method !== was.method || goes.tool !== was.tool)
    throw refused("it names another method or tool than the one that was decided on");
  return out;
}

function namedNow(after: JsonObject): string | undefined {
  const name = nameIn(after["method"], after["params"]);
  return typeof name === "string" ? name : undefined;
}

/**
 * What the argument says now that said this. Which one a header repeats only the server knows: where several said it, all
 * must say the same now.
 */
function argumentNow(said: string, before: JsonObject, after: JsonObject): string | undefined {
  const now = new Set(placesOf(argumentsOf(before), argumentsOf(after), said));
  const [only] = now;
  return now.size === 1 ? only : undefined;
}

/** For each value that said this, what stands in its place; undefined where nothing does, or what no header carries. */
function* placesOf(before: JsonValue, after: JsonValue | undefined, said: string): Generator<string | undefined> {
  if (typeof before !== "object" || before === null) {
    if (holds(before, said)) yield plainText(after, said);
    return;
  }
  for (const [name, item] of Object.entries(before)) {
    const inside = typeof after === "object" && after !== null && Object.hasOwn(after, name);
    yield* placesOf(item, inside ? (after as JsonObject)[name] : undefined, said);
  }
}

function plainText(value: JsonValue | undefined, said: string): string | undefined {
  if (value === undefined || value === null || typeof value === "object") return undefined;
  return holds(value, said) ? said : String(value);
}

function argumentsOf({ params }: JsonObject): JsonValue {
  return (isJsonObject(params) ? params["arguments"] : undefined) ?? {};
}

function refused(words: string): CordonError {
  return new CordonError("MCP_HEADER_MISMATCH", `inspection changed the body, and ${words}: send it without`);
}
