/**
 * `cordon model digest MODEL`: the hash manifest of a model that nobody signed, and its check. In: a model; with
 * `--check FILE` a manifest made before. Out: the manifest, or what changed since. It shows that nothing changed, never
 * who made the model.
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { atLeast } from "@cordon/control/supply/finding";
import { maxBundleBytes } from "@cordon/control/supply/signatures/bundle";
import { compareModel } from "@cordon/control/supply/signatures/compare-model";
import { describeModel } from "@cordon/control/supply/signatures/sign-model";
import { manifestText, parseManifestFile } from "@cordon/control/supply/integrity/manifest-file";
import { rootDigest } from "@cordon/control/supply/integrity/manifest";
import type { Io } from "../../io.ts";
import {
  bytesInWords,
  findingLines,
  guarded,
  printable,
  progress,
  readInput,
  writeOutput,
  writeSarif,
} from "../../supply/report.ts";
import { usage } from "../../supply/trust-options.ts";

const help = `Usage: cordon model digest MODEL [--out FILE] [--ignore PATH]...
       cordon model digest MODEL --check FILE [--root-digest SHA256]

Hashes a model's files into a manifest, or checks them against one. For a model or dataset that has no signature: it
shows that nothing changed since, and vouches for nobody.

  --out FILE           write the manifest there (default: only the root digest is printed)
  --check FILE         compare with a manifest made before
  --root-digest SHA256 with --check: the manifest itself must have this root digest (keep it elsewhere)
  --ignore PATH        a path in the model to leave out, exactly; repeat for more
  --json, --sarif FILE as elsewhere

Exit code: 0 fine, 1 the model changed, 2 a file cannot be read or the command is wrong.
`;

/** Runs the command. */
export function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return guarded("model digest", io, async () => {
    const { values, positionals } = parse(args);
    if (values.help) {
      io.stdout(help);
      return 0;
    }
    const [model, ...more] = positionals;
    if (model === undefined || more.length > 0) throw usage("name one model");
    return values.check === undefined ? make(model, values, io) : check(model, values.check, values, io);
  });
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      out: { type: "string" },
      check: { type: "string" },
      "root-digest": { type: "string" },
      ignore: { type: "string", multiple: true },
      json: { type: "boolean", default: false },
      sarif: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
}

type Values = ReturnType<typeof parse>["values"];

async function make(model: string, values: Values, io: Io): Promise<0> {
  const { manifest, subjectName, bytes } = await describeModel(model, {
    ignore: values.ignore ?? [],
    exclude: values.out === undefined ? [] : [resolve(values.out)],
    onBytes: progress("hashing", io),
  });
  const digest = rootDigest(manifest.resources);
  if (values.out !== undefined) await writeOutput(values.out, manifestText(subjectName, manifest));
  const summary = { model, rootDigest: digest, files: manifest.resources.length, bytes };
  if (values.json) io.stdout(`${JSON.stringify(summary)}\n`);
  else io.stdout(`sha256:${digest}  ${printable(model)} (${summary.files} files, ${bytesInWords(bytes)})\n`);
  return 0;
}

async function check(model: string, file: string, values: Values, io: Io): Promise<0 | 1> {
  const manifest = parseManifestFile(await readInput(file, maxBundleBytes), file, values["root-digest"]);
  const compared = await compareModel(model, manifest, {
    ignore: values.ignore ?? [],
    exclude: [resolve(file)],
    onBytes: progress("hashing", io),
  });
  const same = !compared.findings.some(({ severity }) => atLeast(severity, "high"));
  if (values.json)
    io.stdout(`${JSON.stringify({ model, same, rootDigest: manifest.rootDigest, findings: compared.findings })}\n`);
  else if (values.sarif !== "-")
    io.stdout(
      `${same ? "UNCHANGED" : "CHANGED"}  ${printable(model)}\n  root digest sha256:${manifest.rootDigest}\n${findingLines(
        compared.findings,
      )
        .map((line) => `${line}\n`)
        .join("")}`,
    );
  await writeSarif(values.sarif, compared.findings, model, io);
  return same ? 0 : 1;
}
