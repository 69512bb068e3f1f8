import assert from "node:assert/strict";
import { test } from "node:test";
import { isCordonError } from "../errors.ts";
import { problemsOf } from "./configuration-problems.ts";
import { z } from "zod";
import { parse as parseYaml } from "yaml";
import { configurationJsonSchema, parseConfiguration } from "./configuration.ts";

const head = ["version: 1", "trustDomain: bank.example"];
const gateway = "  - { name: gateway, kind: service, boundary: api }";

/** A valid configuration with these lines after it; they start on line 5. */
function withLines(...lines: string[]): string {
  return [...head, "components:", gateway, ...lines].join("\n");
}

/** `line:column message` of every problem. */
function problems(text: string): string[] {
  try {
    parseConfiguration(text, "cordon.yaml");
  } catch (error) {
    assert.ok(isCordonError(error, "CONFIG_INVALID"), String(error));
    return problemsOf(error).map(({ line, column, message }) => `${line}:${column} ${message}`);
  }
  return [];
}

function refuses(text: string, ...expected: (readonly [place: string, words: RegExp])[]): void {
  const found = problems(text);
  assert.equal(found.length, expected.length, `found:\n${found.join("\n")}`);
  for (const [index, [place, words]] of expected.entries()) {
    assert.equal(found[index]?.split(" ")[0], place, found[index]);
    assert.match(found[index] ?? "", words);
  }
}

const openai = (models: string) => `routes:\n  - { name: r, kind: openai, path: /v1, models: ${models} }`;

test("fills in every default", () => {
  const configuration = parseConfiguration(withLines(), "cordon.yaml");
  assert.equal(configuration.gateway.listen, "127.0.0.1:8443");
  assert.equal(configuration.store.url, "sqlite:");
  assert.equal(configuration.staleness.limitSeconds, 60);
  assert.deepEqual(configuration.keys, { root: { file: "root.key" }, also: [] });
  assert.deepEqual(configuration.components[0]?.labels, { categories: [], integrity: "untrusted" });
  assert.equal(configuration.components[0]?.bearerTokens, false);
  assert.equal(configuration.identity.jwtTtlSeconds, 300);
});

test("reads references across namespaces, peers by SPIFFE ID, fallbacks, and plain aliases", () => {
  const configuration = parseConfiguration(
    withLines(
      "  - { name: chat, namespace: team, kind: endpoint, boundary: model }",
      "upstreams:",
      '  - { name: a, url: "https://10.0.0.1:9001/base", authentication: { spiffe: team/chat } }',
      '  - { name: b, url: "https://[fd00::1]", authentication: { spiffe: "spiffe://bank.example/ns/team/endpoint/chat" } }',
      '  - { name: c, url: "http://[::1]:11434", authentication: loopback, timeouts: &slow { idleMs: 5000 } }',
      '  - { name: d, url: "https://x.example:443", authentication: webpki, timeouts: *slow }',
      openai(
        "{ one: { component: team/chat, upstream: a, fallback: two }, two: { component: team/chat, upstream: b } }",
      ),
    ),
    "cordon.yaml",
  );
  assert.equal(configuration.upstreams[3]?.timeouts.idleMs, 5000);
});

test("refuses what is not one YAML document, at its place", () => {
  refuses("", ["1:1", /the file is empty/]);
  refuses("# only words\n", ["1:1", /the file is empty/]);
  refuses("a: [1,\n", ["2:1", /not YAML/]);
  refuses("a: 1\n---\nb: 2\n", ["2:1", /more than one YAML document/]);
  refuses("%YAML 1.1\n---\na: yes\n", ["1:1", /must be YAML 1.2/]);
  refuses("- 1\n", ["1:1", /the file must be a group of fields, not a list/]);
  refuses("version: 1\n\ttrustDomain: x\n", ["2:1", /not YAML/]);
});

test("refuses invisible characters, at their place", () => {
  refuses("a: b\u0000c\n", ["1:5", /U\+0000/]);
  refuses("a: 1\nb: \u202Etxt\n", ["2:4", /U\+202E/]);
  refuses("a: \uD800\n", ["1:4", /lone surrogate/]);
});

