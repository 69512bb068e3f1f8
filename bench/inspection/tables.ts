/**
 * `npm run bench -- tables`: profiles learned from public tables, judged on rows that learning did not see. In:
 * `../shared/data/tabular`. Out: the share of honest rows that is found, and of three kinds of wrong ones. Every third row is
 * held out. Seeded.
 */
import { existsSync, readFileSync } from "node:fs";
import { learnProfile } from "@cordon/control/inspection/learn-profile";
import { readTable } from "@cordon/control/supply/data/read-table";
import type { JsonObject } from "@cordon/core/contract/strict-json";
import { checkTable } from "@cordon/core/inspection/tabular/check";
import type { ColumnProfile } from "@cordon/core/inspection/tabular/profile";

const folder = "../shared/data/tabular";
const tables = [
  ["adult_uci", "income"],
  ["breast_cancer_wisconsin", "c9"],
  ["titanic", "survived"],
  ["iris", "species"],
] as const;
const outside = 0.001;

export function benchTables(): Promise<void> {
  if (!existsSync(folder)) throw new Error(`${folder} is not there: the public tables are needed`);
  process.stdout.write(
    `Share of rows found, from a score of 0.5; ${outside} of the rows learned from may lie outside\n`,
  );
  for (const [name, label] of tables) {
    const all = readTable(readFileSync(`${folder}/${name}.csv`), `${name}.csv`);
    const rows = all.rows.filter((_, at) => at % 3 !== 0);
    const profile = learnProfile({ columns: all.columns, rows }, { leaveOut: [label], outside });
    const places = profile.columns.map((column) => all.columns.indexOf(column.name));
    const honest = all.rows
      .filter((_, at) => at % 3 === 0)
      .map((row): JsonObject =>
        Object.fromEntries(
          profile.columns.map((column, at) => [column.name, valueOf(column, row[places[at] ?? 0] ?? "")]),
        ),
      );
    const share = (of: readonly JsonObject[]): string =>
      (of.filter((row) => checkTable(profile, row).some(({ score }) => score >= 0.5)).length / of.length).toFixed(4);
    const random = seeded();
    const numbers = profile.columns.filter(({ least }) => least !== undefined);
    const moved = (
      row: JsonObject,
      of: readonly ColumnProfile[],
      to: (value: number, column: ColumnProfile) => number,
    ): JsonObject => ({
      ...row,
      ...Object.fromEntries(
        of.map((column) => {
          const value = to(Number(row[column.name] ?? 0), column);
          return [column.name, column.whole === true ? Math.round(value) : value];
        }),
      ),
    });
    const pick = (): ColumnProfile[] => numbers.slice(Math.floor(random() * numbers.length)).slice(0, 1);
    const within = honest.map((row) =>
      moved(row, numbers, (_, { least = 0, most = 0 }) => least + random() * (most - least)),
    );
    const tenfold = honest.map((row) => moved(row, pick(), (value) => (value === 0 ? 1 : value) * 10));
    const noise = honest.map((row) =>
      moved(row, numbers, (value, { least = 0, most = 0 }) => value + (random() - 0.5) * (most - least)),
    );
    process.stdout.write(
      `  ${name.padEnd(24)} honest ${share(honest)} of ${honest.length}; numbers drawn within their ranges ${share(within)}; one number tenfold ${share(tenfold)}; noise of half a range ${share(noise)}\n`,
    );
  }
  return Promise.resolve();
}

function valueOf(column: ColumnProfile, text: string): string | number | null {
  if (text === "" || text === "?") return null;
  return column.values !== undefined || column.longest !== undefined ? text : Number(text);
}

/** Lehmer's generator with Park and Miller's numbers: the same rows each time. */
function seeded(): () => number {
  let state = 1;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}
