/**
 * The methods of MCP that a client may send through a route, and the action that each stands for. A method that is not
 * here is refused: what nobody decided on is not let through.
 *
 * @see MCP 2026-07-28 `ClientRequest`, `ClientNotification`; MCP 2025-11-25 for what only its sessions have
 */
import type { Action } from "../contract/vocabulary.ts";

/**
 * What a server may ask of its client, and the action that answering it stands for: the client's model, its person or its
 * folders are handed to the server, so answering is to `write` there.
 */
export const askedOfClients: ReadonlyMap<string, Action> = new Map<string, Action>([
  ["sampling/createMessage", "write"],
  ["elicitation/create", "write"],
  ["roots/list", "write"],
]);

export const mcpMethods: ReadonlyMap<string, Action> = new Map<string, Action>([
  ["tools/call", "callTool"],
  ...[
    "initialize",
    "server/discover",
    "ping",
    "tools/list",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "resources/subscribe",
    "resources/unsubscribe",
    "subscriptions/listen",
    "prompts/list",
    "prompts/get",
    "completion/complete",
    "logging/setLevel",
    "notifications/initialized",
    "notifications/cancelled",
    "notifications/progress",
    "notifications/roots/list_changed",
  ].map((method) => [method, "read"] as const),
]);
