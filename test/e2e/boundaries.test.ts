/**
 * The four boundaries in front of real upstreams: what crosses one is refused though every policy permits it, with the
 * reason in words; while a boundary observes, the same call passes, says so, and is on record as one that would have been
 * denied; and the other three go on enforcing.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { run as search } from "@cordon/cli/commands/ledger/search";
import type { ComponentKind } from "@cordon/core/contract/vocabulary";
import { chatCall, configurationText, openEstate, type CallOptions, type Estate, type EstatePorts } from "./estate.ts";

const everything = `@id("everything") permit (principal, action, resource);`;

const components = `
  - { name: credit, kind: endpoint, boundary: model }
  - { name: chat-weights, kind: model, boundary: model }
  - { name: desk, kind: service, boundary: api, labels: { sensitivity: restricted } }
  - { name: partner, kind: external, boundary: api, labels: { sensitivity: public } }`;
const routes = `
  - { name: weights, kind: http, path: /weights, resource: chat-weights, upstream: data, actions: { GET: read } }
  - { name: jobs, kind: http, path: /jobs, resource: trainer, upstream: data, actions: { GET: read } }
  - { name: partner, kind: http, path: /partner, resource: partner, upstream: data, actions: { POST: write } }`;

function configuration(ports: EstatePorts, modes: string): string {
  return (
    configurationText(ports)
      .replace("boundary: data, labels", "boundary: data, purpose: training, labels")
      .replace("\nupstreams:", `${components}\nupstreams:`)
      .replace("\npolicies:", `${routes}\npolicies:`) + modes
  );
}

interface Attempt {
  readonly boundary: "data" | "model" | "pipeline" | "api";
  readonly as: readonly [ComponentKind, string];
  readonly path: string;
  readonly options?: CallOptions;
  readonly words: RegExp;
}

const rows = { method: "POST", headers: { "content-type": "text/plain" }, body: "rows" } as const;
const attempts: readonly Attempt[] = [
  { boundary: "data", as: ["agent", "assistant"], path: "/training-data/rows", words: /training data is out of reach/ },
  { boundary: "model", as: ["endpoint", "credit"], path: "/weights/layer-1", words: /another's weights/ },
  { boundary: "pipeline", as: ["agent", "assistant"], path: "/jobs/1", words: /does not reach into training/ },
  { boundary: "api", as: ["service", "desk"], path: "/partner/in", options: rows, words: /restricted information/ },
];

async function call(estate: Estate, { as, path, options }: Attempt) {
  return await estate.call(await estate.svidFor(...as), path, options);
}

async function wouldDeny(estate: Estate): Promise<string[]> {
  let out = "";
  const io = { stdout: (text: string) => void (out += text), stderr: () => undefined };
  await search([estate.cordon.ledgerFolder, "--would-deny"], io);
  return out.split("\n").filter((line) => line !== "");
}

test("each boundary refuses what every policy permits, and the upstream hears nothing", async () => {
  await using estate = await openEstate({ policies: everything, configuration: (ports) => configuration(ports, "") });
  for (const attempt of attempts) {
    const answer = await call(estate, attempt);
    assert.equal(answer.status, 403, attempt.boundary);
    assert.match(answer.text, attempt.words);
  }
  assert.equal(estate.data.seen.length, 0);
  // What is declared works: the pipeline reads what it learns from, the assistant asks its model.
  const trainer = await estate.svidFor("pipeline", "trainer");
  assert.equal((await estate.call(trainer, "/training-data/rows")).status, 200);
  const assistant = await estate.svidFor("agent", "assistant");
  assert.equal((await estate.call(assistant, "/v1/chat/completions", chatCall({ model: "m" }))).status, 200);
  const refused = (await estate.entries()).filter((entry) => entry.kind === "decision" && entry.effect === "deny");
  assert.deepEqual(
    refused.map((entry) => entry.kind === "decision" && entry.reasons.map(({ code, boundary }) => [code, boundary])),
    attempts.map(({ boundary }) => [["boundary", boundary]]),
  );
});

for (const observed of attempts)
  test(`while the ${observed.boundary} boundary observes, crossing it passes as a would-deny; the others enforce`, async () => {
    await using estate = await openEstate({
      policies: everything,
      configuration: (ports) => configuration(ports, `boundaries: { ${observed.boundary}: observe }\n`),
    });
    for (const attempt of attempts) {
      const answer = await call(estate, attempt);
      const passes = attempt === observed;
      assert.equal(answer.status, passes ? 200 : 403, `${attempt.boundary}: ${answer.text}`);
      assert.equal(answer.headers["cordon-observed"], passes ? "deny" : undefined);
    }
    assert.equal(estate.data.seen.length, 1);
    const entries = await estate.entries();
    const tried = entries.flatMap((entry) => (entry.kind === "decision" ? (entry.observed ?? []) : []));
    assert.deepEqual(
      tried.map(({ effect, reasons }) => [effect, reasons.map(({ code, boundary }) => [code, boundary])]),
      [["deny", [["boundary", observed.boundary]]]],
    );
    const [line, ...more] = await wouldDeny(estate);
    assert.equal(more.length, 0);
    assert.match(line ?? "", observed.words);
  });
