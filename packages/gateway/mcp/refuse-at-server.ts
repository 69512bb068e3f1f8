/**
 * Tells an MCP server that a question of its own was refused: JSON-RPC's error, as its client would send it. In: the exchange
 * in whose answer it asked, the question's id, the error. Out: nothing; a server that does not take it waits in vain.
 *
 * @see MCP 2025-11-25, "Streamable HTTP", "Sending Messages to the Server"
 */
import type { JsonValue } from "@cordon/core/contract/strict-json";
import type { ExchangeStart } from "../exchange-start.ts";
import type { GatewayDependencies } from "../ports.ts";
import { upstreamTarget, type Upstreams } from "../upstream/upstreams.ts";
import { readMcpHeaders } from "./message.ts";

export interface RefuseDeps extends Pick<GatewayDependencies, "log"> {
  readonly upstreams: Pick<Upstreams, "dispatcher" | "credential">;
}

const withinMs = 10_000;

export function refuseAtServer(
  deps: RefuseDeps,
  { id: requestId, intent, request }: Pick<ExchangeStart, "id" | "intent" | "request">,
  id: JsonValue,
  error: { readonly code: number; readonly message: string },
): void {
  send().catch((why: unknown) =>
    deps.log({
      level: "warn",
      event: "mcp-refusal-undelivered",
      words: `the server could not be told that its question was refused: ${(why as Error).message}`,
      requestId,
    }),
  );

  async function send(): Promise<void> {
    const { session, version } = readMcpHeaders(request.rawHeaders);
    const { upstream, upstreamPath } = intent;
    const credential = await deps.upstreams.credential(upstream);
    const { body } = await deps.upstreams.dispatcher(upstream).request({
      path: upstreamTarget(upstream, upstreamPath),
      method: "POST",
      headers: [
        ...["content-type", "application/json", "accept", "application/json, text/event-stream"],
        ...(session === undefined ? [] : ["mcp-session-id", session]),
        ...(version === undefined ? [] : ["mcp-protocol-version", version]),
        ...credential,
      ],
      body: JSON.stringify({ jsonrpc: "2.0", id, error }),
      signal: AbortSignal.timeout(withinMs),
    });
    await body.dump();
  }
}
