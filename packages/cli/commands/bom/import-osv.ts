/**
 * `cordon bom import-osv SOURCE... --database FILE`: OSV exports that were fetched elsewhere become a database that
 * `cordon bom audit` reads offline. In: zips or folders. Out: the database, with the digest and age of what is in it.
 */
import { parseArgs } from "node:util";
import { importOsv } from "@cordon/control/supply/vulnerabilities/database";
import type { Io } from "../../io.ts";
import { guarded, printable } from "../../supply/report.ts";
import { usage } from "../../supply/trust-options.ts";

const help = `Usage: cordon bom import-osv SOURCE... --database FILE [--json]

Imports OSV exports: a zip an ecosystem (OSV's all.zip), or a folder of records in JSON or YAML. Records are added to what
is there; a newer one replaces an older one. Nothing is fetched: bring the files with your own tools.

  --database FILE      the database to make or add to
  --json               what is in it, as one JSON object

Exit code: 0 imported, 2 a source cannot be read; the database is as it was then.
`;

/** Runs the command. */
export function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return guarded("bom import-osv", io, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        database: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      io.stdout(help);
      return 0;
    }
    if (positionals.length === 0) throw usage("name at least one zip or folder");
    if (values.database === undefined) throw usage("--database FILE is needed");
    let records = 0;
    const counting = (): void => {
      records += 1;
      if (records % 20_000 === 0) io.stderr(`importing: ${records} records\n`);
    };
    using database = await importOsv(positionals, values.database, Date.now(), counting);
    const { info } = database;
    const newest = info.newest === undefined ? undefined : new Date(info.newest).toISOString();
    if (values.json) {
      io.stdout(`${JSON.stringify({ ...info, newest, ecosystems: [...info.ecosystems] })}\n`);
      return 0;
    }
    const lines = info.sources.map(
      (source) =>
        `  sha256:${source.digest}  ${source.records} records, ${source.unread} unread  ${printable(source.path)}`,
    );
    io.stdout(
      `${info.records} records of ${[...info.ecosystems].join(", ")}; the newest is of ${newest ?? "no known time"}\n${lines.join("\n")}\n`,
    );
    return 0;
  });
}
