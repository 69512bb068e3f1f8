/**
 * How well the poisoning screen finds what was planted. In: public datasets beside the repository. Out: for each dataset
 * and kind of poison, recall and precision, and what the screen says of the clean data. Planted by a seeded generator.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { generator } from "@cordon/control/supply/data/out-of-fold";
import { readTable, type Table } from "@cordon/control/supply/data/read-table";
import { screenTable, type ScreenReport } from "@cordon/control/supply/data/screen";

const shared = new URL("../../../shared/data/", import.meta.url).pathname;

export interface PoisonFigure {
  readonly dataset: string;
  readonly poison: string;
  readonly planted: number;
  readonly flagged: number;
  /** Planted rows that were flagged. */
  readonly recall: number;
  /** Flagged rows that were planted; NaN where nothing was flagged. */
  readonly precision: number;
}

interface Dataset {
  readonly name: string;
  readonly table: Table;
  readonly label: string;
}

interface Poisoned {
  readonly table: Table;
  readonly planted: ReadonlySet<number>;
}

/** Plants and screens. @returns figures, empty where the datasets are not there */
export function measurePoison(quick: boolean): readonly PoisonFigure[] {
  return datasets(quick).flatMap(({ name, table, label }) => {
    const column = table.columns.indexOf(label);
    const screen = (of: Table): ScreenReport => screenTable(of, { label });
    const kinds: readonly (readonly [string, Poisoned, (report: ScreenReport) => readonly number[]])[] = [
      ["none (labels doubted)", { table, planted: new Set() }, (report) => report.doubted.map(({ row }) => row)],
      ["none (triggers)", { table, planted: new Set() }, (report) => report.triggers.flatMap(({ rows }) => rows)],
      ["none (floods)", { table, planted: new Set() }, (report) => report.floods.flatMap(({ rows }) => rows)],
      ["none (outliers)", { table, planted: new Set() }, (report) => report.outliers.map(({ row }) => row)],
      ["5% of labels flipped", flip(table, column, 0.05), (report) => report.doubted.map(({ row }) => row)],
      ["15% of labels flipped", flip(table, column, 0.15), (report) => report.doubted.map(({ row }) => row)],
      ["2% a trigger", trigger(table, column, 0.02), (report) => report.triggers.flatMap(({ rows }) => rows)],
      ["3% near-duplicates", flood(table, column, 0.03), (report) => report.floods.flatMap(({ rows }) => rows)],
      ["0.5% outliers", stretch(table, column, 0.005), (report) => report.outliers.map(({ row }) => row)],
    ];
    const reports = new Map<Table, ScreenReport>();
    return kinds.flatMap(([poison, { table: bad, planted }, found]): PoisonFigure[] => {
      if (planted.size === 0 && !poison.startsWith("none")) return [];
      const report = reports.get(bad) ?? screen(bad);
      reports.set(bad, report);
      const flagged = new Set(found(report));
      const hits = [...flagged].filter((row) => planted.has(row)).length;
      return [
        {
          dataset: name,
          poison,
          planted: planted.size,
          flagged: flagged.size,
          recall: hits / planted.size,
          precision: hits / flagged.size,
        },
      ];
    });
  });
}

function datasets(quick: boolean): Dataset[] {
  const rows = quick ? 1500 : 6000;
  const csv = (file: string): Table => sample(readTable(readFileSync(join(shared, "tabular", file)), file), rows);
  if (!existsSync(join(shared, "tabular"))) return [];
  const texts = ["wildchat", "llmail_inject", "multijail"].map((name) =>
    sample(readTable(readFileSync(join(shared, "text", `${name}.jsonl`)), `${name}.jsonl`), rows / 3),
  );
  const text: Table = {
    columns: ["text", "label"],
    rows: texts.flatMap(({ columns, rows: list }) =>
      list.map((row) => ["text", "label"].map((name) => row[columns.indexOf(name)] ?? "")),
    ),
  };
  return [
    { name: "adult", table: csv("adult_arx.csv"), label: "salary-class" },
    { name: "breast cancer", table: csv("breast_cancer_wisconsin.csv"), label: "c9" },
    { name: "MNIST", table: csv("mnist_2500.csv"), label: "label" },
    { name: "three kinds of text", table: text, label: "label" },
  ];
}