test("refuses tags, merge keys, dangling aliases and keys that are not text", () => {
  refuses(withLines("state: !env STATE"), ["5:8", /the YAML tag `!env` is not allowed/]);
  refuses(
    withLines("base: &base {}", "gateway:", "  <<: *base"),
    ["5:1", /unknown field `base`/],
    ["7:3", /merge keys/],
  );
  refuses(withLines("state: *nowhere"), ["5:8", /`\*nowhere` has no anchor before it/]);
  refuses(withLines("gateway: &g { limits: *g }"), ["5:23", /lies within its own anchor/]);
  refuses(withLines("1: x"), ["5:1", /a key must be text/]);
});

test("refuses a duplicate key, naming the first", () => {
  refuses(withLines("state: a", "state: b"), ["6:1", /`state` is written twice; first on line 5/]);
  // Without this check the last would win, and the first line be a lie.
});

test("refuses `__proto__` as a key, at any depth, and lets `constructor` be a model's name", () => {
  refuses(withLines("__proto__: { polluted: true }"), ["5:1", /`__proto__` cannot be a key/]);
  refuses(withLines("gateway:", "  __proto__: { listen: x }"), ["6:3", /`__proto__` cannot be a key/]);
  refuses(withLines("constructor: 1"), ["5:1", /unknown field `constructor`/]);
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
  const target = "{ component: chat, upstream: u }";
  const lines = [
    "  - { name: chat, kind: model, boundary: model }",
    'upstreams: [ { name: u, url: "https://u.example", authentication: webpki } ]',
  ];
  assert.deepEqual(problems(withLines(...lines, openai(`{ constructor: ${target}, hasOwnProperty: ${target} }`))), []);
});

test("refuses unknown fields at their key, with what was probably meant", () => {
  refuses(withLines("stalenes: { limitSeconds: 5 }"), ["5:1", /unknown field `stalenes`; did you mean `staleness`\?/]);
  refuses(withLines("gateway:", "  limits:", "    bodybytes: 5000"), ["7:5", /did you mean `bodyBytes`/]);
  refuses(withLines("  - { name: a, kind: tool, boundary: api, lables: {} }"), ["5:43", /did you mean `labels`/]);
  refuses(withLines("store: { url: { evn: X } }"), ["5:15", /`url` must be a secret reference/]);
  refuses(withLines("zzzzzz: 1"), ["5:1", /unknown field `zzzzzz`$/]);
});

test("refuses wrong types, words, sizes and missing fields, at their value", () => {
  refuses("version: 2\ntrustDomain: a\ngateway: { component: gateway }\ncomponents:\n" + gateway, [
    "1:10",
    /must be 1/,
  ]);
  refuses("version: 1\ncomponents:\n" + gateway, ["1:1", /`trustDomain` is missing/]);
  refuses(withLines("staleness: { limitSeconds: 0 }"), ["5:28", /`limitSeconds` must be at least 1/]);
  refuses(withLines("staleness: { limitSeconds: 1.5 }"), ["5:28", /whole number/]);
  refuses(withLines("staleness: { limitSeconds: .inf }"), ["5:28", /number/]);
  refuses(withLines("staleness:"), ["5:11", /`staleness` must be a group of fields, not empty/]);
  refuses(withLines("gateway: { limits: { bodyBytes: 10MB } }"), ["5:33", /`bodyBytes` must be a number, not text/]);
  refuses(withLines("identity: { jwtTtlSeconds: 301 }"), ["5:28", /at most 300/]);
  refuses(withLines("routes: { a: 1 }"), ["5:9", /`routes` must be a list, not a group of fields/]);
  refuses(withLines("  - { name: a, kind: tol, boundary: api }"), ["5:22", /did you mean `tool`\?/]);
  refuses(withLines("  - { name: a, kind: tool }"), ["5:5", /`boundary` is missing/]);
  refuses(withLines("  - { name: A_b, kind: tool, boundary: api }"), ["5:13", /`name` must be lower-case/]);
  refuses(withLines("  - { name: a, namespace: x/y, kind: tool, boundary: api }"), ["5:27", /`namespace` must be/]);
});

