import assert from "node:assert/strict";
import { test } from "node:test";
import { isCordonError } from "../errors.ts";
import { problemsOf } from "./configuration-problems.ts";
import { parseConfiguration } from "./configuration.ts";

const components = `version: 1
trustDomain: bank.example
components:
  - { name: gateway, kind: service, boundary: api }
  - { name: orders, kind: dataset, boundary: data, labels: { sensitivity: internal } }
  - { name: prices, kind: dataset, boundary: data, labels: { sensitivity: internal } }
  - { name: payroll, kind: dataset, boundary: data, labels: { sensitivity: restricted } }
`;

function problems(text: string): string[] {
  try {
    parseConfiguration(components + text, "cordon.yaml");
  } catch (error) {
    assert.ok(isCordonError(error, "CONFIG_INVALID"), String(error));
    return problemsOf(error).map(({ message }) => message);
  }
  return [];
}

const secret = "{ env: PASSWORD }";
const door = (fields: string, databases: string) =>
  `dataDoors: [{ name: shop, kind: postgres, address: "127.0.0.1:5432", ${fields}, databases: [${databases}] }]`;
const orders = (more = "") => `{ name: orders, resource: orders, action: read, database: shop, role: reader${more} }`;

test("a raw tunnel to a store of one label is fine; to one that holds another, the door is named as the way", () => {
  const store = (held: string) =>
    `  - { name: store, kind: service, boundary: data, holds: [${held}] }
tunnels: [{ name: db, resource: store, address: "10.0.0.9:7432" }]`;
  assert.deepEqual(problems(store("orders, prices")), []);
  const [problem, ...more] = problems(store("orders, payroll"));
  assert.equal(more.length, 0);
  assert.match(problem ?? "", /`store` is internal and `payroll` restricted; reach it by a door \(`dataDoors`/);
});

test("one address is one store, by whatever names tunnels reach it", () => {
  const tunnel = (name: string, port: number) => `{ name: ${name}, resource: ${name}, address: "10.0.0.9:${port}" }`;
  assert.deepEqual(problems(`tunnels: [${tunnel("orders", 1)}, ${tunnel("payroll", 2)}, ${tunnel("prices", 1)}]`), []);
  assert.match(
    problems(`tunnels: [${tunnel("orders", 1)}, ${tunnel("payroll", 1)}]`)[0] ?? "",
    /raw tunnel reaches everything/,
  );
});

test("a store holds data sets, and a door leads to data sets", () => {
  assert.match(
    problems("  - { name: store, kind: service, boundary: data, holds: [gateway] }")[0] ?? "",
    /kind dataset/,
  );
  assert.match(
    problems("  - { name: store, kind: service, boundary: data, holds: [nothing] }")[0] ?? "",
    /no component/,
  );
  const wrong = orders(`, password: ${secret}`).replace("resource: orders", "resource: gateway");
  assert.match(
    problems(door("authentication: loopback", wrong))[0] ?? "",
    /what lies behind a door is of kind dataset/,
  );
});

for (const [what, text, words] of [
  ["no credential", door("authentication: loopback", orders()), /needs the role's `password`, or the door an/],
  [
    "two credentials",
    door(
      `authentication: loopback, administrator: { role: admin, password: ${secret} }`,
      orders(`, password: ${secret}`),
    ),
    /is not used/,
  ],
  ["a password in the file", door("authentication: loopback", orders(", password: hunter2")), /secret reference/],
  [
    "plain TCP to another machine",
    door("authentication: loopback", orders(`, password: ${secret}`)).replace("127.0.0.1", "10.0.0.9"),
    /`loopback` is for a server on this machine/,
  ],
  [
    "a database twice",
    door("authentication: webpki", `${orders(`, password: ${secret}`)}, ${orders(`, password: ${secret}`)}`),
    /named twice/,
  ],
  [
    "an action that no session is",
    door("authentication: webpki", orders(`, password: ${secret}`).replace("action: read", "action: deploy")),
    /action/,
  ],
  [
    "a role that PostgreSQL would cut",
    door("authentication: webpki", orders(`, password: ${secret}`).replace("reader", "r".repeat(64))),
    /63 characters/,
  ],
  [
    "a name that a tunnel has",
    `${door("authentication: webpki", orders(`, password: ${secret}`))}\ntunnels: [{ name: shop, resource: orders, address: "10.0.0.9:1" }]`,
    /already a tunnel or door `shop`/,
  ],
] as const)
  test(`a door with ${what} is refused`, () => {
    assert.match(problems(text).join("\n"), words);
  });

test("a door that is whole is taken, with its defaults", () => {
  const text = door(`authentication: webpki, administrator: { role: admin, password: ${secret} }`, orders());
  assert.deepEqual(problems(text), []);
  const [read] = parseConfiguration(components + text, "cordon.yaml").dataDoors;
  assert.deepEqual([read?.administrator?.lifeSeconds, read?.connectMs, read?.idleMs], [60, 5_000, 3_600_000]);
});
