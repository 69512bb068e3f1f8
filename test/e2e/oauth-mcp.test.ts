/**
 * An MCP client that nobody here wrote, the protocol's own SDK with its own OAuth, against an MCP route and Cordon's own
 * authorization server: from the gateway's challenge to tools in a person's name, with a token bound to the client's key.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Client,
  DpopSession,
  StreamableHTTPClientTransport,
  UnauthorizedError,
  type OAuthClientProvider,
} from "@modelcontextprotocol/client";
import { Agent, fetch as undiciFetch } from "undici";
import { configurationText, openEstate } from "./estate.ts";
import { startWholeServer } from "./mcp-whole-server.ts";
import { grantRules } from "./people-estate.ts";
import { openConsent, sayYes, softBrowser } from "./soft-browser.ts";
import { administrator, invited } from "./soft-people.ts";

const redirectUrl = "http://127.0.0.1:47002/callback";
const policies = `
@id("people-use-tools") permit (principal is User, action in [Action::"callTool", Action::"read"], resource == Component::"default/tool/desk")
  when { context.client == "default/assistant" && context.assurance == "dpop-token" };
`;

test("the SDK's client finds its way from the challenge, and uses tools in the name of the person who said yes", async () => {
  await using server = await startWholeServer();
  await using estate = await openEstate({
    policies,
    configuration: (ports) =>
      `${configurationText(ports)
        .replace("components:", "components:\n  - { name: desk, kind: tool, boundary: api }")
        .replace(
          "upstreams:",
          `upstreams:\n  - { name: desk, url: "http://127.0.0.1:${server.port}/mcp", authentication: loopback }`,
        )
        .replace("routes:", "routes:\n  - { name: mcp, kind: mcp, path: /tools/mcp, resource: desk, upstream: desk }")}
${grantRules}
oauth: { clients: [{ name: assistant, redirectUris: ["${redirectUrl}"] }] }
`,
  });
  const ada = await administrator(estate);
  const mei = await invited(estate, ada, "mei", ["data-science"]);
  const gateway = new Agent({ connect: { rejectUnauthorized: false } });
  const fetchThere = (url: string | URL, init?: RequestInit) =>
    undiciFetch(url, { ...init, dispatcher: gateway } as never) as never;
  const asked: URL[] = [];
  const kept: Record<string, unknown> = {};
  const dpop = await DpopSession.create();
  const provider: OAuthClientProvider = {
    redirectUrl,
    clientMetadata: { redirect_uris: [redirectUrl], client_name: "assistant" },
    clientInformation: () => ({ client_id: "default/assistant" }),
    tokens: () => kept["tokens"] as never,
    saveTokens: (tokens) => void (kept["tokens"] = tokens),
    redirectToAuthorization: (url) => void asked.push(url),
    saveCodeVerifier: (verifier) => void (kept["verifier"] = verifier),
    codeVerifier: () => kept["verifier"] as string,
    saveDiscoveryState: (state) => void (kept["discovery"] = state),
    discoveryState: () => kept["discovery"] as never,
    dpop: () => dpop,
  };
  const address = new URL(`${estate.cordon.gateway.origin}/tools/mcp`);
  const open = () => new StreamableHTTPClientTransport(address, { authProvider: provider, fetch: fetchThere });
  const first = open();
  await assert.rejects(new Client({ name: "assistant", version: "1" }).connect(first), UnauthorizedError);
  const [url] = asked;
  assert.equal(url?.searchParams.get("resource"), address.href);
  assert.equal(url.searchParams.get("code_challenge_method"), "S256");

  const browser = softBrowser();
  const answer = await sayYes(browser, mei, await openConsent(browser, url.href));
  await first.finishAuth(answer.searchParams);
  await using client = Object.assign(new Client({ name: "assistant", version: "1" }), {
    [Symbol.asyncDispose]: () => client.close(),
  });
  await client.connect(open());
  const { tools } = await client.listTools();
  assert.ok(tools.length > 0);
  const called = await client.callTool({ name: "test_simple_text", arguments: {} });
  assert.notEqual(called.isError, true);
  const decisions = (await estate.entries()).filter(
    (entry) => entry.kind === "decision" && entry.action === "callTool",
  );
  assert.ok(decisions.length > 0);
  for (const entry of decisions) {
    assert.ok(entry.kind === "decision");
    assert.equal(entry.principal, "spiffe://test.example/ns/default/user/mei");
    assert.equal(entry.user?.client, "default/assistant");
    assert.equal(entry.credential.assurance, "dpop-token");
  }
});
