import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { allowsRequest, egressRequests, pathPatternProblem } from "./egress-requests.ts";

const rules = egressRequests([
  { methods: ["GET", "HEAD"], paths: ["/", "/v1/things", "/v1/things/*", "/v1/*/parts", "/open/**"] },
  { methods: ["POST"], paths: ["/v1/uploads/"] },
]);

test("a request is allowed by its exact method, and by its path segment for segment", () => {
  for (const [method, path] of [
    ["GET", "/"],
    ["HEAD", "/v1/things"],
    ["GET", "/v1/things/7"],
    ["GET", "/v1/things/**"],
    ["GET", "/v1/x/parts"],
    ["GET", "/open/"],
    ["GET", "/open/a/b/c"],
    ["POST", "/v1/uploads/"],
  ] as const)
    assert.equal(allowsRequest(rules, method, path), true, `${method} ${path}`);
  for (const [method, path] of [
    ["POST", "/v1/things"],
    ["get", "/v1/things"],
    ["OPTIONS", "/v1/things"],
    ["GET", "/v1"],
    ["GET", "/v1/things/"],
    ["GET", "/v1/things/7/8"],
    ["GET", "/v1/things%2F7"],
    ["GET", "/v1/%74hings"],
    ["GET", "/V1/things"],
    ["GET", "/v1//parts"],
    ["GET", "/open"],
    ["GET", "/openx"],
    ["POST", "/v1/uploads"],
    ["GET", ""],
  ] as const)
    assert.equal(allowsRequest(rules, method, path), false, `${method} ${path}`);
});

test("a pattern that would not mean what it looks like is refused", () => {
  for (const path of [
    "",
    "v1",
    "//",
    "/a/../b",
    "/a/..;x",
    "/a/.",
    "/a?b",
    "/a#b",
    "/a b",
    "/a%2F..%2Fb",
    "/a%2F/b",
    "/%2Fa",
    "/a/%2e%2e%2Fb",
    "/a/..%2fb",
    "/a%2F.;x",
    "/a%5Cb",
    "/a/*%2Fb",
    "/a/b%2F**",
    "/a%252Fb",
    "/%zz",
  ])
    assert.notEqual(pathPatternProblem(path), undefined, path);
  for (const path of ["/a*", "/*.json", "/**/b", "/***", `/${"a/".repeat(70)}b`])
    assert.notEqual(pathPatternProblem(path), undefined, path);
  for (const path of [
    "/",
    "/a",
    "/a/*",
    "/*/b",
    "/**",
    "/a/**",
    "/a/;x=1",
    "/@scope/pkg",
    "/a%20b",
    "/a%2fb",
    "/a/b%2Fc/*",
  ])
    assert.equal(pathPatternProblem(path), undefined, path);
});

test("an encoded slash is let through where it is written out, as it is spelled, and by no star", () => {
  const own = egressRequests([
    { methods: ["GET"], paths: ["/projects/group%2Fname", "/projects/group%2Fname/*", "/open/**", "/open/*/x"] },
  ]);
  for (const path of ["/projects/group%2Fname", "/projects/group%2Fname/issues", "/open/a%20b/c"])
    assert.equal(allowsRequest(own, "GET", path), true, path);
  for (const path of [
    "/projects/group/name",
    "/projects/group%2fname",
    "/projects/other%2Fname",
    "/projects/group%2Fname/a%2Fb",
    "/projects/group%2Fname%2Fissues",
    "/open/a%2Fb",
    "/open/a/b%2fc",
    "/open/..%2F..%2Fsecret",
    "/open/a%2Fb/x",
    "/open%2Fa",
  ])
    assert.equal(allowsRequest(own, "GET", path), false, path);
});

const segment = fc
  .stringMatching(/^[a-z0-9%~-]{1,6}$/)
  .filter((text) => pathPatternProblem(`/${text}`) === undefined && !/%2f/i.test(text));
const segments = fc.array(segment, { minLength: 1, maxLength: 6 });

test("a path without stars allows itself and nothing else; a star opens its own segment alone", () => {
  fc.assert(
    fc.property(segments, segments, fc.nat(5), (own, other, at) => {
      const [path, elsewhere] = [`/${own.join("/")}`, `/${other.join("/")}`];
      const exact = egressRequests([{ methods: ["GET"], paths: [path] }]);
      assert.equal(allowsRequest(exact, "GET", path), true);
      assert.equal(allowsRequest(exact, "GET", elsewhere), path === elsewhere);
      const place = at % own.length;
      const starred = egressRequests([{ methods: ["GET"], paths: [`/${own.with(place, "*").join("/")}`] }]);
      const alike = own.length === other.length && own.every((one, i) => i === place || one === other[i]);
      assert.equal(allowsRequest(starred, "GET", elsewhere), alike);
      const below = egressRequests([{ methods: ["GET"], paths: [`${path}/**`] }]);
      assert.equal(allowsRequest(below, "GET", elsewhere), elsewhere.startsWith(`${path}/`));
    }),
  );
});
