/**
 * The demo estate under attack, with Cordon; demo-without-cordon.test.ts plays the same programs and scenario files without it.
 * What today's controls do not stop is said so in its file, and held to it: the day that one is stopped, its file has to
 * change.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openWorldBehindCordon } from "@cordon/demo/scenarios/cordon-world";
import { loadScenarios } from "@cordon/demo/scenarios/load";
import { playScenario } from "@cordon/demo/scenarios/run";
import { exposed, otherSeeds } from "./demo-scenarios.ts";

const scenarios = await loadScenarios();
type World = Awaited<ReturnType<typeof openWorldBehindCordon>>;

describe("with Cordon", () => {
  let world: World;
  before(async () => (world = await openWorldBehindCordon()));
  after(() => world[Symbol.asyncDispose]());

  for (const scenario of scenarios) {
    const { id, expected, refusal, diverted } = scenario;
    const what = { works: "the work is done", stopped: "it is stopped", "not yet": "it is not stopped yet" }[expected];
    test(`${id}: ${what}`, async () => {
      const played = await playScenario(world, scenario);
      assert.equal(played.reached, expected !== "stopped", played.told.join("\n"));
      assert.equal(played.diverted, diverted !== undefined, played.told.join("\n"));
      if (refusal !== undefined)
        assert.ok(
          played.refusals.some((words) => words.includes(refusal)),
          `none of these says "${refusal}": ${played.refusals.join(" | ")}`,
        );
    });
  }

  test("swapped weights never answer a second after the swap, and the true ones answer when they return", async (t) => {
    const json = { age: 45, educationYears: 13, hoursPerWeek: 40, capitalGain: 0, capitalLoss: 0 };
    const ask = { method: "POST", path: "/credit/score", json: { ...json, workclass: "Private", occupation: "Sales" } };
    /** Nothing where it was refused: a call that is under way when the files change is cut. */
    const probability = async (): Promise<number | undefined> => {
      const { ok, text } = await world.call("loan-desk", ask);
      if (ok) return (JSON.parse(text) as { probability: number }).probability;
      assert.match(text, /are not known to be the admitted ones/);
      return undefined;
    };
    const until = async (wanted: number, from: number): Promise<number> => {
      while ((await probability()) !== wanted) assert.ok(performance.now() - from < 5_000, "not in five seconds");
      return performance.now() - from;
    };
    const good = await probability();
    assert.ok(good !== undefined);
    const { model } = await world.call("loan-desk", { method: "GET", path: "/credit/model" }).then(({ text }) => ({
      model: JSON.parse(text) as { training: { penalty: number } },
    }));
    assert.equal(model.training.penalty, 1);
    const swapping = world.swapWeights("credit-model", { intercept: 40 });
    let last = 0;
    const began = performance.now();
    let answered: number | undefined = good;
    while (answered === undefined || answered === good || answered === 1) {
      answered = await probability();
      if (answered === 1) last = performance.now() - began;
      assert.ok(performance.now() - began < 1_000, "closed within a second");
    }
    const closed = performance.now() - began;
    await swapping;
    assert.equal(await probability(), answered, "the model before answers");
    const back = performance.now();
    await world.swapWeights("credit-model", undefined);
    const opened = await until(good, back);
    t.diagnostic(
      `the fallback answered ${closed.toFixed(0)} ms after the swap; swapped weights answered until ${last.toFixed(0)} ms; ` +
        `the true ones again ${opened.toFixed(0)} ms after they returned (a second of it waited)`,
    );
  });

  test("an identity number in a help page is masked in the answer while it streams", async () => {
    assert.ok(!(await playScenario(world, exposed("S1234567D"))).reached);
    assert.ok((await playScenario(world, exposed("\\[SG_NRIC\\]"))).reached);
  });

  test("a poisoned help page hijacks the assistant in any wording, and gets nowhere", async () => {
    const scenario = scenarios.find(({ id }) => id === "indirect-injection-document");
    assert.ok(scenario?.refusal !== undefined);
    for (const seed of otherSeeds.slice(0, 1)) {
      const played = await playScenario(world, { ...scenario, seed });
      assert.ok(
        !played.reached && played.refusals.some((words) => words.includes(scenario.refusal ?? "")),
        `seed ${seed}`,
      );
    }
  });
});
