/**
 * A node:test reporter for programs: one JSON line for each test that ended, and one when the whole file did. Suites
 * and tests that failed only because of a test inside them are left out: what is inside has its own line.
 */
import type { TestEvent } from "node:test/reporters";

/** How one test ended. `file-end` proves that the file ran to its end; without it nothing in the file can be trusted. */
export type TallyLine =
  | { readonly type: "passed"; readonly name: string; readonly line: number }
  | { readonly type: "skipped"; readonly name: string; readonly why: string }
  | { readonly type: "failed"; readonly name: string; readonly line: number; readonly error: string }
  | { readonly type: "note"; readonly text: string }
  | { readonly type: "file-end"; readonly tests: number };

/** Turns the events of one test file into {@link TallyLine}s. */
// oxlint-disable-next-line import/no-default-export -- node:test takes a reporter as the default export
export default async function* tally(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const path: string[] = [];
  for await (const event of events) {
    if (event.type === "test:start") {
      path.length = event.data.nesting;
      path[event.data.nesting] = event.data.name;
    }
    const line = toLine(event, path);
    if (line) yield `${JSON.stringify(line)}\n`;
  }
}

function toLine(event: TestEvent, path: readonly string[]): TallyLine | undefined {
  if (event.type === "test:summary") {
    return event.data.file === undefined ? undefined : { type: "file-end", tests: event.data.counts.tests };
  }
  if (event.type === "test:diagnostic") {
    // The counts are ours to make; what remains is what a test, or the runner about a test, had to say.
    return /^(?:tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/.test(event.data.message)
      ? undefined
      : { type: "note", text: event.data.message };
  }
  if (event.type !== "test:pass" && event.type !== "test:fail") return undefined;
  const { data } = event;
  const name = [...path.slice(0, data.nesting), data.name].join(" > ");
  if (event.type === "test:fail") return failed(event.data, name);
  if (data.details.type === "suite" && data.skip === undefined) return undefined;
  if (data.skip !== undefined) return { type: "skipped", name, why: typeof data.skip === "string" ? data.skip : "" };
  return { type: "passed", name, line: data.line ?? 0 };
}

function failed(data: Extract<TestEvent, { type: "test:fail" }>["data"], name: string): TallyLine | undefined {
  const { error } = data.details;
  if ("failureType" in error && error.failureType === "subtestsFailed") return undefined;
  const cause =
    error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : String(error.cause ?? error.message);
  return { type: "failed", name, line: data.line ?? 0, error: cause };
}