test("refuses trust domains and listen addresses that have another spelling", () => {
  const domain = (value: string) => `version: 1\ntrustDomain: ${value}\ncomponents:\n${gateway}`;
  for (const value of ["Bank.example", '"bank example"', "spiffe://bank.example", '""'])
    refuses(domain(value), ["2:14", /`trustDomain` must be/]);
  for (const value of [
    "127.0.0.1",
    "8443",
    '":8443"',
    '"127.1:8443"',
    '"127.0.0.1:65536"',
    '"127.0.0.1:08443"',
    '"[::1]:x"',
  ])
    refuses(withLines(`gateway: { listen: ${value} }`), ["5:20", /`listen` |port|usual form/]);
  for (const value of ['"[::1]:8443"', '"0.0.0.0:0"', '"localhost:1"'])
    assert.deepEqual(problems(withLines(`gateway: { listen: ${value} }`)), []);
});

test("refuses references that do not resolve, and names the likely one", () => {
  const upstream = 'upstreams: [ { name: chat, url: "https://u.example", authentication: { spiffe: gatway } } ]';
  refuses(withLines(upstream), ["5:80", /no component `gatway` in namespace `default`; did you mean `gateway`/]);
  const here = withLines(
    "  - { name: chat, namespace: team, kind: model, boundary: model }",
    'upstreams: [ { name: up, url: "https://u.example", authentication: webpki } ]',
    openai("{ m: { component: chat, upstream: upp, fallback: n } }"),
  );
  refuses(
    here,
    ["8:67", /no component `chat` in namespace `default`; did you mean `team\/chat`/],
    ["8:83", /no upstream `upp` in namespace `default`; did you mean `up`/],
    ["8:98", /no model `n` on this route/],
  );
  refuses(withLines("gateway: { component: other }"), ["5:23", /the gateway itself: there is no component `other`/]);
  refuses("version: 1\ntrustDomain: a\n", ["1:1", /the gateway itself.*register/]);
});

test("does not complain about references to an item that itself cannot be read", () => {
  const text = withLines(
    "  - { name: chat, kind: modle, boundary: model }",
    'upstreams: [ { name: u, url: "https://u.example", authentication: { spiffe: chat } } ]',
  );
  refuses(text, ["5:25", /did you mean `model`/]);
});

test("refuses a circle of fallbacks once, and a model that falls back to itself", () => {
  const base = [
    "  - { name: chat, kind: model, boundary: model }",
    'upstreams: [ { name: u, url: "https://u.example", authentication: webpki } ]',
  ];
  const model = (name: string, fallback: string) => `${name}: { component: chat, upstream: u, fallback: ${fallback} }`;
  refuses(withLines(...base, openai(`{ ${model("b", "a")}, ${model("a", "b")}, ${model("c", "a")} }`)), [
    "8:146",
    /circle: `a` -> `b` -> `a`/,
  ]);
  refuses(withLines(...base, openai(`{ ${model("a", "a")} }`)), ["8:96", /circle: `a` -> `a`/]);
});

test("refuses names and paths that are taken", () => {
  refuses(withLines(gateway.replace("service", "tool")), ["5:13", /already a component `gateway`.*on line 4/]);
  assert.deepEqual(problems(withLines("  - { name: gateway, namespace: team, kind: tool, boundary: api }")), []);
  const up = 'upstreams: [ { name: u, url: "https://u.example", authentication: webpki } ]';
  const route = (name: string, path: string, namespace = "default") =>
    `  - { name: ${name}, namespace: ${namespace}, kind: http, path: ${path}, resource: default/gateway, upstream: default/u, actions: { GET: read } }`;
  refuses(withLines(up, "routes:", route("a", "/x"), route("a", "/y")), ["8:13", /already a route `a`.*line 7/]);
  refuses(withLines(up, "routes:", route("a", "/x"), route("a", "/x", "team")), [
    "8:51",
    /already belongs to the route `a` on line 7/,
  ]);
  refuses(withLines("policies:", "  - { file: a/p.cedar }", "  - { file: b/p.cedar }"), [
    "7:5",
    /a policy named `p`.*give one of them a `name`/,
  ]);
});

