/**
 * Scans a file of pickle streams. In: a source. Out: findings, through the scan; where the last stream ends.
 *
 * Streams may follow one another. Each is interpreted with an empty memo, as a new unpickler has, and the later ones a
 * second time with the memo kept, as one unpickler that loads them all has.
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import type { Scan } from "../scan.ts";
import { atlas, printable } from "../verdict.ts";
import { arrayReader } from "./joblib-arrays.ts";
import { openJudge } from "./judge.ts";
import { PickleMachine, type Outcome } from "./machine.ts";
import { Memo } from "./memo.ts";
import { nestedPayload } from "./nested.ts";
import { allowList, type AllowList } from "./rules/allow-list.ts";
import type { Problem } from "./rules/rule.ts";
import { opaque, type Value } from "./values.ts";

export interface StreamOptions {
  readonly persistent?: (id: Value) => Value | Problem;
  readonly memo?: Memo;
  readonly allowed?: AllowList;
}

/** Interprets one stream; reports what it does, and that it breaks where it does. */
export function scanStream(source: ByteSource, start: number, scan: Scan, options: StreamOptions = {}): Outcome {
  const context = {
    allowed: options.allowed ?? allowList,
    report: scan.report,
    persistent: options.persistent,
    ...nestedPayload(source, scan, scanPickle),
    afterBuild: arrayReader(source, scan, scanStream),
  };
  const judge = openJudge(context);
  const machine = new PickleMachine(source, start, scan.budget, judge, options.memo);
  const outcome = machine.run();
  if (outcome.broke === undefined) return outcome;
  scan.report({
    rule: "pickle/broken",
    verdict: "malformed",
    atlas: atlas.unsafeArtefact,
    offset: outcome.broke.offset,
    words: `the stream breaks here, after all before it has run: ${outcome.broke.words}`,
  });
  const after = openJudge({
    ...context,
    report: (finding) => {
      if (finding.verdict === "dangerous")
        scan.report({ ...finding, words: `behind the break, where no loader gets: ${finding.words}` });
    },
    nested: () => opaque("behind the break"),
    afterBuild: undefined,
  });
  const rest = new PickleMachine(source, machine.cursor.position, scan.budget, after, machine.memo);
  rest.stack = machine.stack;
  rest.runOn(10_000);
  return outcome;
}

/** Streams that follow one another are read up to this many. */
const maxStreams = 100_000;

/** A whole file of pickles: `pickle.load` reads the first, some loaders all. */
export function scanPickle(source: ByteSource, scan: Scan): void {
  scanStreams(source, scan, {});
}

/** The same, for a loader that gives persistent ids a meaning. */
export function scanStreams(source: ByteSource, scan: Scan, options: StreamOptions): void {
  let start = 0;
  const shared = new Memo();
  for (let count = 0; count < maxStreams; count++) {
    const first = count === 0;
    const outcome = scanStream(source, start, scan, first ? { ...options, memo: shared } : options);
    if (!first) scanWithMemo(source, start, scan, shared, options);
    if (outcome.end === undefined) return;
    start = outcome.end;
    if (source.read(start, 1).length === 0) return;
    if (isPadding(source, start)) return;
    if (!startsStream(source, start)) {
      scan.report({
        rule: "pickle/trailing-bytes",
        verdict: "malformed",
        atlas: atlas.unsafeArtefact,
        offset: start,
        words: `bytes follow the end of the pickle that are no pickle: ${printable(Buffer.from(source.read(start, 16)).toString("latin1"))}`,
      });
      return;
    }
  }
  scan.report({
    rule: "pickle/streams",
    verdict: "unsupported",
    atlas: atlas.unsafeArtefact,
    words: `more than ${maxStreams} pickles follow one another`,
  });
}

/** The same stream as one unpickler sees it that loaded those before; it may break where a new one does not. */
function scanWithMemo(source: ByteSource, start: number, scan: Scan, memo: Memo, options: StreamOptions): void {
  const judge = openJudge({
    allowed: allowList,
    report: scan.report,
    persistent: options.persistent,
    ...nestedPayload(source, scan, scanPickle),
    afterBuild: undefined,
  });
  new PickleMachine(source, start, scan.budget, judge, memo).run();
}

/** True where the rest, a page at most, is zeros or white space. */
function isPadding(source: ByteSource, start: number): boolean {
  const rest = source.read(start, 4097);
  return rest.length <= 4096 && rest.every((byte) => byte === 0 || byte === 0x0a || byte === 0x0d || byte === 0x20);
}

function startsStream(source: ByteSource, start: number): boolean {
  const [first = 0, second = 0] = source.read(start, 2);
  return first === 0x80 ? second <= 5 : "(]}cIKLMNJXVFGSTU)0ip\x8c\x95".includes(String.fromCharCode(first));
}
