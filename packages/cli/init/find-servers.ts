/**
 * Which model servers run on this machine? In: the loopback ports to ask. Out: what answered as one of the servers that
 * people run, with the models it lists. Asks 127.0.0.1 only, briefly, and takes nothing it hears on trust: names are
 * checked before they go into a file.
 */
import { secretShape } from "@cordon/core/contract/secret-shapes";
import { ask } from "../net/ask.ts";

export interface ServerKind {
  /** Name of the component and upstream that it becomes. */
  readonly name: string;
  /** What people call it. */
  readonly title: string;
  readonly port: number;
  /** How to keep others on this machine from walking round Cordon, for the file's comment. */
  readonly closing: string;
}

export interface FoundServer extends ServerKind {
  /** Base of its OpenAI-compatible API. */
  readonly url: string;
  readonly models: readonly string[];
  /** Models whose names cannot be written down. */
  readonly skipped: number;
  /** Set where it wants a key before it lists its models. */
  readonly wantsKey: boolean;
}

/** @see https://docs.ollama.com/api/tags, https://docs.vllm.ai, https://lmstudio.ai/docs/developer (their default ports) */
export const knownServers: readonly ServerKind[] = [
  {
    name: "ollama",
    title: "Ollama",
    port: 11_434,
    closing:
      "Ollama has no access control: run it as a user of its own, or in a network namespace that only Cordon joins.",
  },
  {
    name: "vllm",
    title: "vLLM",
    port: 8000,
    closing: "Start vLLM with --api-key, and give Cordon the key as `credential`.",
  },
  {
    name: "lmstudio",
    title: "LM Studio",
    port: 1234,
    closing: "Let LM Studio require an API token, and give it to Cordon as `credential`.",
  },
];

export const maxModels = 100;
const timeoutMs = 1_500;
const maxBytes = 1024 * 1024;

/** Asks each server on its port; what does not answer like it is left out. */
export async function findServers(kinds: readonly ServerKind[]): Promise<FoundServer[]> {
  return (await Promise.all(kinds.map(findServer))).filter((found) => found !== undefined);
}

async function findServer(kind: ServerKind): Promise<FoundServer | undefined> {
  const base = `http://127.0.0.1:${kind.port}`;
  const url = `${base}/v1`;
  const listed = await ask({ url: `${url}/models`, timeoutMs, maxBytes });
  if (!("status" in listed)) return undefined;
  if (listed.status === 401 || listed.status === 403) return { ...kind, url, models: [], skipped: 0, wantsKey: true };
  const names = listed.status === 200 && !listed.truncated ? modelIds(listed.body) : undefined;
  // An older Ollama, or one that lists models of its own only: ask as Ollama's own clients do.
  const own = kind.name === "ollama" ? await ownModels(base) : undefined;
  const models = names === undefined || names.length === 0 ? (own ?? names) : names;
  if (models === undefined) return undefined;
  const usable = [...new Set(models)].filter(isUsable);
  const skipped = new Set(models).size - Math.min(usable.length, maxModels);
  return { ...kind, url, models: usable.toSorted().slice(0, maxModels), skipped, wantsKey: false };
}

/** `GET /api/tags`: `{"models":[{"name":"gemma3:latest"}]}`. */
async function ownModels(base: string): Promise<string[] | undefined> {
  const tags = await ask({ url: `${base}/api/tags`, timeoutMs, maxBytes });
  if (!("status" in tags) || tags.status !== 200 || tags.truncated) return undefined;
  return namesIn(tags.body, "models", "name");
}

/** `GET /v1/models`: `{"object":"list","data":[{"id":"..."}]}`. */
function modelIds(body: string): string[] | undefined {
  return namesIn(body, "data", "id");
}

/** The text fields `field` of the objects in the list `list`; `undefined` where the answer is no such thing. */
function namesIn(body: string, list: string, field: string): string[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  const items = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[list] : undefined;
  // Ollama without a model answers `"data": null`.
  if (items === null) return [];
  if (!Array.isArray(items)) return undefined;
  return items.flatMap((item: unknown) => {
    const name = typeof item === "object" && item !== null ? (item as Record<string, unknown>)[field] : undefined;
    return typeof name === "string" ? [name] : [];
  });
}

/** A name that stands in a file as it is: printable, without quotes, and nothing that looks like a secret. */
function isUsable(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}$/.test(name) && secretShape(name) === undefined;
}
