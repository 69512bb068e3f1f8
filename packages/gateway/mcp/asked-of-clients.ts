/**
 * What MCP servers have asked of their clients. In: a question that was let through to the client, then the client's answer.
 * Out: what was asked: an answer says no more than an id, and policy decides by what was asked. In a session what nobody asked
 * for is no answer, and each question has one. Without sessions (2026-07-28) any gateway may meet the answer: there the
 * question is remembered where it is known, and the answer's own form says what it hands over.
 */
import type { JsonObject, JsonValue } from "@cordon/core/contract/strict-json";
import type { Question } from "@cordon/core/mcp/questions";
import { routeKey } from "@cordon/core/policy/decision";
import type { McpRoute } from "@cordon/core/policy/snapshot";
import type { Owner } from "../routes/ownership.ts";

/** Whose session it is; a question is that client's alone. */
export interface Asker {
  readonly principal: Owner;
  readonly session: string | undefined;
}

/** Questions without an answer that are remembered; the oldest give way, and their answers are refused. */
const maxOpen = 10_000;
/** Parameters that are remembered for policies that read them; of a longer question only its method is. */
const maxRememberedParams = 4_096;

export class AskedOfClients {
  readonly #open = new Map<string, Question>();

  /** A server asks in a session, and the client will hear it. */
  note(route: McpRoute, { principal, session }: Asker, id: JsonValue, question: Question): void {
    if (session !== undefined) this.#put(keyOf(route, principal, session, id), question);
  }

  /** What the answer with this id answers. */
  find(route: McpRoute, { principal, session }: Asker, id: JsonValue): Question | undefined {
    return session === undefined ? undefined : this.#open.get(keyOf(route, principal, session, id));
  }

  /** It has been answered. */
  answered(route: McpRoute, { principal, session }: Asker, id: JsonValue): void {
    if (session !== undefined) this.#open.delete(keyOf(route, principal, session, id));
  }

  /** A server asks in the result of a request (2026-07-28), by a key of its own choosing. */
  noteInput(route: McpRoute, principal: Owner, about: string, key: string, question: Question): void {
    this.#put(keyOf(route, principal, `input ${about}`, key), question);
  }

  /** The parameters of what was asked so, for policies that read them; empty where this gateway did not see it. */
  inputParams(route: McpRoute, principal: Owner, about: string, key: string, method: string): JsonObject {
    const found = this.#open.get(keyOf(route, principal, `input ${about}`, key));
    return found?.method === method ? found.params : {};
  }

  #put(key: string, { method, params }: Question): void {
    this.#open.delete(key);
    if (this.#open.size >= maxOpen) {
      const [oldest] = this.#open.keys();
      if (oldest !== undefined) this.#open.delete(oldest);
    }
    const short = JSON.stringify(params).length <= maxRememberedParams;
    this.#open.set(key, { method, params: short ? params : {} });
  }
}

function keyOf(route: McpRoute, principal: Owner, session: string, id: JsonValue): string {
  return `${routeKey(route)}\n${principal}\n${session}\n${JSON.stringify(id)}`;
}
