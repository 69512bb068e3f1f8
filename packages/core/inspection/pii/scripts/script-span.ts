/** What the readers of scripts propose. In: nothing. Out: types. */
export interface ScriptSpan {
  readonly type: "person" | "address";
  readonly start: number;
  readonly end: number;
  readonly score: number;
}

export type PushSpan = (type: ScriptSpan["type"], start: number, end: number, score: number) => void;

/** Calls back for each place where a pattern matches, also within an earlier match: no place depends on those before. */
export function everywhere(pattern: RegExp, text: string, at: (match: RegExpExecArray) => void): void {
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    at(match);
    pattern.lastIndex = match.index + 1;
  }
}
