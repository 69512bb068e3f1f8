import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { integrities, sensitivities, type Labels } from "../contract/vocabulary.ts";
import { checkFlow, emptyLabels, isWithin, joinLabels, labelsAdded, type FlowFacts } from "./flow.ts";

const settings = { mode: "enforce", private: "confidential", idleMs: 1 } as const;
const outside = { id: "spiffe://bank.example/ns/default/external/partner" as never, kind: "external" } as const;
const inside = { id: "spiffe://bank.example/ns/default/dataset/customers" as never, kind: "dataset" } as const;
const context = { external: false };
const holding = (more: Partial<FlowFacts>): FlowFacts => ({ ...emptyLabels, standing: "known", ...more });

const anyLabels: fc.Arbitrary<Labels> = fc.record({
  sensitivity: fc.constantFrom(...sensitivities),
  categories: fc.uniqueArray(fc.constantFrom("GDPR", "PDPA-SG", "HIPAA")).map((each) => each.toSorted()),
  integrity: fc.constantFrom(...integrities),
});

test("labels only rise: joining is commutative, associative, idempotent, and above both", () => {
  fc.assert(
    fc.property(anyLabels, anyLabels, anyLabels, (a, b, c) => {
      const ab = joinLabels(a, b);
      assert.ok(isWithin(a, ab) && isWithin(b, ab));
      assert.deepEqual(joinLabels(b, a), ab);
      assert.deepEqual(joinLabels(joinLabels(a, b), c), joinLabels(a, joinLabels(b, c)));
      assert.deepEqual(joinLabels(a, a), joinLabels(a, emptyLabels));
      assert.ok(isWithin(joinLabels(a, emptyLabels), a));
    }),
  );
});

test("private data, untrusted content and a way out never meet; any two may", () => {
  const secret = { sensitivity: "confidential" } as const;
  const tainted = { integrity: "untrusted" } as const;
  const refused = (facts: Partial<FlowFacts>, to: typeof outside | typeof inside = outside, external = false) =>
    checkFlow(settings, { flow: holding(facts), context: { external } }, to)?.words;
  assert.equal(refused({ ...secret }), undefined);
  assert.equal(refused({ ...tainted }), undefined);
  assert.equal(refused({ ...secret, ...tainted }, inside), undefined);
  assert.match(refused({ ...secret, ...tainted }) ?? "", /is a way out: the three never meet/);
  assert.match(refused({ ...secret, ...tainted }, inside, true) ?? "", /way out/, "an upstream outside is one");
  assert.match(refused({ ...secret, ...tainted, wayOut: true }, inside) ?? "", /way out/, "so is a tool that sends");
  assert.equal(refused({ sensitivity: "internal", ...tainted }), undefined, "what is not private may leave");
});

test("a refusal names the steps that led to it", () => {
  const step = (id: string, index: number) => ({ id, index, resource: inside.id, at: 0 });
  const flow = holding({
    sensitivity: "restricted",
    integrity: "untrusted",
    sensitive: step("a", 12),
    untrusted: { ...step("b", 15), tool: "read_mail" },
  });
  const refusal = checkFlow(settings, { flow, context: { ...context, tool: "send_mail" } }, outside);
  assert.match(
    refusal?.words ?? "",
    /default\/dataset\/customers, ledger entry 12.*tool `read_mail`, ledger entry 15.*`send_mail`/,
  );
  assert.deepEqual(
    refusal?.steps.map(({ id }) => id),
    ["a", "b"],
  );
});

test("asking a model adds nothing, nor do messages of MCP that bring no content; a tool may say more than its server", () => {
  const labels: Labels = { sensitivity: "confidential", categories: ["GDPR"], integrity: "untrusted" };
  assert.equal(labelsAdded("infer", labels), emptyLabels);
  assert.equal(labelsAdded("read", labels, "tools/list"), emptyLabels);
  assert.deepEqual(labelsAdded("read", labels, "resources/read"), labels);
  assert.deepEqual(labelsAdded("read", labels), labels);
  assert.deepEqual(labelsAdded("read", labels, "tools/list", { content: true }), labels);
  const own = labelsAdded("callTool", labels, "tools/call", {
    labels: { sensitivity: "public", integrity: "trusted" },
  });
  assert.deepEqual(own, { sensitivity: "public", categories: ["GDPR"], integrity: "trusted" });
});
