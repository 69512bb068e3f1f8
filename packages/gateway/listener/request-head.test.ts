import assert from "node:assert/strict";
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { isCordonError } from "@cordon/core/errors";
import { readRequestHead } from "./request-head.ts";

function request(url: string, raw: readonly string[] = [], method = "GET", httpVersion = "1.1"): IncomingMessage {
  const message = new IncomingMessage(new Socket());
  const headers: Record<string, string> = {};
  for (let at = 0; at < raw.length; at += 2) headers[(raw[at] as string).toLowerCase()] = raw[at + 1] as string;
  Object.assign(message, { url, method, httpVersion, rawHeaders: raw, headers });
  return message;
}

const refused = (message: IncomingMessage, what: string): void =>
  assert.throws(
    () => readRequestHead(message),
    (error) => isCordonError(error),
    what,
  );

test("splits an ordinary target into path and query, unchanged", () => {
  const head = readRequestHead(request("/v1/files/a%20b?x=1&y=%2F", ["Host", "h"]));
  assert.deepEqual(head, { method: "GET", path: "/v1/files/a%20b", query: "?x=1&y=%2F" });
});

test("refuses paths that another server could read as another path", () => {
  for (const url of [
    "/v1/../admin",
    "/v1/./x",
    "/v1/..",
    "//v1/x",
    "/v1//x",
    "/v1/%2e%2e/admin",
    "/v1/%2E%2E/admin",
    "/v1/..%2fadmin",
    "/v1/..%252fadmin",
    "/v1/%25252e%25252e/x",
    "/v1/..%5cadmin",
    "/v1/..\\admin",
    "/v1/x%00",
    "/v1/x%0d%0aHost:%20other",
    "/v1/x%zz",
    "/v1/x%2",
    "/v1/é",
    "http://other.example/v1/x",
    "*",
    "",
    "/v1/x#fragment",
    "/v1/x?a=b c",
  ])
    refused(request(url, ["Host", "h"]), url);
});

test("refuses every header pair that smuggles a second request", () => {
  for (const raw of [
    ["Content-Length", "3", "Transfer-Encoding", "chunked"],
    ["Content-Length", "3", "Content-Length", "4"],
    ["Content-Length", "3", "content-length", "3"],
    ["Transfer-Encoding", "chunked", "Transfer-Encoding", "identity"],
    ["Transfer-Encoding", "gzip, chunked"],
    ["Transfer-Encoding", "xchunked"],
    ["Host", "a", "Host", "b"],
    ["Content-Type", "application/json", "Content-Type", "text/plain"],
    ["Authorization", "Bearer a", "authorization", "Bearer b"],
  ])
    refused(request("/v1/x", raw, "POST"), raw.join(" "));
});

test("refuses upgrades, tunnels and other versions of HTTP", () => {
  refused(request("/v1/realtime", ["Connection", "upgrade", "Upgrade", "websocket"]), "websocket");
  refused(request("/v1/x", ["Upgrade", "h2c"]), "h2c");
  refused(request("/v1/x", [], "CONNECT"), "CONNECT");
  refused(request("/v1/x", [], "TRACE"), "TRACE");
  refused(request("/v1/x", [], "GET", "1.0"), "1.0");
});

test("an accepted path never decodes to another structure, however often it is decoded", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom("/", "a", ".", "%", "2", "5", "e", "f", "F", "c", "0", "\\", "?", "b"), {
        maxLength: 24,
      }),
      (parts) => {
        let head: ReturnType<typeof readRequestHead>;
        try {
          head = readRequestHead(request(`/${parts.join("")}`));
        } catch (error) {
          assert.ok(isCordonError(error));
          return;
        }
        let path = head.path;
        const slashes = path.split("/").length;
        for (let round = 0; round < 4; round++) {
          try {
            path = decodeURIComponent(path);
          } catch {
            break;
          }
          assert.equal(path.split("/").length, slashes, path);
          assert.ok(!path.split("/").some((segment) => segment === "." || segment === ".."), path);
          assert.ok(!path.includes("\\") && !path.includes("\0"), path);
        }
      },
    ),
    { numRuns: 5000 },
  );
});

test("an encoded slash is read where it was asked for, and nowhere else, whatever was read before", () => {
  const read = (path: string, slashes?: "encoded") => () => readRequestHead(request(path, ["Host", "h"]), slashes);
  assert.throws(read("/p/group%2Fname"), /encodes a slash/);
  assert.equal(read("/p/group%2Fname?x", "encoded")().path, "/p/group%2Fname");
  assert.throws(read("/p/group%2Fname?x"), /encodes a slash/);
  for (const path of [
    "/p/..%2Fadmin",
    "/p/a%2f..%2fb",
    "/p%2F/a",
    "/%2Fa",
    "/p/a%2F.;x",
    "/p/a%252Fb",
    "/p/a%5Cb",
    "/p/%2e%2e%2Fb",
  ])
    assert.throws(read(path, "encoded"), /the request is refused/, path);
});
