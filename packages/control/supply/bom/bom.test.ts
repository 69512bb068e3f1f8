import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { parseConfiguration } from "@cordon/core/contract/configuration";
import { readPackages } from "../vulnerabilities/inputs/read-packages.ts";
import { viewBom } from "./bom-view.ts";
import type { Bom } from "./cyclonedx.ts";
import { diffBoms, diffMarkdown } from "./diff-bom.ts";
import { generateEstateBom } from "./generate-estate.ts";
import { generateModelBom } from "./generate-model.ts";
import { generateRepositoryBom } from "./generate-repository.ts";
import { parseProvenance } from "./provenance.ts";
import { scoreBom } from "./score-bom.ts";
import { toSpdx } from "./spdx-export.ts";
import { validateBom } from "./validate-bom.ts";

const shared = new URL("../../../../../shared/corpora/cyclonedx/", import.meta.url).pathname;
const skip = existsSync(shared) ? false : `the corpus is not at ${shared}`;
const options = {
  now: Date.parse("2026-11-25T00:00:00Z"),
  serial: "3e671687-395b-41f5-a30f-a58921a69b79",
  toolVersion: "0.1.0",
};

test("every official example is judged as its name says", { skip }, async (t) => {
  let judged = 0;
  const wrong: string[] = [];
  for (const half of ["dev", "heldout"].map((name) => join(shared, name)).filter(existsSync))
    for (const folder of readdirSync(half))
      for (const file of readdirSync(join(half, folder))) {
        const { verdict } = await validateBom(readFileSync(join(half, folder, file)));
        const foreign = folder === "spdx3-ai" || file.startsWith("open-vex");
        const expected = foreign ? "unsupported" : file.startsWith("invalid") ? "invalid" : "valid";
        if (verdict !== expected) wrong.push(`${folder}/${file}: ${verdict}`);
        judged += 1;
      }
  t.diagnostic(`CycloneDX documents: ${judged - wrong.length} of ${judged} right`);
  assert.deepEqual(wrong, []);
  assert.ok(judged > 130);
});

test("a document that two parsers read differently is invalid, and what is not read is unsupported", async () => {
  const cases = {
    '{"bomFormat":"CycloneDX","specVersion":"1.7","version":1,"version":2}': "invalid",
    '{"bomFormat":"CycloneDX","specVersion":"1.7"': "invalid",
    '{"bomFormat":"CycloneDX","specVersion":"1.7"}': "valid",
    '{"bomFormat":"CycloneDX","specVersion":"9.9"}': "unsupported",
    '{"bomFormat":"CycloneDX"}': "invalid",
    "[]": "invalid",
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><bom/>': "unsupported",
    '{"spdxVersion":"SPDX-2.3"}': "unsupported",
  };
  for (const [text, verdict] of Object.entries(cases))
    assert.equal((await validateBom(Buffer.from(text))).verdict, verdict, text);
  assert.equal((await validateBom(Buffer.from("[".repeat(100_000)))).verdict, "invalid");
});

/** The smallest safetensors file: two tensors of BF16 and F32. */
function safetensors(): Buffer {
  const header = Buffer.from(
    JSON.stringify({
      a: { dtype: "BF16", shape: [2, 3], data_offsets: [0, 12] },
      b: { dtype: "F32", shape: [1], data_offsets: [12, 16] },
      __metadata__: { format: "pt" },
    }),
  );
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([prefix, header, Buffer.alloc(16)]);
}

async function model(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "cordon-bom-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "credit");
  await mkdir(path);
  await writeFile(join(path, "model.safetensors"), safetensors());
  await writeFile(
    join(path, "config.json"),
    JSON.stringify({
      architectures: ["BertForSequenceClassification"],
      model_type: "bert",
      hidden_size: 8,
      transformers_version: "4.57.0",
      auto_map: { AutoModel: "modeling.Evil" },
    }),
  );
  await writeFile(
    join(path, "README.md"),
    "---\nlicense: apache-2.0\npipeline_tag: text-classification\ndatasets: [beans]\nbase_model: acme/base\nmodel-index:\n- name: m\n  results:\n  - task: {type: t}\n    dataset: {type: beans, name: Beans}\n    metrics: [{type: accuracy, value: 0.9}]\n---\n# Credit\n",
  );
  return path;
}