test("refuses route paths that have two spellings or are Cordon's own", () => {
  const up = 'upstreams: [ { name: u, url: "https://u.example", authentication: webpki } ]';
  const bad = [
    "v1",
    "/v1/",
    "//v1",
    "/a//b",
    "/a/../b",
    "/./a",
    "/%76",
    "/a b",
    "/a?b",
    "/a\\\\b",
    "/.cordon",
    "/.cordon/x",
    "/.CORDON/x",
    "/\u00e9",
  ];
  for (const path of bad)
    refuses(
      withLines(
        up,
        "routes:",
        `  - { name: a, kind: http, path: "${path}", resource: gateway, upstream: u, actions: { GET: read } }`,
      ),
      ["7:34", /`path` must/],
    );
  for (const path of ["/", "/.cordonx", "/v1/chat.x~y", "/.well-known/a"])
    assert.deepEqual(
      problems(
        withLines(
          up,
          "routes:",
          `  - { name: a, kind: http, path: "${path}", resource: gateway, upstream: u, actions: { GET: read } }`,
        ),
      ),
      [],
    );
});

test("refuses methods and actions that are none", () => {
  const up = 'upstreams: [ { name: u, url: "https://u.example", authentication: webpki } ]';
  const route = (actions: string) =>
    withLines(
      up,
      "routes:",
      `  - { name: a, kind: http, path: /a, resource: gateway, upstream: u, actions: ${actions} }`,
    );
  refuses(route("{ get: read }"), ["7:81", /`get` must be an HTTP method in upper case/]);
  refuses(route("{ GET: raed }"), ["7:86", /did you mean `read`/]);
  refuses(route("{}"), ["7:79", /must name at least one method/]);
});

test("keeps http: on loopback, and loopback to http:", () => {
  const upstream = (url: string, authentication: string) =>
    withLines("upstreams:", `  - { name: u, url: "${url}", authentication: ${authentication} }`);
  refuses(upstream("http://10.0.0.1", "loopback"), ["6:21", /`http:` is only for upstreams on this machine/]);
  // Names that only look like loopback.
  for (const host of ["localhost.evil.example", "128.0.0.1", "[::2]", "[::ffff:7f00:1]"])
    refuses(upstream(`http://${host}`, "loopback"), ["6:21", /`http:` is only/]);
  for (const host of ["127.1", "0x7f.0.0.1", "2130706433", "LOCALHOST", "127.0.0.01"])
    refuses(upstream(`http://${host}`, "loopback"), ["6:21", /write the host as/]);
  refuses(upstream("http://127.0.0.1", "webpki"), ["6:57", /proves nothing; only `loopback` fits/]);
  refuses(upstream("http://127.0.0.1", "{ spiffe: gateway }"), ["6:57", /proves nothing/]);
  refuses(upstream("https://127.0.0.1", "loopback"), ["6:58", /`loopback` is for `http:`/]);
  for (const url of ["http://127.0.0.1:1", "http://127.9.9.9", "http://[::1]", "http://localhost:11434/v1"])
    assert.deepEqual(problems(upstream(url, "loopback")), []);
});

test("refuses upstream URLs that hold more than a place", () => {
  const upstream = (url: string) => withLines("upstreams:", `  - { name: u, url: "${url}", authentication: webpki }`);
  for (const url of [
    "ftp://x",
    "https://",
    "https://x/?a",
    "https://x/#a",
    "https://u@x",
    "https://x/a/../b",
    "https://x\\\\y",
    "https://x/%2e",
    "https://x:99999",
    "x",
  ])
    refuses(upstream(url), ["6:21", /`url`/]);
});

