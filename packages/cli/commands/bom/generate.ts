/**
 * `cordon bom generate PATH`: what is this made of? In: a model, a repository or a `cordon.yaml`. Out: a CycloneDX 1.7
 * BOM, validated before it is written, or the same as SPDX 3.
 */
import { randomUUID } from "node:crypto";
import { lstat, readdir, readFile } from "node:fs/promises";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { generateEstateBom } from "@cordon/control/supply/bom/generate-estate";
import { generateModelBom } from "@cordon/control/supply/bom/generate-model";
import { generateRepositoryBom } from "@cordon/control/supply/bom/generate-repository";
import { maxProvenanceBytes, parseProvenance } from "@cordon/control/supply/bom/provenance";
import { toSpdx } from "@cordon/control/supply/bom/spdx-export";
import { validateBom } from "@cordon/control/supply/bom/validate-bom";
import { viewBom } from "@cordon/control/supply/bom/bom-view";
import { scoreBom } from "@cordon/control/supply/bom/score-bom";
import { weightsName } from "@cordon/control/supply/cards/read-card";
import { maxListBytes, readPackages } from "@cordon/control/supply/vulnerabilities/inputs/read-packages";
import { parseConfiguration } from "@cordon/core/contract/configuration";
import { CordonError } from "@cordon/core/errors";
import manifest from "../../package.json" with { type: "json" };
import type { Io } from "../../io.ts";
import { findLists } from "../../supply/find-lists.ts";
import { guarded, progress, readInput, writeOutput } from "../../supply/report.ts";
import { usage } from "../../supply/trust-options.ts";

const help = `Usage: cordon bom generate PATH [--kind model|repository|estate] [--provenance FILE] [--out FILE] [OPTIONS]

Makes a bill of materials (CycloneDX 1.7) of
  a model        a folder with weights, or one weights file: digests, card, configuration, datasets, training
  a repository   a folder: its lock files and lists, and the models that lie in it
  an estate      a cordon.yaml: models, datasets, services, upstreams, routes

  --kind KIND          what PATH is (default: a file called *.yaml or *.yml is an estate, a folder with weights at its
                       top or a file is a model, any other folder is a repository)
  --provenance FILE    who made it, on what data, with what configuration, on what machines (see docs/supply-chain.md)
  --format FORMAT      cyclonedx (default) or spdx (SPDX 3.0.1, AI profile; not validated)
  --out FILE           where to write it (default: stdout)

Exit code: 0 made, 2 PATH cannot be read or the command is wrong.
`;

/** Runs the command. */
export function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return guarded("bom generate", io, async () => {
    const { values, positionals } = parse(args);
    if (values.help) {
      io.stdout(help);
      return 0;
    }
    const [path, ...more] = positionals;
    if (path === undefined || more.length > 0) throw usage("name one model, repository or cordon.yaml");
    if (values.format !== "cyclonedx" && values.format !== "spdx")
      throw usage(`--format ${values.format}: cyclonedx or spdx`);
    const bom = await generate(path, values, io);
    const text = `${JSON.stringify(bom, undefined, 2)}\n`;
    const validity = await validateBom(Buffer.from(text));
    if (validity.verdict !== "valid")
      throw new Error(`the BOM that was made is not valid: ${JSON.stringify(validity).slice(0, 2000)}`);
    const output = values.format === "spdx" ? `${JSON.stringify(toSpdx(bom), undefined, 2)}\n` : text;
    if (values.out === undefined) io.stdout(output);
    else await writeOutput(values.out, output);
    const score = scoreBom(viewBom(bom, path));
    io.stderr(
      `${Math.round(score.share * 100)}% of the G7's minimum elements are stated; \`cordon bom score\` lists them\n`,
    );
    return 0;
  });
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      kind: { type: "string" },
      provenance: { type: "string" },
      format: { type: "string", default: "cyclonedx" },
      out: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
}

async function generate(path: string, values: ReturnType<typeof parse>["values"], io: Io) {
  const options = {
    now: Date.now(),
    serial: randomUUID(),
    toolVersion: manifest.version,
    onBytes: progress("hashing", io),
    ...(values.provenance === undefined
      ? {}
      : { provenance: parseProvenance(await readInput(values.provenance, maxProvenanceBytes), values.provenance) }),
  };
  switch (values.kind ?? (await guessKind(path))) {
    case "model":
      return generateModelBom(path, options);
    case "repository": {
      const lists = await findLists([path]).catch((error: unknown) => {
        // A repository may hold models and no list.
        if (error instanceof CordonError && error.code === "SUPPLY_INPUT_INVALID") return [];
        throw error;
      });
      const read = await Promise.all(
        lists.map(async (file) => readPackages(await readInput(file, maxListBytes), file)),
      );
      return generateRepositoryBom(path, read, options);
    }
    case "estate":
      return generateEstateBom(parseConfiguration(await readFile(path, "utf8"), path), options);
    default:
      throw usage(`--kind ${values.kind ?? ""}: model, repository or estate`);
  }
}

async function guessKind(path: string): Promise<string> {
  const found = await lstat(path).catch((cause: Error) => {
    throw new CordonError("SUPPLY_INPUT_UNREADABLE", `${path} cannot be read: ${cause.message}`, { cause });
  });
  if (!found.isDirectory()) return /\.ya?ml$/i.test(basename(path)) ? "estate" : "model";
  return (await readdir(path)).some((name) => weightsName.test(name)) ? "model" : "repository";
}
