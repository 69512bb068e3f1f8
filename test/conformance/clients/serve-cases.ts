/**
 * The frame of a client program. In: JSON lines on stdin that name a case and its arguments. Out: JSON lines on stdout:
 * what the case said on its way, then what it returned or how it failed. Knows nothing of any API, nor of Cordon.
 */
import { createInterface } from "node:readline";

/** What a case gets besides its arguments. */
export interface CaseTools {
  /** Tells the test a piece at once. */
  readonly say: (piece: unknown) => void;
  /** Aborted when the test says so. */
  readonly signal: AbortSignal;
  /** Resolves with the test's next word to this case. */
  readonly heard: () => Promise<string>;
}

/** A case: tools first, then whatever the test passes as JSON. */
export type Case = (tools: CaseTools, ...args: never[]) => unknown;

export type ToCase =
  | { readonly id: number; readonly call: string; readonly args: readonly unknown[] }
  | { readonly id: number; readonly abort: true }
  | { readonly id: number; readonly word: string };

export type FromCase =
  | { readonly id: number; readonly said: unknown }
  | { readonly id: number; readonly returned: unknown }
  | { readonly id: number; readonly failed: Failure };

/** An exception as a program would see it: its class, and the fields that both SDKs document. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly status?: number;
  readonly code?: string;
  readonly type?: string;
  readonly error?: unknown;
  readonly requestId?: string;
  readonly ledgerIndex?: string;
}

/** Runs cases, several at once, until stdin ends. */
export function serveCases(cases: Readonly<Record<string, Case>>): void {
  const running = new Map<number, { abort: AbortController; words: string[]; wake: () => void }>();
  const tell = (line: FromCase): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

  const start = async (id: number, call: string, args: readonly unknown[]): Promise<void> => {
    const state = { abort: new AbortController(), words: [] as string[], wake: (): void => undefined };
    running.set(id, state);
    const tools: CaseTools = {
      say: (piece) => tell({ id, said: piece }),
      signal: state.abort.signal,
      async heard() {
        while (state.words.length === 0) await new Promise<void>((resolve) => (state.wake = resolve));
        return state.words.shift() as string;
      },
    };
    try {
      const run = cases[call];
      if (run === undefined) throw new Error(`there is no case \`${call}\``);
      tell({ id, returned: (await run(tools, ...(args as never[]))) ?? null });
    } catch (error) {
      tell({ id, failed: failureOf(error) });
    } finally {
      running.delete(id);
    }
  };

  createInterface({ input: process.stdin }).on("line", (line) => {
    const message = JSON.parse(line) as ToCase;
    if ("call" in message) return void start(message.id, message.call, message.args);
    const state = running.get(message.id);
    if ("abort" in message) state?.abort.abort();
    else {
      state?.words.push(message.word);
      state?.wake();
    }
  });
}

function failureOf(thrown: unknown): Failure {
  const error = thrown as Error & Omit<Failure, "name"> & { readonly headers?: Headers };
  return {
    name: error.constructor.name,
    message: error.message,
    status: error.status,
    code: error.code,
    type: error.type,
    error: error.error,
    requestId: error.headers?.get("cordon-request-id") ?? undefined,
    ledgerIndex: error.headers?.get("cordon-ledger-index") ?? undefined,
  } as Failure;
}
