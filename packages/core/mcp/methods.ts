/**
 * The methods of MCP that a client may send through a route, and the action that each stands for. A method that is not
 * here is refused: what nobody decided on is not let through.
 *
 * @see MCP 2026-07-28 `ClientRequest`, `ClientNotification`; MCP 2025-11-25 for what only its sessions have
 */
import type { Action } from "../contract/vocabulary.ts";

/** What a route lets its server ask of clients at all (`asks`); policy decides each time besides. */
export const askable = ["sampling", "elicitation", "elicitation-url", "roots"] as const;
export type Askable = (typeof askable)[number];

/**
 * What a server may ask of its client, and the action that it stands for, when it is asked as when it is answered: the
 * principal's model, its person or its folders are handed to the server. `ping` asks for nothing.
 *
 * @see MCP 2025-11-25 `ServerRequest`; MCP 2026-07-28 `InputRequest`
 */
export const askedOfClients: ReadonlyMap<string, Action> = new Map<string, Action>([
  ["sampling/createMessage", "sample"],
  ["elicitation/create", "elicit"],
  ["roots/list", "listRoots"],
]);

/**
 * What a server may tell its client by itself. Another notification is dropped: no client is told what nobody here reads.
 *
 * @see MCP 2026-07-28 `ServerNotification`; MCP 2025-11-25 for what only its sessions have
 */
export const serverNotifications: ReadonlySet<string> = new Set([
  "notifications/cancelled",
  "notifications/progress",
  "notifications/message",
  "notifications/resources/updated",
  "notifications/resources/list_changed",
  "notifications/tools/list_changed",
  "notifications/prompts/list_changed",
  "notifications/subscriptions/acknowledged",
  "notifications/elicitation/complete",
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
