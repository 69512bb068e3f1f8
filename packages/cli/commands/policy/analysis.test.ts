/** The commands that look at policies before deployment, run on the demo's configuration and on changes of it. */
import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { CommandModule } from "../../command.ts";
import * as diff from "./diff.ts";
import * as reach from "./reach.ts";
import * as policyTest from "./test.ts";
import * as unused from "./unused.ts";

let folder: string;
let config: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "cordon-policy-"));
  await cp("examples/demo/cordon.yaml", join(folder, "cordon.yaml"));
  await cp("examples/demo/policies", join(folder, "policies"), { recursive: true });
  config = join(folder, "cordon.yaml");
});
after(() => rm(folder, { recursive: true, force: true }));

async function call(command: CommandModule, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const code = await command.run(args, { stdout: (text) => (out += text), stderr: (text) => (err += text) });
  return { code, out, err };
}

test("reach lists who reaches the training data, and what follows if the assistant falls", async () => {
  const to = await call(reach, "--config", config, "--to", "training-data");
  assert.equal(to.code, 0);
  assert.deepEqual(
    to.out
      .trim()
      .split("\n")
      .map((line) => line.split("  ").slice(0, 3).join(" ")),
    [
      "default/pipeline/training-pipeline read default/dataset/training-data",
      "default/pipeline/training-pipeline write default/dataset/training-data",
    ],
  );
  const fallen = await call(reach, "--config", config, "--compromised", "assistant", "--json");
  const { reached } = JSON.parse(fallen.out) as { reached: { component: string }[] };
  assert.ok(reached.some(({ component }) => component.endsWith("/dataset/customers")));
  assert.ok(!reached.some(({ component }) => component.endsWith("/dataset/training-data")));
  const nobody = await call(reach, "--config", config, "--from", "nobody");
  assert.equal(nobody.code, 2);
  assert.match(nobody.err, /no component `nobody`/);
});

test("diff names what a change lets through, and fails the pipeline; the other way round it only loses", async () => {
  const changed = join(folder, "changed.yaml");
  const policies = await readFile(join(folder, "policies/default.cedar"), "utf8");
  await writeFile(
    join(folder, "policies/changed.cedar"),
    `${policies}\n@id("loans-read-customers") permit(principal == Workload::"default/service/loan-desk", action == Action::"read", resource == Component::"default/dataset/customers");\n`,
  );
  await writeFile(
    changed,
    (await readFile(config, "utf8")).replace("policies/default.cedar", "policies/changed.cedar"),
  );
  const gained = await call(diff, config, changed);
  assert.equal(gained.code, 1);
  assert.match(
    gained.out,
    /^\+ default\/service\/loan-desk {2}read {2}default\/dataset\/customers {2}\[default\/loans-read-customers\]\n1 gained, 0 otherwise than before, 0 lost\n$/,
  );
  const markdown = await call(diff, config, changed, "--markdown");
  assert.match(
    markdown.out,
    /\| `default\/service\/loan-desk` \| read \| `default\/dataset\/customers` \| at any time \|/,
  );
  const lost = await call(diff, changed, config);
  assert.equal(lost.code, 0);
  assert.match(lost.out, /^- .*\n0 gained, 0 otherwise than before, 1 lost\n$/);
});

test("diff names people too: a group's members and who is named, in text, Markdown and JSON", async () => {
  const changed = join(folder, "people.yaml");
  const policies = await readFile(join(folder, "policies/default.cedar"), "utf8");
  await writeFile(
    join(folder, "policies/people.cedar"),
    `${policies}
@id("science-reads") permit(principal is User, action == Action::"read", resource == Component::"default/dataset/customers") when { principal.groups.contains("data|science\`") };
@id("mei-asks") permit(principal == User::"default/user/mei", action == Action::"infer", resource == Component::"default/endpoint/chat");
@id("lent") permit(principal == Workload::"default/agent/assistant", action == Action::"infer", resource == Component::"default/endpoint/chat") when { context.user == "default/user/mei" };
`,
  );
  await writeFile(changed, (await readFile(config, "utf8")).replace("policies/default.cedar", "policies/people.cedar"));
  const gained = await call(diff, config, changed, "--through", "assistant");
  assert.equal(gained.code, 1);
  const lines = gained.out.split("\n");
  assert.ok(
    lines.includes("+ default/user/mei, if enrolled  infer  default/endpoint/chat  [default/mei-asks]"),
    gained.out,
  );
  assert.ok(
    lines.some((line) => line.startsWith("+ default/agent/assistant for default/user/mei, if enrolled  infer")),
  );
  assert.ok(
    lines.includes("+ anybody of default in data|science`  read  default/dataset/customers  [default/science-reads]"),
  );
  assert.ok(!gained.out.includes("anybody of default  read"));
  const { out: table } = await call(diff, config, changed, "--markdown");
  assert.match(
    table,
    /\| `anybody of default in data science ` \| read \| `default\/dataset\/customers` \| at any time \|/,
  );
  const { people } = JSON.parse((await call(diff, config, changed, "--json")).out) as {
    people: { gained: { person: string; resource: string }[]; counts: { gained: number } };
  };
  assert.equal(people.counts.gained, people.gained.length);
  assert.ok(people.gained.some(({ person }) => person.endsWith("/user/mei")));
  const lost = await call(diff, changed, config);
  assert.equal(lost.code, 0);
  assert.match(lost.out, /^- default\/user\/mei, if enrolled {2}infer/m);
  const unknown = await call(diff, config, changed, "--through", "nobody");
  assert.equal(unknown.code, 2);
  assert.match(unknown.err, /no component `nobody`/);
});

test("a table of tests is run against the configuration, and says which rows are wrong", async () => {
  const table = join(folder, "tests.yaml");
  await writeFile(
    table,
    `tests:
  - { principal: assistant, action: infer, resource: chat, expect: allow, because: assistant-asks-chat }
  - { principal: assistant, action: read, resource: training-data, expect: deny, because: out of reach of inference }
  - { name: a wrong hope, principal: loan-desk, action: read, resource: customers, expect: allow }
`,
  );
  const run = await call(policyTest, table, "--config", config);
  assert.equal(run.code, 1);
  assert.match(run.out, /test 3 \(a wrong hope\): expected allow, got deny: no policy of namespace/);
  assert.match(run.err, /2 as expected, 1 not/);
  await writeFile(table, "tests: [{ principal: assistant, action: infer, resource: chat, expected: allow }]");
  const wrong = await call(policyTest, table, "--config", config);
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /expected/);
});

test("the demo's policies all do something", async () => {
  const { code, out } = await call(unused, "--config", config);
  assert.equal(code, 0);
  assert.doesNotMatch(out, /dead|shadowed/);
});