test("refuses peers of other trust domains, of the wrong kind, or that are no component", () => {
  const upstream = (peer: string) =>
    withLines("upstreams:", `  - { name: u, url: "https://x.example", authentication: { spiffe: "${peer}" } }`);
  refuses(upstream("spiffe://other.example/ns/default/service/gateway"), ["6:68", /another trust domain/]);
  refuses(upstream("spiffe://bank.example/ns/default/model/gateway"), ["6:68", /`gateway` is a service/]);
  refuses(upstream("spiffe://bank.example/gateway"), ["6:68", /must be a component's SPIFFE ID/]);
  refuses(upstream("spiffe://bank.example/ns/default/service/nobody"), ["6:68", /no component `default\/nobody`/]);
  refuses(upstream("a/b/c"), ["6:68", /must be the name of a component/]);
  assert.deepEqual(problems(upstream("spiffe://bank.example/ns/default/service/gateway")), []);
});

test("refuses a dataset that does not say how sensitive it is", () => {
  refuses(withLines("  - { name: d, kind: dataset, boundary: data }"), ["5:5", /must say how sensitive/]);
  refuses(withLines("  - { name: d, kind: dataset, boundary: data, labels: {} }"), ["5:55", /must say how sensitive/]);
});

test("refuses a model target or gateway of the wrong kind", () => {
  const up = 'upstreams: [ { name: u, url: "https://u.example", authentication: webpki } ]';
  refuses(withLines(up, openai("{ m: { component: gateway, upstream: u } }")), [
    "7:67",
    /`gateway` is of kind service/,
  ]);
  refuses(withLines("  - { name: t, kind: tool, boundary: api }", "gateway: { component: t }"), [
    "6:23",
    /is of kind tool/,
  ]);
});

test("refuses literal secrets, marks their lines, and never repeats them", () => {
  const upstream = (credential: string) =>
    withLines(
      "upstreams:",
      `  - { name: u, url: "https://x.example", authentication: webpki, credential: ${credential} }`,
    );
  const secret = `hunter2-${"x".repeat(20)}`;
  const cases: readonly (readonly [string, RegExp])[] = [
    [
      upstream(`{ header: authorization, secret: ${secret} }`),
      /must be a secret reference; keep it out of this file.*env: NAME/,
    ],
    [upstream(`{ header: x-key, prefix: sk-${"a1".repeat(10)}, secret: { env: K } }`), /looks like an API key/],
    [withLines(`keys: { root: { passphrase: ${secret} } }`), /must be a secret reference/],
    [withLines(`store: { url: "postgres://u:${secret}@db/cordon" }`), /looks like a URL with a password/],
    [withLines(`store: { url: "postgres://db/cordon?user=u&password=${secret}" }`), /looks like a URL with a password/],
    [withLines(`apiKey: ${secret}`), /unknown field `apiKey`; if it is a secret/],
    [withLines(`state: "AKIA${"A".repeat(16)}"`), /looks like an AWS access key/],
    [withLines('state: "-----BEGIN EC PRIVATE KEY-----"'), /looks like a private key/],
  ];
  for (const [text, words] of cases) {
    assert.throws(
      () => parseConfiguration(text, "cordon.yaml"),
      (error: unknown) => {
        assert.ok(isCordonError(error, "CONFIG_INVALID"));
        assert.match(error.message, words);
        assert.doesNotMatch(error.message, /hunter2|a1a1|AAAA/);
        return problemsOf(error).some((problem) => problem.holdsSecret);
      },
    );
  }
});

test("refuses secret references that are none, and headers that frame the request", () => {
  const credential = (header: string, secret: string) =>
    withLines(
      "upstreams:",
      `  - { name: u, url: "https://x.example", authentication: webpki, credential: { header: ${header}, secret: ${secret} } }`,
    );
  refuses(credential("x-key", "{ env: 'a b' }"), ["6:110", /`env` must be the name of an environment variable/]);
  refuses(credential("x-key", "{ exec: [] }"), ["6:111", /`exec` must hold at least 1 item/]);
  refuses(credential("x-key", "{ env: A, file: b }"), ["6:103", /must be a secret reference/]);
  refuses(credential("x-key", "{ vault: b }"), ["6:103", /must be a secret reference/]);
  for (const header of ["host", "Content-Length", "transfer-encoding", '"x y"', '"x:"'])
    assert.match(problems(credential(header, "{ env: A }")).join("\n"), /^6:88 `header` (is not|cannot)/);
});

test("reports everything at once, in the order of the file", () => {
  const text = [
    "version: 1",
    "trustDomain: UPPER",
    "statee: x",
    "components:",
    gateway,
    "  - { name: gateway, kind: tool, boundary: api }",
    "upstreams:",
    '  - { name: u, url: "http://10.0.0.1", authentication: loopback }',
  ].join("\n");
  refuses(
    text,
    ["2:14", /trustDomain/],
    ["3:1", /statee/],
    ["6:13", /already a component/],
    ["8:21", /only for upstreams on this machine/],
  );
});

test("counts columns after CRLF and beyond the basic plane as editors do", () => {
  refuses(withLines().replaceAll("\n", "\r\n") + "\r\nstatee: x\r\n", ["5:1", /statee/]);
  refuses(withLines('  - { description: "\u{1F600}", name: a, kind: tol, boundary: api }'), [
    "5:41",
    /did you mean `tool`/,
  ]);
});

test("the error's message names the file and every problem", () => {
  assert.throws(() => parseConfiguration("version: 1\nstat: x\n", "etc/cordon.yaml"), {
    code: "CONFIG_INVALID",
    message:
      /^etc\/cordon\.yaml has 3 problems:\n {2}etc\/cordon\.yaml:1:1 .*\n.*\n {2}etc\/cordon\.yaml:2:1 unknown field `stat`/,
  });
});

test("the editors' schema is strict, described, and allows what the parser allows to be left out", () => {
  const schema = configurationJsonSchema() as {
    additionalProperties: unknown;
    required: string[];
    properties: Record<string, { description?: string }>;
  };
  assert.equal(schema.additionalProperties, false);
  assert.deepEqual(schema.required.toSorted(), ["trustDomain", "version"]);
  for (const [name, field] of Object.entries(schema.properties)) assert.ok(field.description, name);
});

test("the editors' schema and the parser agree wherever one field alone can tell", () => {
  const editor = z.fromJSONSchema(configurationJsonSchema());
  const up = 'upstreams: [ { name: u, url: "https://u.example", authentication: webpki } ]';
  const samples: readonly string[] = [
    withLines(),
    withLines(
      up,
      "routes: [ { name: a, kind: http, path: /a, resource: gateway, upstream: u, actions: { GET: read } } ]",
    ),
    withLines("keys: { root: { passphrase: { exec: [pass, show, cordon] } } }"),
    withLines("policies: [ { file: a.cedar }, { namespace: team, text: permit } ]"),
    withLines('upstreams: [ { name: u, url: "https://u.example", authentication: { webpki: { caFile: ca.pem } } } ]'),
    withLines("stalenes: {}"),
    withLines("staleness: { limitSeconds: 0 }"),
    withLines("staleness: { limitSeconds: soon }"),
    withLines("staleness: { limitSeconds: 1.5 }"),
    withLines("gateway: { limits: { bodyBytes: 10MB } }"),
    withLines("routes: {}"),
    withLines("  - { name: A, kind: tool, boundary: api }"),
    withLines("  - { name: a, kind: tol, boundary: api }"),
    withLines("  - { name: a, kind: tool }"),
    withLines(up, "routes: [ { name: a, kind: htp, path: /a } ]"),
    withLines(
      up,
      "routes: [ { name: a, kind: http, path: a, resource: gateway, upstream: u, actions: { GET: read } } ]",
    ),
    withLines(
      up,
      "routes: [ { name: a, kind: http, path: /a, resource: gateway, upstream: u, actions: { GET: raed } } ]",
    ),
    withLines("keys: { root: { passphrase: secret } }"),
    withLines("keys: { root: { file: a, passphrase: { env: A } } }"),
    withLines("policies: [ { file: a.cedar, text: b } ]"),
    withLines('upstreams: [ { name: u, url: "ftp://u", authentication: webpki } ]'),
    withLines('upstreams: [ { name: u, url: "https://u", authentication: mtls } ]'),
    "trustDomain: bank.example\ncomponents:\n" + gateway,
  ];
  const verdicts = samples.map((sample) => problems(sample).length === 0);
  assert.equal(verdicts.filter(Boolean).length, 5);
  for (const [index, sample] of samples.entries())
    assert.equal(editor.safeParse(parseYaml(sample)).success, verdicts[index], sample);
});