const provenance = `
version: 1
author: Model risk team
system: { name: credit desk, version: "3", producer: Bank, released: 2026-10-01, dataFlow: from loan desk to model and back, dataUsage: applications only, inputsAndOutputs: text in and score out, intendedUse: [second opinion for loan officers] }
model: { name: credit, version: "7", producer: Bank, released: 2026-10-01, description: Scores loan applications., identifier: "pkg:generic/bank/credit@7", licence: Apache-2.0, approach: supervised, inputs: [text], outputs: [number], limitations: [cash income] }
lineage: [{ name: acme/base, version: "1", identifier: "pkg:huggingface/acme/base@1" }]
training: { by: training pipeline, finished: 2026-09-30, pipeline: "https://git.bank.example/training", configuration: { epochs: 3, seed: 42 }, preprocessing: deduplicated }
datasets:
  - { name: beans, version: "2", source: "https://data.bank.example/beans", identifier: "pkg:generic/bank/beans@2", digest: "sha256:${"ab".repeat(32)}", licence: CC-BY-4.0, description: Loan applications., content: 10000 rows of text, provenance: collected by branches, statistics: 12% positive, owner: Loan desk, sensitivity: restricted, categories: [PDPA-SG] }
infrastructure:
  hardware: [{ name: H100, vendor: NVIDIA, count: 1 }]
  software: [{ name: torch, version: 2.8.0, purl: "pkg:pypi/torch@2.8.0" }]
  cloud: [{ name: training cluster, provider: Own data centre, region: SG }]
security: { controls: [mutual TLS], compliance: [ISO/IEC 27001], policy: "mailto:security@bank.example" }
metrics: { operational: [{ name: auc, value: 0.81 }], security: [{ name: evasion rate, value: 0.02 }] }
`;

test("a model's BOM is valid and holds what its files and its maker say", async (t) => {
  const path = await model(t);
  const bom = await generateModelBom(path, {
    ...options,
    provenance: parseProvenance(Buffer.from(provenance), "p.yaml"),
  });
  assert.deepEqual(await validateBom(Buffer.from(JSON.stringify(bom))), { verdict: "valid", specVersion: "1.7" });
  const subject = bom.metadata.component;
  assert.equal(subject?.modelCard?.modelParameters?.architectureFamily, "bert");
  assert.deepEqual(subject?.licenses, [{ license: { id: "Apache-2.0" } }]);
  assert.equal(subject?.pedigree?.ancestors?.[0]?.name, "acme/base");
  const property = (name: string): string | undefined => subject?.properties?.find((each) => each.name === name)?.value;
  assert.equal(property("cordon:model:parameters"), "7");
  assert.equal(property("cordon:model:remoteCode"), "true");
  assert.equal(bom.formulation?.[0]?.workflows[0]?.inputs?.length, 2);
  assert.ok(bom.services?.some(({ provider }) => provider?.name === "Own data centre"));
  assert.ok(bom.components.some(({ type, name }) => type === "device" && name === "H100"));
  const score = scoreBom(viewBom(bom, "bom"));
  const missing = score.clusters
    .flatMap(({ elements }) => elements)
    .filter(({ state }) => state !== "present")
    .map(({ id }) => id);
  assert.deepEqual(missing, ["sbom-author-signature", "vulnerability-referencing"]);
  assert.equal(score.clusters.flatMap(({ elements }) => elements).length, 50);
});

test("without its maker's words a model's BOM is valid, and scores what it is", async (t) => {
  const bom = await generateModelBom(await model(t), options);
  assert.equal((await validateBom(Buffer.from(JSON.stringify(bom)))).verdict, "valid");
  const score = scoreBom(viewBom(bom, "bom"));
  assert.ok(score.share > 0.3 && score.share < 0.6, String(score.share));
  assert.ok(score.findings.every(({ atlas }) => atlas.mitigations.includes("AML.M0023")));
});

