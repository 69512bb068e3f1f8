/**
 * The estate of the conformance tests: an assistant, a rival that may do the same, and one upstream that a test scripts
 * in OpenAI's and Anthropic's wire formats.
 */
import { openEstate, type Estate, type EstateOptions, type EstatePorts, type Seen } from "../e2e/estate.ts";
import type { ServerResponse } from "node:http";

/** How long the upstream of the model `slow` may take to begin its answer, in milliseconds. */
const impatienceMs = 300;

export function conformanceConfiguration(ports: EstatePorts, more: string): string {
  const at = (port: number): string => `url: "http://127.0.0.1:${port}/v1", authentication: loopback`;
  const key = (header: string, prefix: string): string =>
    `credential: { header: ${header}, prefix: "${prefix}", secret: { env: TEST_UPSTREAM_KEY } }`;
  return `
version: 1
trustDomain: test.example
state: ./state
gateway: { listen: "127.0.0.1:0", drainSeconds: 1 }
console: { listen: "127.0.0.1:0" }
components:
  - { name: gateway, kind: service, boundary: api }
  - { name: assistant, kind: agent, boundary: api }
  - { name: rival, kind: agent, boundary: api }
  - { name: notebook, kind: agent, boundary: api, bearerTokens: true }
  - { name: chat, kind: endpoint, boundary: model }
  - { name: board-room, kind: endpoint, boundary: model }
upstreams:
  - { name: openai, ${at(ports.chat)}, ${key("authorization", "Bearer ")} }
  - { name: anthropic, url: "http://127.0.0.1:${ports.spare}", authentication: loopback, ${key("x-api-key", "")} }
  - { name: impatient, url: "http://127.0.0.1:${ports.spare}", authentication: loopback, timeouts: { firstByteMs: ${impatienceMs} } }
routes:
  - name: openai
    kind: openai
    path: /v1
    models:
      gpt-5.4: { component: chat, upstream: openai }
      text-embedding-3-small: { component: chat, upstream: openai }
      board-room: { component: board-room, upstream: openai }
  - name: anthropic
    kind: anthropic
    path: /anthropic
    models:
      claude-opus-5: { component: chat, upstream: anthropic }
      slow: { component: chat, upstream: impatient }
      board-room: { component: board-room, upstream: anthropic }
policies:
  - { file: policies.cedar }
${more}`;
}

export const conformancePolicies = ["assistant", "rival"]
  .map(
    (agent) => `@id("${agent}-uses-chat") permit (
      principal == Workload::"default/agent/${agent}",
      action in [Action::"infer", Action::"embed", Action::"read", Action::"write"],
      resource == Component::"default/endpoint/chat"
    );`,
  )
  .join("\n");

/** @param more further fields of the configuration, in YAML */
export function openConformanceEstate(
  more = "",
  options: Pick<EstateOptions, "spanDetectors"> & { readonly policies?: string } = {},
): Promise<Estate> {
  return openEstate({
    ...options,
    configuration: (ports) => conformanceConfiguration(ports, more),
    policies: conformancePolicies + (options.policies ?? ""),
  });
}

/** Answers with JSON, as an API would. */
export function json(
  response: ServerResponse,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

/** Answers with server-sent events, whole. A string is sent as it is. */
export function events(response: ServerResponse, all: readonly (object | string)[]): void {
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
  for (const one of all) response.write(event(one));
  response.end();
}

/** One server-sent event; an object with a `type` is named by it, as both APIs do where they name their events. */
export function event(data: object | string): string {
  if (typeof data === "string") return `data: ${data}\n\n`;
  const name = "type" in data ? `event: ${String(data.type)}\n` : "";
  return `${name}data: ${JSON.stringify(data)}\n\n`;
}

/** The JSON body of a request as an upstream saw it. */
export function bodyOf(seen: Seen | undefined): Record<string, unknown> {
  return JSON.parse(seen?.body.toString() ?? "") as Record<string, unknown>;
}
