/**
 * The OpenAI API: Chat Completions, Completions, Responses, Embeddings, Models, Files. In: head and body. Out: a plan.
 * An allow-list: an endpoint that is not named here is refused until its objects and effects are governed.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "@cordon/core/contract/strict-json";
import { CordonError } from "@cordon/core/errors";
import type { ModelRoute, ModelTarget, Upstream } from "@cordon/core/policy/snapshot";
import { ungoverned, type Intent, type ObjectUse, type Plan, type PlanInput } from "./intent.ts";
import { decodedName, modelOf, streamOf, visitProperties } from "./model-target.ts";
import type { ObjectType } from "./ownership.ts";

const objectId = /^[A-Za-z0-9_-]{1,128}$/;

export function planOpenai(route: ModelRoute, input: PlanInput): Plan {
  const { head, rest } = input;
  if (rest === "/chat/completions" && head.method === "POST") return inference(route, input, "infer"); // nearly all
  const [, collection = "", id, ...tail] = rest.split("/");
  const key = `${head.method} /${collection}${id === undefined ? "" : "/:"}${tail.length > 0 ? `/${tail.join("/")}` : ""}`;
  switch (key) {
    case "POST /chat/:": // the only id that POST takes here is the literal `completions`
      return id === "completions" ? inference(route, input, "infer") : unknown(input);
    case "POST /completions":
      return inference(route, input, "infer");
    case "POST /embeddings":
      return inference(route, input, "embed");
    case "POST /responses":
      return inference(route, input, "infer", "response");
    case "GET /responses/:":
    case "GET /responses/:/input_items":
    case "POST /responses/:/cancel":
    case "DELETE /responses/:":
      return onObject(route, input, { type: "response", id: id ?? "" });
    case "GET /models":
      return { kind: "models", route };
    case "GET /models/:":
      return { kind: "models", route, only: decodedName(id ?? "") };
    case "POST /files":
      return upload(route, input);
    case "GET /files/:":
    case "GET /files/:/content":
    case "DELETE /files/:":
      return onObject(route, input, { type: "file", id: id ?? "" });
    default:
      return unknown(input);
  }
}

function unknown({ head, rest }: PlanInput): Plan {
  return ungoverned(
    `${head.method} ${rest.slice(0, 128) || "/"} is refused: this endpoint of the OpenAI API is not governed yet`,
  );
}

function inference(route: ModelRoute, { head, rest }: PlanInput, action: "infer" | "embed", makes?: ObjectType): Plan {
  return {
    kind: "forward",
    body: "json",
    intent: (body = {}) => {
      const model = modelOf(route, body);
      return {
        action,
        resource: model.target.component,
        upstream: model.target.upstream,
        upstreamPath: rest + head.query,
        stream: streamOf(body),
        uses: objectsUsed(body),
        // Chat Completions store only when asked; Responses store unless told not to.
        ...(makes !== undefined && body["store"] !== false ? { creates: makes } : {}),
        model,
      };
    },
  };
}

/**
 * Objects that a body refers to. What cannot be tied to a principal (conversations, vector stores, containers, stored
 * prompts, stored items) is refused.
 */
export function objectsUsed(body: JsonObject): ObjectUse[] {
  const uses: ObjectUse[] = [];
  for (const name of ["conversation", "prompt"] as const) {
    const value = body[name];
    if (value !== undefined && value !== null && !(name === "prompt" && isPromptText(value))) throw notGoverned(name);
  }
  // vLLM files a stored response under the id that the request asks for: in place of another principal's.
  if (body["request_id"] !== undefined && body["request_id"] !== null) throw notGoverned("request_id");
  if (body["store"] === true && body["messages"] !== undefined) throw notGoverned("store");
  const input = body["input"];
  if (Array.isArray(input))
    for (const item of input) if (isJsonObject(item) && isItemReference(item)) throw notGoverned("item_reference");
  visitProperties(body, (name, value, owner) => {
    if (value === null) return;
    if (name === "previous_response_id" || name === "comparison_response_id") uses.push(use("response", value));
    else if (name === "file_id") uses.push(use("file", value));
    else if (name === "file_ids" && Array.isArray(value)) for (const item of value) uses.push(use("file", item));
    else if (name === "vector_store_ids" || (name === "type" && value === "item_reference"))
      throw notGoverned(name === "type" ? "item_reference" : name);
    else if (isUnownedReference(name, value, owner)) throw notGoverned(name);
  });
  return uses;
}

