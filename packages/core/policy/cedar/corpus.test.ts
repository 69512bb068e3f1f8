/**
 * The official corpus (cedar-policy/cedar-integration-tests): handwritten cases and those that the project's fuzzer
 * keeps. Each request's decision, reasons and erring policies must be the expected ones.
 */
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { readSchema } from "./typed-json.ts";
import { answer, compileText, entitiesOf, environmentOf, exactJson, type RequestFile } from "./testing.ts";

const folder = "../shared/vectors/cedar";
const skip = existsSync(folder) ? false : `${folder} is not there: the official corpus was not run`;

interface Case extends RequestFile {
  readonly decision: string;
  readonly reason: readonly string[];
  readonly errors: readonly string[];
}

interface CaseFile {
  readonly policies: string;
  readonly entities: string;
  readonly schema: string;
  readonly requests: readonly Case[];
}

function judge(files: ReadonlyMap<string, () => string>): { files: number; requests: number; disagreements: string[] } {
  const disagreements: string[] = [];
  const tally = { files: 0, requests: 0, disagreements };
  for (const [name, read] of files) {
    if (!name.endsWith(".json") || name.endsWith(".entities.json") || name.endsWith("entities.json")) continue;
    const file = exactJson(read()) as CaseFile;
    if (file.requests === undefined) continue;
    const text = (path: string): string =>
      files.get(path)?.() ?? assert.fail(`${name} names ${path}, which is missing`);
    tally.files += 1;
    const policies = compileText(text(file.policies));
    const schema = readSchema(text(file.schema));
    const entities = entitiesOf(exactJson(text(file.entities)), schema);
    for (const [index, request] of file.requests.entries()) {
      tally.requests += 1;
      const { decision, reason, errors } = answer(policies, environmentOf(request, entities, schema));
      const ours = JSON.stringify([decision, reason, errors.map(({ policy }) => policy)]);
      const expected = JSON.stringify([request.decision, request.reason.toSorted(), request.errors.toSorted()]);
      if (ours !== expected) disagreements.push(`${name} request ${index}: ${ours}, expected ${expected}`);
    }
  }
  return tally;
}

test("the compiled engine answers every handwritten case of the official tests as expected", { skip }, (t) => {
  const paths = globSync("**/*", { cwd: folder }).filter((path) => /\.(?:json|cedar|cedarschema)$/.test(path));
  const files = new Map(paths.map((path) => [path, () => readFileSync(join(folder, path), "utf8")]));
  const { files: count, requests, disagreements } = judge(files);
  t.diagnostic(`cedar, handwritten: ${count} files, ${requests} requests, ${disagreements.length} disagreements`);
  assert.ok(count > 15);
  assert.deepEqual(disagreements, []);
});

test("the compiled engine answers every case of the official fuzzing corpus as expected", { skip }, (t) => {
  const files = readTar(gunzipSync(readFileSync(join(folder, "corpus-tests.tar.gz"))));
  const { files: count, requests, disagreements } = judge(files);
  t.diagnostic(`cedar, corpus: ${count} files, ${requests} requests, ${disagreements.length} disagreements`);
  assert.ok(count > 7_000);
  assert.deepEqual(disagreements.slice(0, 20), []);
});

/** The regular files of a POSIX tar archive. */
function readTar(archive: Buffer): Map<string, () => string> {
  const files = new Map<string, () => string>();
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0;) {
    const field = (from: number, length: number): string =>
      archive.toString("latin1", at + from, at + from + length).split("\0")[0] ?? "";
    const size = Number.parseInt(field(124, 12), 8);
    const start = at + 512;
    const name = field(0, 100).replace(/^\.\//, "");
    if (field(156, 1) !== "5") files.set(name, () => archive.toString("utf8", start, start + size));
    at = start + Math.ceil(size / 512) * 512;
  }
  return files;
}
