import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { actions } from "../contract/vocabulary.ts";
import { componentFacts, contextFacts } from "./cedar-schema.ts";
import { checkPolicies } from "./policy-check.ts";
import { policyAnnotations } from "./policy-lint.ts";
import { maxNesting, maxOperatorCharacters, maxPolicyCharacters, problemLine } from "./policy-text.ts";
import { source, trustDomain } from "./test-estate.ts";

const page = await readFile(new URL("../../../docs/policy.md", import.meta.url), "utf8");
const examples = [...page.matchAll(/^```cedar\n(.*?)^```/gms)].map(([, text]) => text ?? "");

test("every example of docs/policy.md loads, all of them together", () => {
  assert.ok(examples.length >= 4);
  const { policies, problems } = checkPolicies([source(examples.join("\n"))], { trustDomain });
  assert.deepEqual(problems.map(problemLine), []);
  assert.ok(policies.length >= examples.length);
});

test("docs/policy.md names every action, attribute, closed word, context field, annotation and bound", () => {
  const words = [
    ...actions,
    ...componentFacts.flatMap(({ path, values }) => [path, ...(values ?? [])]),
    ...Object.keys(contextFacts).map((name) => `context.${name}`),
    ...contextFacts.assurance.values,
  ];
  for (const word of words) assert.ok(page.includes(`\`${word}\``), `\`${word}\` is missing`);
  for (const name of Object.keys(policyAnnotations)) assert.ok(page.includes(`@${name}(`), `@${name} is missing`);
  for (const bound of [maxPolicyCharacters, maxNesting, maxOperatorCharacters])
    assert.ok(page.includes(bound.toLocaleString("en-US")), `${bound} is missing`);
});
