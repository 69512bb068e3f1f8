import assert from "node:assert/strict";
import { test } from "node:test";
import { requestHeaders, responseHeaders } from "./headers.ts";

test("forwards what the client said, in order, with its spelling, repeats included", () => {
  const raw = ["OpenAI-Beta", "x=1", "X-Custom", "a", "x-custom", "b", "Content-Type", "application/json"];
  assert.deepEqual(requestHeaders(raw, []), [...raw, "accept-encoding", "identity"]);
});

test("never forwards what some servers read as another coding of the body than the one that was inspected", () => {
  const raw = ["Content_Encoding", "gzip", "content_type", "text/plain; charset=utf-7", "Content-Type", "text/plain"];
  assert.deepEqual(requestHeaders(raw, []), ["Content-Type", "text/plain", "accept-encoding", "identity"]);
});

test("never forwards a credential, an account selector, an address claim or a hop-by-hop header", () => {
  const raw = [
    "Authorization",
    "Bearer secret",
    "X-Api-Key",
    "secret",
    "api-key",
    "secret",
    "Cookie",
    "s=1",
    "Proxy-Authorization",
    "x",
    "OpenAI-Organization",
    "other",
    "OpenAI-Project",
    "other",
    "Anthropic-Workspace-Id",
    "other",
    "Anthropic-User-Profile-Id",
    "other",
    "X-Forwarded-For",
    "10.0.0.1",
    "X-Forwarded-Client-Cert",
    "URI=spiffe://other",
    "Forwarded",
    "for=1",
    "Accept-Encoding",
    "gzip",
    "Transfer-Encoding",
    "chunked",
    "Keep-Alive",
    "1",
    "TE",
    "trailers",
    "Cordon-Request-Id",
    "mine",
  ];
  assert.deepEqual(requestHeaders(raw, []), ["accept-encoding", "identity"]);
});

test("drops what the connection header nominates, so that a client cannot hide a header from the next hop", () => {
  const raw = ["Connection", "close, X-Hidden", "X-Hidden", "1", "X-Kept", "1"];
  assert.deepEqual(requestHeaders(raw, []), ["X-Kept", "1", "accept-encoding", "identity"]);
});

test("an injected credential replaces the client's own header of that name", () => {
  const raw = ["X-Upstream-Key", "client's"];
  assert.deepEqual(requestHeaders(raw, ["x-upstream-key", "ours"]), [
    "accept-encoding",
    "identity",
    "x-upstream-key",
    "ours",
  ]);
});

test("returns what the upstream said, but no cookies, no hop-by-hop and nothing in our name", () => {
  const raw = [
    "Content-Type",
    "text/plain",
    "Set-Cookie",
    "account=1",
    "Connection",
    "keep-alive",
    "Cordon-Checkpoint",
    "forged",
    "X-Limit",
    "3",
  ];
  assert.deepEqual(
    responseHeaders(
      raw.map((item) => Buffer.from(item)),
      ["cordon-ledger-index", "7"],
    ),
    ["Content-Type", "text/plain", "X-Limit", "3", "cordon-ledger-index", "7"],
  );
});
