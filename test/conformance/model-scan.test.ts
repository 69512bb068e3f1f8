/**
 * Scans the public corpora of malicious and benign model files with the real command. They hold live malware and are no
 * part of the repository: where `../shared` is absent this says so.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";
import type { FileReport } from "@cordon/control/supply/scan/verdict";
import { run } from "@cordon/cli/commands/model/scan";

const corpora = join(import.meta.dirname, "../../../shared/corpora");

interface Corpus {
  readonly name: string;
  /** Labels that must be refused. */
  readonly refused: readonly string[];
  /** The part of the benign ones that must be proven. */
  readonly proven: number;
}

const wanted: readonly Corpus[] = [
  {
    name: "pickle",
    refused: ["malicious", "malformed-malicious", "suspicious-or-malicious", "not-a-pickle"],
    proven: 0.9,
  },
  { name: "model-files", refused: ["malicious"], proven: 0.9 },
  { name: "chat-templates", refused: ["malicious"], proven: 0.9 },
];

for (const { name, refused, proven } of wanted) {
  const folder = join(corpora, name, "dev");
  const skip = existsSync(folder) ? false : `the corpus ../shared/corpora/${name} is not on this machine`;
  test(
    `every malicious file of corpora/${name} is refused and no benign one is called dangerous`,
    { skip },
    async (t) => {
      const labels = JSON.parse(readFileSync(join(folder, "labels.json"), "utf8")) as Record<string, { label: string }>;
      const files = Object.keys(labels);
      let out = "";
      await run(["--json", ...files.map((file) => join(folder, file))], {
        stdout: (text) => (out += text),
        stderr: () => undefined,
      });
      const reports = (JSON.parse(out) as { files: FileReport[] }).files;
      const verdicts = new Map(reports.map((report) => [relative(folder, report.path), report.verdict]));
      const of = (list: readonly string[]): string[] =>
        files.filter((file) => list.includes(labels[file]?.label ?? ""));
      const benign = of(["benign"]);
      const malicious = of(refused);
      assert.ok(benign.length > 0 && malicious.length > 0, "the corpus holds both kinds");
      const passed = malicious.filter((file) => verdicts.get(file) === "proven-safe");
      const wronged = benign.filter((file) => verdicts.get(file) === "dangerous");
      const safe = benign.filter((file) => verdicts.get(file) === "proven-safe");
      t.diagnostic(
        `${name}: ${malicious.length - passed.length} of ${malicious.length} malicious refused, ` +
          `${safe.length} of ${benign.length} benign proven safe, ${wronged.length} benign called dangerous`,
      );
      assert.deepEqual(passed, []);
      assert.deepEqual(wronged, []);
      assert.ok(
        safe.length >= benign.length * proven,
        `not proven: ${benign.filter((file) => !safe.includes(file)).join(", ")}`,
      );
    },
  );
}