test("a repository's BOM holds its packages, pinned or not, and its models", async (t) => {
  const path = join(await model(t), "..");
  const read = [
    readPackages(Buffer.from("torch==2.8.0\nrequests>=2\n"), "requirements.txt"),
    readPackages(
      Buffer.from(JSON.stringify({ lockfileVersion: 3, packages: { "node_modules/@a/b": { version: "1.0.0" } } })),
      "package-lock.json",
    ),
  ];
  const bom = await generateRepositoryBom(path, read, options);
  assert.deepEqual(await validateBom(Buffer.from(JSON.stringify(bom))), { verdict: "valid", specVersion: "1.7" });
  const refs = bom.components.map((component) => component["bom-ref"]);
  for (const ref of ["pkg:pypi/torch@2.8.0", "pkg:pypi/requests", "pkg:npm/%40a/b@1.0.0", "model:credit"])
    assert.ok(refs.includes(ref), `${ref} in ${refs.join(" ")}`);
});

test("an estate's BOM holds its services with their boundaries, and no secret", async () => {
  const text = readFileSync(new URL("../../../../examples/demo/cordon.yaml", import.meta.url), "utf8");
  const bom = generateEstateBom(parseConfiguration(text, "cordon.yaml"), options);
  assert.deepEqual(await validateBom(Buffer.from(JSON.stringify(bom))), { verdict: "valid", specVersion: "1.7" });
  assert.ok((bom.services ?? []).some(({ trustZone }) => trustZone === "model"));
  assert.ok(bom.components.some(({ type }) => type === "data"));
});

test("two BOMs are compared by name; contents swapped under one version are called out", async (t) => {
  const path = await model(t);
  const before = await generateModelBom(path, options);
  await writeFile(join(path, "model.safetensors"), Buffer.concat([safetensors(), Buffer.from("!")]));
  const after: Bom = {
    ...(await generateModelBom(path, options)),
    serialNumber: "urn:uuid:00000000-0000-4000-8000-000000000000",
  };
  const same = diffBoms(viewBom(before, "a"), viewBom(before, "b"));
  assert.deepEqual(same, { changes: [], findings: [] });
  const { changes, findings } = diffBoms(viewBom(before, "a"), viewBom(after, "b"));
  assert.deepEqual(
    changes.map(({ kind, name }) => `${kind} ${name}`),
    ["changed model.safetensors", "changed credit"],
  );
  assert.ok(findings.some(({ rule, severity }) => rule === "bom/swapped" && severity === "high"));
  const evil: Bom = {
    ...after,
    components: [...after.components, { type: "library", name: "a|b\n<script>", version: "1" }],
  };
  const markdown = diffMarkdown(diffBoms(viewBom(after, "a"), viewBom(evil, "b")));
  assert.match(markdown, /a\\\|b \\<script\\>/);
});

test("SPDX has an element for every component, and every reference leads to one", async (t) => {
  const bom = await generateModelBom(await model(t), {
    ...options,
    provenance: parseProvenance(Buffer.from(provenance), "p.yaml"),
  });
  const { "@graph": graph } = toSpdx(bom) as { "@graph": Record<string, unknown>[] };
  const ids = new Set(graph.map((element) => element["spdxId"]));
  const types = graph.map(({ type }) => type);
  for (const type of [
    "ai_AIPackage",
    "dataset_DatasetPackage",
    "SpdxDocument",
    "Relationship",
    "simplelicensing_LicenseExpression",
  ])
    assert.ok(types.includes(type), type);
  for (const { type, from, to } of graph.filter((element) => element["type"] === "Relationship"))
    for (const end of [from, ...(to as unknown[])]) assert.ok(ids.has(end), `${String(type)} to ${String(end)}`);
  assert.equal(ids.size, graph.length, "ids are unique");
});

test("a provenance file that is wrong says where", () => {
  assert.throws(() => parseProvenance(Buffer.from("version: 1\nmodle: {}"), "p.yaml"), {
    code: "SUPPLY_INPUT_INVALID",
  });
  assert.throws(
    () => parseProvenance(Buffer.from("version: 1\ndatasets: [{name: x, digest: abc}]"), "p.yaml"),
    /datasets\.0\.digest/,
  );
});
