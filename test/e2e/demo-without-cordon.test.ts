/**
 * The demo estate under attack, without Cordon: every attack reaches its objective, so what stops it in
 * demo-hijack.test.ts is Cordon.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { loadScenarios } from "@cordon/demo/scenarios/load";
import { openWorldWithoutCordon } from "@cordon/demo/scenarios/open-world";
import { playScenario } from "@cordon/demo/scenarios/run";
import { exposed, otherSeeds } from "./demo-scenarios.ts";

const scenarios = await loadScenarios();
const attacks = scenarios.filter(({ kind }) => kind === "attack");
type World = Awaited<ReturnType<typeof openWorldWithoutCordon>>;

test("there are honest scenarios, attacks that are stopped, and attacks that are not yet", () => {
  const count = (expected: string) => scenarios.filter((each) => each.expected === expected).length;
  assert.ok(count("works") >= 5 && count("stopped") >= 10 && count("not yet") >= 3);
});

test("every technique that a scenario names is one of ATLAS", (t) => {
  const file = join(import.meta.dirname, "../../../shared/corpora/atlas/reference/ATLAS-5.6.0.yaml");
  if (!existsSync(file)) return t.skip("the ATLAS catalogue is not on this machine");
  const known = new Set(readFileSync(file, "utf8").match(/AML\.T\d{4}(?:\.\d{3})?/g));
  for (const { id, atlas } of attacks)
    for (const technique of atlas) assert.ok(known.has(technique), `${id}: ${technique}`);
});

describe("without Cordon", () => {
  const warnings: string[] = [];
  let world: World;
  before(async () => (world = await openWorldWithoutCordon((words) => warnings.push(words))));
  after(() => world[Symbol.asyncDispose]());

  test("the comparison says loudly that nothing is protected", () => {
    assert.match(warnings.join(), /CORDON IS OFF/);
  });

  for (const scenario of scenarios)
    test(`${scenario.id}: ${scenario.kind === "attack" ? "the attacker gets there" : "the work is done"}`, async () => {
      const played = await playScenario(world, scenario);
      assert.ok(played.reached, played.told.join("\n"));
    });

  test("an identity number in a help page reaches the customer", async () => {
    assert.ok((await playScenario(world, exposed("S1234567D"))).reached);
  });

  test("a poisoned help page hijacks the assistant in any wording", async () => {
    const scenario = scenarios.find(({ id }) => id === "indirect-injection-document");
    assert.ok(scenario);
    for (const seed of otherSeeds) {
      const played = await playScenario(world, { ...scenario, seed });
      assert.ok(played.reached, `seed ${seed}\n${played.told.join("\n")}`);
    }
  });
});
