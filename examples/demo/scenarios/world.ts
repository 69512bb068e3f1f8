/**
 * The demo estate as scenarios act in it: the same programs, behind Cordon or without it. In: what somebody does. Out: what
 * came of it.
 */
import type { Conversation } from "../assistant/converse.ts";

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly json?: unknown;
  /** The conversation that it belongs to. */
  readonly session?: string;
}

/** What came of a request: an answer, or why there was none. */
export interface Outcome {
  readonly ok: boolean;
  readonly text: string;
}

/** Weights to put in place of the true ones; nothing to put those back. */
export type WeightsSwap = { readonly intercept: number } | undefined;

export interface World extends AsyncDisposable {
  readonly mode: "cordon" | "open";
  /** The assistant is asked. */
  ask(question: string): Promise<Conversation>;
  /** A program with a component's identity makes a request by the ordinary way. */
  call(component: string, request: Request): Promise<Outcome>;
  /** Somebody dials a service's own port. */
  dial(component: string | null, service: string, request: Request): Promise<Outcome>;
  /** Somebody uses what a program held as its credential. */
  replay(component: string, when: "after" | "during", request: Request): Promise<Outcome>;
  /** A pipeline's job runs to its end. */
  runJob(job: "index" | "train"): Promise<Outcome>;
  /**
   * Somebody with a foothold on the serving machine replaces a model's weights behind everybody's back, or puts the true ones
   * back. Resolves a second later.
   */
  swapWeights(model: string, swap: WeightsSwap): Promise<Outcome>;
  /** Somebody with a foothold on a tool server's machine changes what it says of a tool. */
  changeTool(server: string, tool: string, description: string): Promise<Outcome>;
  /** The tool servers say again what their owners mean. */
  restoreTools(): Promise<void>;
  /** Where the world outside listens: it is nobody's but its owner's. */
  readonly outsideUrl: string;
}
