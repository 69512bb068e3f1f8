/**
 * What MCP servers have asked of their clients and have no answer to yet. In: a server's request as it passes to the client,
 * then the client's answer. Out: what was asked, once: an answer says no more than an id, and policy decides by what was
 * asked. What nobody asked for is no answer.
 */
import { askedOfClients } from "@cordon/core/mcp/methods";
import { routeKey } from "@cordon/core/policy/decision";
import type { McpRoute } from "@cordon/core/policy/snapshot";
import type { JsonValue } from "@cordon/core/contract/strict-json";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";

/** Whose session it is; a question is that client's alone. */
export interface Asker {
  readonly principal: SpiffeId;
  readonly session: string | undefined;
}

/** Questions without an answer that are remembered; the oldest give way, and their answers are refused. */
const maxOpen = 10_000;

export class AskedOfClients {
  readonly #open = new Map<string, string>();

  /** A server asks in a session; other methods than those that can be answered are none of ours. */
  note(route: McpRoute, { principal, session }: Asker, id: JsonValue, method: string): void {
    if (session === undefined || !askedOfClients.has(method)) return;
    const key = keyOf(route, principal, session, id);
    this.#open.delete(key);
    if (this.#open.size >= maxOpen) {
      const [oldest] = this.#open.keys();
      if (oldest !== undefined) this.#open.delete(oldest);
    }
    this.#open.set(key, method);
  }

  /** What the answer with this id answers. */
  find(route: McpRoute, { principal, session }: Asker, id: JsonValue): string | undefined {
    return session === undefined ? undefined : this.#open.get(keyOf(route, principal, session, id));
  }

  /** It has been answered. */
  answered(route: McpRoute, { principal, session }: Asker, id: JsonValue): void {
    if (session !== undefined) this.#open.delete(keyOf(route, principal, session, id));
  }
}

function keyOf(route: McpRoute, principal: SpiffeId, session: string, id: JsonValue): string {
  return `${routeKey(route)}\n${principal}\n${session}\n${JSON.stringify(id)}`;
}
