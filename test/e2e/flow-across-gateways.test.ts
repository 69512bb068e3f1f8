/** Labels go with a workload to whichever gateway it turns to: two Cordons, each a process, over one store. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startCordonProcess, type CordonProcess } from "./cordon-process.ts";
import { createSchema, noPostgres } from "./postgres-schema.ts";

/** What the estate of these tests has besides: private customers, a partner outside, and who may do everything. */
const more = `
informationFlow: {}
`;

async function pair(store: string): Promise<readonly [CordonProcess, CordonProcess, AsyncDisposableStack]> {
  const stack = new AsyncDisposableStack();
  const keys = await mkdtemp(join(tmpdir(), "cordon-keys-"));
  stack.defer(() => rm(keys, { recursive: true }));
  const extra = `${store}${more}keys: { root: { file: ${join(keys, "root")} } }\n`;
  const first = stack.use(await startCordonProcess({ extra, change: withPartner }));
  const second = stack.use(await startCordonProcess({ extra, change: withPartner }));
  return [first, second, stack];
}

function withPartner(configuration: string, port: number): string {
  return configuration
    .replace(
      "components:",
      `components:
  - { name: customers, kind: dataset, boundary: data, labels: { sensitivity: confidential, integrity: trusted } }
  - { name: partner, kind: external, boundary: api, labels: { sensitivity: internal } }
  - { name: named, kind: agent, boundary: api, namesSessions: true }`,
    )
    .replace(
      "upstreams:",
      `upstreams:
  - { name: customers, url: "http://127.0.0.1:${port}/customers", authentication: loopback }
  - { name: partner, url: "http://127.0.0.1:${port}/partner", external: true, authentication: loopback }`,
    )
    .replace(
      "routes:",
      `routes:
  - { name: customers, kind: http, path: /customers, resource: customers, upstream: customers, actions: { GET: read } }
  - { name: partner, kind: http, path: /partner, resource: partner, upstream: partner, actions: { GET: read, POST: egress } }`,
    );
}

const everything = '@id("agents") permit (principal, action, resource) when { principal.kind == "agent" };\n';

/** The attack, by every way that two gateways and a name of one's own choosing give. */
async function attack(first: CordonProcess, second: CordonProcess): Promise<void> {
  for (const each of [first, second]) await writeFile(join(each.folder, "policies.cedar"), everything);
  const rival = await first.svidFor("rival");
  const call = async (at: CordonProcess, path: string, session?: string) => {
    const headers = session === undefined ? {} : { "cordon-session": session };
    return (await at.call(rival, path, { headers })).status;
  };
  await eventually(
    async () => (await call(second, "/customers/1")) === 200 && (await call(first, "/customers/0")) === 200,
  );
  assert.equal(await call(second, "/partner/page"), 200, "private data, and a way out");
  assert.equal(await call(first, "/partner/leak"), 403, "the first knows what came in at the second");
  assert.equal(await call(second, "/partner/leak"), 403);
  for (const name of ["a", "b", undefined])
    for (const at of [first, second]) assert.equal(await call(at, "/partner/leak", name), 403, `by the name ${name}`);
  const anew = await second.svidFor("rival");
  assert.equal((await first.call(anew, "/partner/leak")).status, 403, "another credential, of the other Cordon");

  // One that may name its sessions: the name, and leaving it away, shed nothing at either.
  const named = await first.svidFor("named");
  const as = async (at: CordonProcess, path: string, session?: string) => {
    const headers = session === undefined ? {} : { "cordon-session": session };
    return (await at.call(named, path, { headers })).status;
  };
  assert.deepEqual([await as(first, "/customers/1", "x"), await as(second, "/partner/page", "x")], [200, 200]);
  assert.equal(await as(first, "/partner/leak", "x"), 403);
  assert.equal(await as(second, "/partner/leak"), 403, "a call without a name may be of any session");
  assert.equal(await as(second, "/partner/page", "y"), 200, "another session of one that is trusted to say so");

  // All at once, from both sides: none gets out.
  const third = await first.svidFor("assistant");
  const racing = (at: CordonProcess, path: string) => at.call(third, path).then(({ status }) => status);
  await Promise.all([first, second].flatMap((at) => [racing(at, "/customers/1"), racing(at, "/partner/page")]));
  const after = await Promise.all(
    Array.from({ length: 10 }, (_, at) => racing(at % 2 === 0 ? first : second, `/partner/leak${at}`)),
  );
  assert.deepEqual(new Set(after), new Set([403]));
}

async function eventually(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the policies never took effect");
}

test(
  "two processes over PostgreSQL: going through the other gateway sheds no label",
  { skip: noPostgres },
  async () => {
    await using schema = await createSchema();
    const [first, second, stack] = await pair(schema.yaml);
    await using _ = stack;
    await attack(first, second);
  },
);

test("two processes over one SQLite store: nor there", async () => {
  const shared = await mkdtemp(join(tmpdir(), "cordon-store-"));
  await using stack0 = new AsyncDisposableStack();
  stack0.defer(() => rm(shared, { recursive: true, force: true }));
  const [first, second, stack] = await pair(`store: { url: "sqlite:${join(shared, "cordon.db")}" }\n`);
  await using _ = stack;
  await attack(first, second);
  assert.ok((await readFile(join(shared, "flow.db"))).length > 0, "kept beside the store");
});
