/**
 * Runs a client program as a user would: `cordon run --as COMPONENT -- node PROGRAM`, through the real command line. In:
 * an estate, a component, a program of `clients/`. Out: a way to call its cases and to follow what they say.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Case, CaseTools, Failure, FromCase, ToCase } from "./clients/serve-cases.ts";

/** The cases of a program, by name. */
export type Cases = Readonly<Record<string, Case>>;
type Arguments<C> = C extends (tools: CaseTools, ...args: infer A) => unknown ? A : never;
type Returned<C> = C extends (...args: never[]) => infer R ? Awaited<R> : never;

/** A case under way in the client's process. */
export interface Running<R = unknown> {
  /** The next thing that the case says. Rejects when it ends instead. */
  next(): Promise<unknown>;
  /** All that it says from here on, until its end. */
  rest(): Promise<unknown[]>;
  /** What it returns. Rejects with {@link CaseFailed}. */
  readonly returned: Promise<R>;
  /** How it fails. Rejects when it does not. */
  failure(): Promise<Failure>;
  tell(word: string): void;
  abort(): void;
}

export interface ClientProgram<C extends Cases> extends AsyncDisposable {
  start<N extends keyof C & string>(name: N, ...args: Arguments<C[N]>): Running<Returned<C[N]>>;
  call<N extends keyof C & string>(name: N, ...args: Arguments<C[N]>): Promise<Returned<C[N]>>;
  /** Calls a case that must fail. */
  failing<N extends keyof C & string>(name: N, ...args: Arguments<C[N]>): Promise<Failure>;
}

/** A case's own exception, as an error of the test. */
export class CaseFailed extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(`the client raised ${failure.name}: ${failure.message}`);
    this.failure = failure;
  }
}

const cordon = join(import.meta.dirname, "..", "..", "packages", "cli", "main.ts");
/** A case that says nothing for this long, in milliseconds, has failed: a test that hangs tells nobody why. */
const patienceMs = 30_000;

/** `cordon run --as component -- node program`. */
export function runWithCordon<C extends Cases>(folder: string, component: string, program: string): ClientProgram<C> {
  const run = [cordon, "run", "--state", join(folder, "state"), "--as", component, "--"];
  return launch<C>([...run, process.execPath, join(import.meta.dirname, "clients", program)], {
    CORDON_CHECKPOINTS: join(folder, "client-checkpoints"),
  });
}

/** The same program without `cordon run`. */
export function runWithoutCordon<C extends Cases>(program: string, env: Record<string, string>): ClientProgram<C> {
  return launch<C>([join(import.meta.dirname, "clients", program)], env);
}

function launch<C extends Cases>(words: readonly string[], env: Record<string, string>): ClientProgram<C> {
  const child = spawn(process.execPath, words, { env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });
  const ended = once(child, "close");
  const running = new Map<number, Inbox>();
  let complaints = "";
  let lastId = 0;
  child.stderr.on("data", (chunk: Buffer) => (complaints += chunk.toString()));
  child.stdin.on("error", () => undefined); // seen as the child's end
  createInterface({ input: child.stdout }).on("line", (line) => {
    const message = JSON.parse(line) as FromCase;
    running.get(message.id)?.put(message);
  });
  void ended.then(([code]) => {
    for (const inbox of running.values())
      inbox.break(new Error(`the client ended with ${String(code)}: ${complaints}`));
  });
  const send = (message: ToCase): void => void child.stdin.write(`${JSON.stringify(message)}\n`);

  const start = (name: string, args: readonly unknown[]): Running<never> => {
    const id = ++lastId;
    const inbox = new Inbox(() => complaints);
    running.set(id, inbox);
    send({ id, call: name, args });
    return {
      next: () => inbox.next(),
      rest: () => inbox.rest(),
      returned: inbox.returned as Promise<never>,
      failure: () => inbox.failure(),
      tell: (word) => send({ id, word }),
      abort: () => send({ id, abort: true }),
    };
  };
  return {
    start: (name, ...given) => start(name, given),
    call: (name, ...given) => start(name, given).returned,
    failing: (name, ...given) => start(name, given).failure(),
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** What one case has said so far, in order, and how it ended. */
class Inbox {
  readonly returned: Promise<unknown>;
  readonly #complaints: () => string;
  readonly #pieces: unknown[] = [];
  #timer: NodeJS.Timeout | undefined;
  readonly #settle: { resolve: (value: unknown) => void; reject: (error: Error) => void };
  #ended = false;
  #wake: () => void = () => undefined;

  constructor(complaints: () => string) {
    this.#complaints = complaints;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#settle = { resolve, reject };
    this.returned = promise;
    promise.catch(() => undefined); // told by whoever waits for it
    this.#wait();
  }

  put(message: FromCase): void {
    if ("said" in message) {
      this.#pieces.push(message.said);
      this.#wait();
    } else {
      this.#end();
      if ("returned" in message) this.#settle.resolve(message.returned);
      else this.#settle.reject(new CaseFailed(message.failed));
    }
    this.#wake();
  }

  break(error: Error): void {
    this.#end();
    this.#settle.reject(error);
    this.#wake();
  }

  async next(): Promise<unknown> {
    while (this.#pieces.length === 0) {
      if (this.#ended)
        throw new Error("the case ended", { cause: await this.returned.catch((error: unknown) => error) });
      await this.#woken();
    }
    return this.#pieces.shift();
  }

  async rest(): Promise<unknown[]> {
    while (!this.#ended) await this.#woken();
    await this.returned;
    return this.#pieces.splice(0);
  }

  async failure(): Promise<Failure> {
    try {
      const value = await this.returned;
      throw new Error(`the case did not fail, but returned ${JSON.stringify(value)?.slice(0, 500)}`);
    } catch (error) {
      if (error instanceof CaseFailed) return error.failure;
      throw error;
    }
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }

  #wait(): void {
    clearTimeout(this.#timer);
    const words = `the client has said nothing for ${patienceMs} ms`;
    this.#timer = setTimeout(() => this.break(new Error(`${words}. ${this.#complaints()}`)), patienceMs);
  }

  #end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }
}
