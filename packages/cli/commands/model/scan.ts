/**
 * `cordon model scan PATH...`: what could these model files do when they are loaded? In: files and folders. Out: a
 * verdict for each, with its findings; nothing in them is executed.
 */
import { parseArgs } from "node:util";
import { htmlReport } from "@cordon/control/supply/html-report";
import { scanPaths } from "@cordon/control/supply/scan/scan-paths";
import { supplyFindings } from "@cordon/control/supply/scan/supply-findings";
import type { FileReport } from "@cordon/control/supply/scan/verdict";
import { CordonError } from "@cordon/core/errors";
import type { Io } from "../../io.ts";
import { guarded, writeOutput, writeSarif } from "../../supply/report.ts";
import { jsonReport, reportFacts, summarise } from "./scan-report.ts";

const usage = `usage: cordon model scan PATH... [--json] [--sarif FILE] [--html FILE] [--time-limit SECONDS]

Says what loading a model file could do, without loading it. Only \`proven-safe\` says yes: every byte that a loader
interprets was interpreted, and all that it does is on the allow-list.

  --json         one JSON object: {"version":1,"verdict","counts","files":[{"path","format","verdict","findings"}]}
  --sarif FILE   findings as SARIF 2.1.0 (\`-\`: stdout)
  --html FILE    a page for people
  --time-limit   seconds that one file may take (default 120); what takes longer is \`unsupported\`

Exit code: 0 every file is proven safe, 1 some file is not, 2 a path cannot be read or the command is wrong.
`;

export function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return guarded("model scan", io, async () => {
    const { values, positionals } = parse(args);
    if (values.help) {
      io.stdout(usage);
      return 0;
    }
    if (positionals.length === 0) throw new CordonError("USAGE", `give files or folders to scan\n\n${usage}`);
    const seconds = Number(values["time-limit"]);
    if (!(seconds > 0))
      throw new CordonError("USAGE", `--time-limit: \`${values["time-limit"]}\` is no number of seconds`);
    const reports = scanAll(positionals, seconds, io);
    if (values.json) io.stdout(`${JSON.stringify(jsonReport(reports))}\n`);
    else if (values.sarif !== "-") io.stdout(summarise(reports));
    await writeSarif(values.sarif, supplyFindings(reports), positionals[0] ?? "", io);
    if (values.html !== undefined)
      await writeOutput(
        values.html,
        htmlReport("Model scan", jsonReport(reports).verdict, reportFacts(reports), supplyFindings(reports)),
      );
    return reports.every((report) => report.verdict === "proven-safe") ? 0 : 1;
  });
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: "boolean", default: false },
        sarif: { type: "string" },
        html: { type: "string" },
        "time-limit": { type: "string", default: "120" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new CordonError("USAGE", `${words}\n\n${usage}`, { cause: error });
  }
}

/** Between two lines of progress. */
const progressMs = 2000;

function scanAll(paths: readonly string[], seconds: number, io: Io): FileReport[] {
  const now = (): number => performance.now();
  let spokenAt = now();
  const reports = scanPaths(paths, {
    now,
    limits: { milliseconds: seconds * 1000 },
    onFile(path, index, total) {
      if (now() - spokenAt < progressMs) return;
      spokenAt = now();
      io.stderr(`scanning file ${index + 1} of ${total}: ${path}\n`);
    },
  });
  return [...reports];
}
