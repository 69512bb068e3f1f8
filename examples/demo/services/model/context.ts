/** What the model reads: a conversation, as plain turns. In: parsed messages. Out: turns, and what was done in them. */

export interface Turn {
  readonly role: "system" | "user" | "assistant" | "tool";
  readonly text: string;
  readonly calls: readonly PastCall[];
}

export interface PastCall {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** A call that was made, with what came of it. */
export interface Done {
  readonly call: PastCall;
  readonly result: string;
  /** The tool's turn. */
  readonly turn: number;
  readonly failed: boolean;
}

/** Results that say that nothing was done. */
const failure = /^\s*(?:\W*"?(?:error|refused|failed|denied)\b|\{"error")/i;

/** Pairs each call with its result: results follow their calls in the calls' order. */
export function doneIn(turns: readonly Turn[]): readonly Done[] {
  const waiting: PastCall[] = [];
  const done: Done[] = [];
  for (const [at, { role, text, calls }] of turns.entries()) {
    if (role === "assistant") waiting.push(...calls);
    const call = role === "tool" ? waiting.shift() : undefined;
    if (call !== undefined) done.push({ call, result: text, turn: at, failed: failure.test(text) });
  }
  return done;
}

/** The newest question. */
export function lastQuestion(turns: readonly Turn[]): { readonly text: string; readonly turn: number } {
  const turn = turns.findLastIndex(({ role }) => role === "user");
  return { text: turns[turn]?.text ?? "", turn };
}

/** Retrieved passages, each under a heading: something to answer from, not something that was found out. */
export function isPassages(result: string): boolean {
  return /^## /m.test(result);
}