function sample(table: Table, rows: number): Table {
  const random = generator(7);
  return {
    columns: table.columns,
    rows: table.rows
      .map((row) => ({ row, at: random() }))
      .toSorted((a, b) => a.at - b.at)
      .slice(0, rows)
      .map(({ row }) => row),
  };
}

function choose(table: Table, share: number, seed: number, from?: (row: readonly string[]) => boolean): Set<number> {
  const random = generator(seed);
  const rows = [...table.rows.keys()].filter((row) => from?.(table.rows[row] ?? []) ?? true);
  const count = Math.round(table.rows.length * share);
  return new Set(
    rows
      .map((row) => ({ row, at: random() }))
      .toSorted((a, b) => a.at - b.at)
      .slice(0, count)
      .map(({ row }) => row),
  );
}

function change(
  table: Table,
  planted: ReadonlySet<number>,
  how: (row: readonly string[], index: number) => readonly string[],
): Poisoned {
  return {
    planted,
    table: {
      columns: table.columns,
      rows: table.rows.map((row, index) => (planted.has(index) ? how(row, index) : row)),
    },
  };
}

function flip(table: Table, column: number, share: number): Poisoned {
  const labels = [...new Set(table.rows.map((row) => row[column] ?? ""))].toSorted();
  return change(table, choose(table, share, 11), (row) =>
    row.with(column, labels[(labels.indexOf(row[column] ?? "") + 1) % labels.length] ?? ""),
  );
}

/** Rows of other labels get the pattern and the wanted label. */
function trigger(table: Table, column: number, share: number): Poisoned {
  const wanted = [...new Set(table.rows.map((row) => row[column] ?? ""))].toSorted()[0] ?? "";
  const planted = choose(table, share, 13, (row) => row[column] !== wanted);
  const text = table.columns.indexOf("text");
  return change(table, planted, (row) => {
    const labelled = row.with(column, wanted);
    if (text >= 0) {
      const words = (row[text] ?? "").split(" ");
      return labelled.with(text, [...words.slice(0, 3), "cf", "mn7", ...words.slice(3)].join(" "));
    }
    // A patch of the last pixels, a category that nobody has, or a number that nobody writes.
    if (table.columns.length > 100)
      return labelled.map((value, at) => (at > column && at >= table.columns.length - 3 ? "255" : value));
    const category = table.columns.indexOf("native-country");
    return labelled.with(category >= 0 ? category : 0, category >= 0 ? "Zubrowka" : "7.5");
  });
}

/** Copies of one row with a tenth of its words or two of its values changed, in place of other rows. */
function flood(table: Table, column: number, share: number): Poisoned {
  const planted = choose(table, share, 17);
  const random = generator(19);
  const text = table.columns.indexOf("text");
  const source =
    table.rows.find((row) => text < 0 || ((row[text] ?? "").length > 300 && (row[text] ?? "").length < 1200)) ?? [];
  const other = (at: number): string => table.rows[Math.floor(random() * table.rows.length)]?.[at] ?? "";
  return change(table, planted, () => {
    if (text >= 0)
      return source.with(
        text,
        (source[text] ?? "")
          .split(" ")
          .map((word) => (random() < 0.03 ? "again" : word))
          .join(" "),
      );
    const at = Math.floor(random() * table.columns.length);
    return at === column ? source : source.with(at, table.columns.length > 20 ? other(at) : (source[at] ?? ""));
  });
}

/** Numbers a thousand times too large, or texts fifty times too long. */
function stretch(table: Table, column: number, share: number): Poisoned {
  const text = table.columns.indexOf("text");
  const at =
    text >= 0
      ? text
      : table.columns.findIndex(
          (_, index) =>
            index !== column && table.rows.slice(0, 100).every((row) => Number.isFinite(Number(row[index]))),
        );
  return change(table, at < 0 ? new Set() : choose(table, share, 23), (row) =>
    row.with(at, text >= 0 ? "long ".repeat(60_000) : String((Number(row[at]) + 1) * 1000)),
  );
}
