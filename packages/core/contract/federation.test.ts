import assert from "node:assert/strict";
import { test } from "node:test";
import { isCordonError } from "../errors.ts";
import { parseBundleMap, parseBundleOrMap } from "../identity/bundle-map.ts";
import { parseTrustDomain } from "../identity/spiffe-id.ts";
import { parseConfiguration } from "./configuration.ts";
import { endpointUrlProblem } from "./federation-schema.ts";

const text = (federation: string, components = "") => `version: 1
trustDomain: bank.example
federation: ${federation}
components:
  - { name: gateway, kind: service, boundary: api }
${components}`;

const web = `{ trustDomain: partner.example, url: "https://partner.example/b", profile: https_web }`;
const theirs = (name: string, id: string) => `  - { name: ${name}, kind: agent, boundary: api, spiffeId: "${id}" }\n`;

test("a federated trust domain's workload, and a mesh's, may be registered under ids of their own", () => {
  const { federation, components } = parseConfiguration(
    text(
      `{ trustDomains: [${web}] }`,
      theirs("caller", "spiffe://partner.example/anything/at/all") + theirs("mesh", "spiffe://bank.example/ns/x/sa/y"),
    ),
    "cordon.yaml",
  );
  assert.equal(federation?.trustDomains[0]?.profile, "https_web");
  assert.equal(components[1]?.spiffeId, "spiffe://partner.example/anything/at/all");
});

const spiffe = (domain: string, id: string, file = "") =>
  `{ trustDomain: ${domain}, url: "https://x/b", profile: { https_spiffe: { endpointId: "${id}"${file} } } }`;

const refused: readonly (readonly [string, string, RegExp])[] = [
  ["our own trust domain", text(`{ trustDomains: [${web.replace("partner.example", "bank.example")}] }`), /is our own/],
  ["one trust domain twice", text(`{ trustDomains: [${web}, ${web}] }`), /already on line 3/],
  ["a plain URL", text(`{ trustDomains: [${web.replace("https:", "http:")}] }`), /must be an `https:\/\/` URL/],
  ["a URL with a password", text(`{ trustDomains: [${web.replace("//", "//a:b@")}] }`), /user name or password/],
  ["an unknown profile", text(`{ trustDomains: [${web.replace("https_web", "https")}] }`), /must be `https_web`/],
  [
    "an endpoint that serves itself without a first bundle",
    text(`{ trustDomains: [${spiffe("partner.example", "spiffe://partner.example/gw")}] }`),
    /give its first bundle/,
  ],
  [
    "a first bundle for another trust domain's endpoint",
    text(`{ trustDomains: [${spiffe("partner.example", "spiffe://bank.example/gw", ", bundleFile: x")}] }`),
    /that trust domain's own/,
  ],
  [
    "an endpoint of nobody we know",
    text(`{ trustDomains: [${spiffe("partner.example", "spiffe://third.example/gw")}] }`),
    /not among `trustDomains`/,
  ],
  [
    "an endpoint that is a trust domain",
    text(`{ trustDomains: [${spiffe("partner.example", "spiffe://partner.example", ", bundleFile: x")}] }`),
    /not a workload/,
  ],
  [
    "a workload of nobody we know",
    text("{ trustDomains: [] }", theirs("caller", "spiffe://partner.example/x")),
    /nothing here vouches for/,
  ],
  [
    "a component under another component's name",
    text("{ trustDomains: [] }", theirs("alias", "spiffe://bank.example/ns/default/service/gateway")),
    /is what a component of ours is named/,
  ],
  [
    "one workload as two components",
    text(
      `{ trustDomains: [${web}] }`,
      theirs("a", "spiffe://partner.example/x") + theirs("b", "spiffe://partner.example/x"),
    ),
    /a workload is one component/,
  ],
];
for (const [what, configuration, words] of refused)
  test(`${what} is refused where it stands`, () => {
    assert.throws(
      () => parseConfiguration(configuration, "cordon.yaml"),
      (error) => isCordonError(error, "CONFIG_INVALID") && words.test(error.message),
    );
  });

test("a bundle endpoint's URL is https, without a user and without a fragment", () => {
  for (const url of ["https://x/", "https://10.0.0.1:8444/bundle.json?a=b"])
    assert.equal(endpointUrlProblem(url), undefined);
  for (const url of ["http://x/", "https://u@x/", "https://x/#f", "x", "", `https://x/${"y".repeat(3000)}`])
    assert.notEqual(endpointUrlProblem(url), undefined, url);
});

test("a map of bundles keeps each under its own name, and a name that stands twice refuses the whole", () => {
  const partner = parseTrustDomain("partner.example");
  const one = '"partner.example":{"keys":[],"spiffe_sequence":4}';
  const map = (inside: string) => Buffer.from(`{"trust_domains":{${inside}}}`);
  assert.equal(parseBundleMap(map(one)).get(partner)?.sequence, 4);
  assert.equal(parseBundleOrMap(partner, map(one)).sequence, 4);
  assert.equal(parseBundleOrMap(partner, Buffer.from('{"keys":[],"spiffe_sequence":5}')).sequence, 5);
  // JSON.parse keeps the last: the attack that this refuses.
  assert.equal(
    Object.keys((JSON.parse(map(`${one},${one}`).toString()) as { trust_domains: object }).trust_domains).length,
    1,
  );
  for (const bad of [
    map(`${one},${one}`),
    map('"Partner.example":{"keys":[]}'),
    map('"partner.example":[]'),
    Buffer.from("{}"),
  ])
    assert.throws(
      () => parseBundleMap(bad),
      (error) => isCordonError(error),
    );
  assert.throws(() => parseBundleOrMap(parseTrustDomain("third.example"), map(one)), /no bundle of third/);
});
