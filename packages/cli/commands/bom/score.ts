/**
 * `cordon bom score FILE`: how much of the G7's minimum elements for AI does a BOM state? In: a valid BOM. Out: every
 * element by cluster, shares, and what a person has to read.
 */
import { parseArgs } from "node:util";
import { scoreBom, type BomScore } from "@cordon/control/supply/bom/score-bom";
import type { Io } from "../../io.ts";
import { readBom } from "../../supply/read-bom.ts";
import { guarded, writeHtml, writeSarif } from "../../supply/report.ts";
import { usage } from "../../supply/trust-options.ts";

const help = `Usage: cordon bom score FILE [--minimum PERCENT] [--json] [--sarif FILE]

Scores a CycloneDX BOM against the 50 elements of the G7's "SBOM for AI - Minimum Elements" (2026). Elements of models and
datasets count by the share of them that state it. It counts what is stated, and cannot know whether it is true: elements
that are free text or claims are marked for review.

  --minimum PERCENT    least total for exit code 0 (default: 0)
  --html FILE          a page for people, without scripts
  --json               every element with its state and field, as one JSON object
  --sarif FILE         missing elements as SARIF 2.1.0 (- for stdout)

Exit code: 0 fine, 1 below the minimum, 2 no valid BOM, or the command is wrong.
`;

/** Runs the command. */
export function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return guarded("bom score", io, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        minimum: { type: "string", default: "0" },
        json: { type: "boolean", default: false },
        sarif: { type: "string" },
        html: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      io.stdout(help);
      return 0;
    }
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) throw usage("name one BOM");
    const minimum = Number(values.minimum);
    if (!(minimum >= 0 && minimum <= 100)) throw usage(`--minimum ${values.minimum}: a percentage is expected`);
    const score = scoreBom(await readBom(file));
    if (values.json) io.stdout(`${JSON.stringify({ file, ...score })}\n`);
    else if (values.sarif !== "-") io.stdout(`${describe(score).join("\n")}\n`);
    await writeSarif(values.sarif, score.findings, file, io);
    const facts = score.clusters.map(({ cluster, share }) => ({ name: cluster, value: percent(share) }));
    await writeHtml(values.html, `Minimum elements of ${file}`, percent(score.share), facts, score.findings);
    return score.share * 100 >= minimum ? 0 : 1;
  });
}

const marks = { present: "yes", partly: "partly", absent: "no" } as const;

function describe(score: BomScore): string[] {
  return [
    `${percent(score.share)} of the minimum elements, ${score.models} models, ${score.datasets} datasets (${score.standard})`,
    ...score.clusters.flatMap(({ cluster, share, elements }) => [
      `${cluster}: ${percent(share)}`,
      ...elements.map(({ words, state, where, review }) =>
        `  ${marks[state].padEnd(7)} ${words.padEnd(36)} ${where ?? ""}${review ? " (read it)" : ""}`.trimEnd(),
      ),
    ]),
  ];
}

function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}