/**
 * An input item with an id and nothing else is a reference, for the API lets its `type` be left out; so is a generated
 * image without its pixels.
 */
function isItemReference(item: JsonObject): boolean {
  if (item["id"] === undefined) return false;
  if (item["type"] === "image_generation_call") return (item["result"] ?? null) === null;
  return (item["type"] ?? null) === null && item["role"] === undefined;
}

/** Things at the upstream that belong to the account, and so to nobody here. */
function isUnownedReference(name: string, value: JsonValue, owner: JsonObject): boolean {
  switch (name) {
    case "container":
      return typeof value === "string" && owner["type"] === "code_interpreter";
    case "container_id": // also in a replayed call: an automatic container is taken from there
      return owner["type"] !== "container_file_citation";
    case "audio": // an earlier answer's voice; elsewhere the name holds audio itself, or how to speak
      return owner["role"] === "assistant";
    case "skill_id":
    case "tunnel_id":
      return true;
    default:
      return false;
  }
}

/** Legacy Completions take their text in `prompt`; Responses take a reference to a stored prompt there. */
function isPromptText(value: unknown): boolean {
  return typeof value === "string" || Array.isArray(value);
}

function use(type: ObjectType, id: unknown): ObjectUse {
  if (typeof id !== "string" || !objectId.test(id))
    throw new CordonError("REQUEST_MALFORMED", `the id of a ${type} is not one`);
  return { type, id };
}

function notGoverned(name: string): CordonError {
  return new CordonError(
    "ROUTE_UNGOVERNED",
    `\`${name}\` refers to an object at the upstream that cannot be tied to its owner yet, and is refused`,
  );
}

/** Reading, cancelling or deleting something that was made before: its owner's component governs it. */
function onObject(route: ModelRoute, { head, rest, ownerOf }: PlanInput, used: ObjectUse): Plan {
  if (!objectId.test(used.id)) return notOwned(used);
  for (const target of upstreamsOf(route)) {
    const owner = ownerOf(target.upstream, used);
    if (owner === undefined) continue;
    const changes = head.method !== "GET";
    const intent: Intent = {
      action: changes ? "write" : "read",
      resource: owner.component,
      upstream: target.upstream,
      upstreamPath: rest + head.query,
      stream: /[?&]stream=true(&|$)/.test(head.query),
      uses: [used],
      ...(head.method === "DELETE" ? { deletes: used } : {}),
    };
    return { kind: "forward", body: changes ? "through" : "none", intent: () => intent };
  }
  return notOwned(used);
}

function notOwned(used: ObjectUse): Plan {
  return {
    kind: "refuse",
    status: 404,
    code: "OBJECT_NOT_OWNED",
    words: `no ${used.type} \`${used.id.slice(0, 64)}\` of yours is known here`,
  };
}

/** Files go to the route's one upstream; with several there is no telling which is meant. */
function upload(route: ModelRoute, { head, rest }: PlanInput): Plan {
  const [target, another] = upstreamsOf(route);
  if (target === undefined || another !== undefined)
    return ungoverned(
      "files need a route whose models share one upstream; give the file-taking models a route of their own",
    );
  return {
    kind: "forward",
    body: "through",
    intent: () => ({
      action: "write",
      resource: target.component,
      upstream: target.upstream,
      upstreamPath: rest + head.query,
      stream: false,
      uses: [],
      creates: "file",
    }),
  };
}

/** One target for each distinct upstream of the route, in the order of the configuration. */
function upstreamsOf(route: ModelRoute): readonly ModelTarget[] {
  const seen = new Set<Upstream>();
  return [...route.models.values()].filter((target) => !seen.has(target.upstream) && seen.add(target.upstream));
}
