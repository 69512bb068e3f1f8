/**
 * `cordon bom audit PATH...`: known vulnerabilities and malware in what is installed. In: lock files, lists, BOMs or
 * folders with them; an OSV database; VEX. Out: each package that is not clean, and why; an exit code for CI.
 */
import { parseArgs } from "node:util";
import { atLeast, supplySeverities, type SupplySeverity } from "@cordon/control/supply/finding";
import { audit, defaultMaxAgeDays, type AuditReport } from "@cordon/control/supply/vulnerabilities/audit";
import { importOsv, openOsvDatabase, type OsvDatabase } from "@cordon/control/supply/vulnerabilities/database";
import { listNames, maxListBytes, readPackages } from "@cordon/control/supply/vulnerabilities/inputs/read-packages";
import type { PackagesRead } from "@cordon/control/supply/vulnerabilities/inputs/package-found";
import { parseVex } from "@cordon/control/supply/vulnerabilities/vex";
import type { Io } from "../../io.ts";
import { findLists } from "../../supply/find-lists.ts";
import { findingLines, guarded, printable, readInput, writeHtml, writeSarif } from "../../supply/report.ts";
import { usage } from "../../supply/trust-options.ts";

const help = `Usage: cordon bom audit PATH... (--database FILE | --osv ZIP|FOLDER...) [OPTIONS]

Matches what is installed against OSV records, offline. PATH is a list of packages, a CycloneDX BOM, or a folder in which
lists are looked for: ${listNames.join(", ")}.

  --database FILE      a database made by \`cordon bom import-osv\`
  --osv SOURCE         an OSV zip or folder, read for this run only; repeat for more
  --vex FILE           OpenVEX or CycloneDX VEX that you trust; repeat for more
  --product NAME       what the lists are of, as the VEX documents name it: statements about it hold for its parts
  --dpkg ECOSYSTEM     what a dpkg status file is of, such as Debian:12 or Ubuntu:24.04:LTS (default: Debian)
  --max-age DAYS       how old the newest record may be (default: ${defaultMaxAgeDays})
  --fail-on SEVERITY   least severity that makes exit code 1: ${supplySeverities.join(", ")} (default: medium)
  --html FILE          a page for people, without scripts
  --json               the whole report as one JSON object
  --sarif FILE         findings as SARIF 2.1.0 (- for stdout)

A package is clean only when every record about it was judged. What is not pinned, of an ecosystem that the database does
not hold, or of an order of versions that is not known here is unknown, and a finding of severity medium.
Exit code: 0 fine, 1 findings, 2 a file cannot be read or the command is wrong.
`;

/** Runs the command. */
export function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return guarded("bom audit", io, async () => {
    const { values, positionals } = parse(args);
    if (values.help) {
      io.stdout(help);
      return 0;
    }
    if (positionals.length === 0) throw usage("name a list of packages, a BOM or a folder");
    const failOn = severityOption(values["fail-on"]);
    const maxAgeDays = Number(values["max-age"]);
    if (!(maxAgeDays >= 0)) throw usage(`--max-age ${values["max-age"]}: a number of days is expected`);
    using database = await openDatabase(values);
    const lists = await findLists(positionals);
    const read = await Promise.all(
      lists.map(async (file) => readPackages(await readInput(file, maxListBytes), file, values.dpkg)),
    );
    const vexFiles = await Promise.all(
      (values.vex ?? []).map(async (file) =>
        parseVex((await readInput(file, maxListBytes)).toString(), file, linksOf(read)),
      ),
    );
    const report = audit(read, database, {
      now: Date.now(),
      vex: vexFiles.flat(),
      maxAgeDays,
      ...(values.product === undefined ? {} : { product: values.product }),
    });
    if (values.json) io.stdout(`${JSON.stringify(report)}\n`);
    else if (values.sarif !== "-") io.stdout(`${describe(report, lists.length).join("\n")}\n`);
    await writeSarif(values.sarif, report.findings, positionals[0] ?? "", io);
    const counted = Object.entries(report.counts).map(([name, count]) => ({ name, value: String(count) }));
    const facts = [...counted, { name: "newest record", value: report.database.newest ?? "no known time" }];
    const bad = report.findings.some(({ severity }) => atLeast(severity, failOn));
    await writeHtml(values.html, "Vulnerabilities", bad ? "findings" : "fine", facts, report.findings);
    return bad ? 1 : 0;
  });
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      database: { type: "string" },
      osv: { type: "string", multiple: true },
      vex: { type: "string", multiple: true },
      product: { type: "string" },
      dpkg: { type: "string", default: "Debian" },
      "max-age": { type: "string", default: String(defaultMaxAgeDays) },
      "fail-on": { type: "string", default: "medium" },
      json: { type: "boolean", default: false },
      sarif: { type: "string" },
      html: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
}

/** Purls by how VEX documents may name them. */
export function linksOf(read: readonly PackagesRead[]): ReadonlyMap<string, string> {
  const packages = read.flatMap((input) => input.packages);
  return new Map(
    packages.flatMap(({ bomLink, purl }) =>
      bomLink === undefined || purl === undefined ? [] : [[bomLink, purl] as const],
    ),
  );
}

/** Reads `--fail-on`. @throws {CordonError} `USAGE` */
export function severityOption(text: string): SupplySeverity {
  const severity = supplySeverities.find((name) => name === text);
  if (severity === undefined) throw usage(`--fail-on ${text}: one of ${supplySeverities.join(", ")}`);
  return severity;
}

async function openDatabase(values: ReturnType<typeof parse>["values"]): Promise<OsvDatabase> {
  const { database, osv = [] } = values;
  if ((database === undefined) === (osv.length === 0)) throw usage("give --database FILE or --osv SOURCE, one of them");
  return database === undefined ? importOsv(osv, ":memory:", Date.now()) : openOsvDatabase(database);
}

function describe(report: AuditReport, lists: number): string[] {
  const { counts, database } = report;
  const total = report.packages.length;
  return [
    `${total} packages in ${lists} lists: ${counts.malicious} malicious, ${counts.affected} affected, ${counts.unknown} unknown, ${counts.clean} clean`,
    `  database    ${database.records} records, the newest of ${database.newest ?? "no known time"}`,
    ...database.sources.map(
      (source) => `  source      sha256:${source.digest} ${printable(source.path)}, imported ${source.importedAt}`,
    ),
    ...findingLines(report.findings),
  ];
}
