/**
 * Numbers for Prometheus. In: increments and observations, as plain additions. Out: the text exposition format 0.0.4,
 * made only when somebody asks. A family has a fixed set of labels and a bounded number of series: past it, what is new
 * is counted under `other`, so that no caller decides how much memory metrics take.
 *
 *     const refusals = new Counters("cordon_refusals_total", "Requests refused before a decision.", ["code"]);
 *     refusals.add(1, "SVID_EXPIRED");
 *     renderMetrics([refusals]);
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */

export const metricsContentType = "text/plain; version=0.0.4; charset=utf-8";

/** Most series of one family. */
const maxSeries = 1_000;

export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** The sample lines, each with its newline. */
  samples(): string;
}

/** Totals that only grow, by labels. */
export class Counters implements MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type = "counter";
  readonly #series: Series<{ value: number }>;

  constructor(name: string, help: string, labels: readonly string[] = []) {
    this.name = name;
    this.help = help;
    this.#series = new Series(labels, () => ({ value: 0 }));
  }

  /** @param values of the family's labels, in their order */
  add(by: number, ...values: readonly string[]): void {
    this.#series.of(values).value += by;
  }

  samples(): string {
    return this.#series.lines((labels, { value }) => sample(this.name, labels, value));
  }
}

/** A distribution of durations in seconds, by labels. */
export class Histograms implements MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type = "histogram";
  readonly #bounds: readonly number[];
  readonly #series: Series<{ readonly counts: number[]; sum: number }>;

  /** @param bounds upper bounds of the buckets, ascending; `+Inf` is added */
  constructor(name: string, help: string, bounds: readonly number[], labels: readonly string[] = []) {
    this.name = name;
    this.help = help;
    this.#bounds = bounds;
    this.#series = new Series(labels, () => ({ counts: Array.from({ length: bounds.length + 1 }, () => 0), sum: 0 }));
  }

  /** What is no number is left out: a part of the work that did not take place. */
  observe(seconds: number, ...values: readonly string[]): void {
    if (Number.isNaN(seconds)) return;
    const series = this.#series.of(values);
    let bucket = 0;
    while (bucket < this.#bounds.length && seconds > (this.#bounds[bucket] as number)) bucket += 1;
    series.counts[bucket] = (series.counts[bucket] as number) + 1;
    series.sum += seconds;
  }

  samples(): string {
    return this.#series.lines((labels, { counts, sum }) => {
      let total = 0;
      const buckets = counts.map((count, at) => {
        total += count;
        const bound = this.#bounds[at];
        return sample(`${this.name}_bucket`, [...labels, ["le", bound === undefined ? "+Inf" : String(bound)]], total);
      });
      return `${buckets.join("")}${sample(`${this.name}_sum`, labels, sum)}${sample(`${this.name}_count`, labels, total)}`;
    });
  }
}

type Labels = readonly (readonly [name: string, value: string])[];

/** A family whose values are read when somebody asks. */
export function readOnScrape(
  type: "counter" | "gauge",
  name: string,
  help: string,
  read: () => number | undefined | readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[],
): MetricFamily {
  return {
    name,
    help,
    type,
    samples() {
      const value = read();
      if (value === undefined) return "";
      if (typeof value === "number") return sample(name, [], value);
      return value.map(([labels, each]) => sample(name, Object.entries(labels), each)).join("");
    },
  };
}

/** The whole page. */
export function renderMetrics(families: readonly MetricFamily[]): string {
  return families
    .map((family) => {
      const head = `# HELP ${family.name} ${family.help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}\n`;
      return `${head}# TYPE ${family.name} ${family.type}\n${family.samples()}`;
    })
    .join("");
}

class Series<T> {
  readonly #labels: readonly string[];
  readonly #make: () => T;
  readonly #byKey = new Map<string, { readonly values: readonly string[]; readonly state: T }>();

  constructor(labels: readonly string[], make: () => T) {
    this.#labels = labels;
    this.#make = make;
    if (labels.length === 0) this.of([]); // a family without labels is there from the start, with zero
  }

  of(values: readonly string[]): T {
    const key = values.length === 1 ? (values[0] as string) : values.join("\0");
    const found = this.#byKey.get(key);
    if (found !== undefined) return found.state;
    if (values.length !== this.#labels.length) throw new TypeError(`the labels are ${this.#labels.join(", ")}`);
    const full = this.#byKey.size >= maxSeries && values.some((value) => value !== "other");
    if (full) return this.of(this.#labels.map(() => "other"));
    const state = this.#make();
    this.#byKey.set(key, { values: [...values], state });
    return state;
  }

  lines(line: (labels: Labels, state: T) => string): string {
    let text = "";
    for (const { values, state } of this.#byKey.values())
      text += line(
        this.#labels.map((name, at) => [name, values[at] as string]),
        state,
      );
    return text;
  }
}

function sample(name: string, labels: Labels, value: number): string {
  const inner = labels.map(([label, text]) => `${label}="${escaped(text)}"`).join(",");
  return `${name}${inner === "" ? "" : `{${inner}}`} ${numberText(value)}\n`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function numberText(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}
