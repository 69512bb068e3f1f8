/**
 * For tests of judged answers: a judge that is a real HTTP server, and an answer that goes through the filter as an exchange
 * takes it through. In: what the judge says, settings, pieces of an answer. Out: what its client gets, and what the judge was asked.
 */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { inspectionSchema, inspectionSettings } from "@cordon/core/contract/inspection-schema";
import type { Decision } from "@cordon/core/policy/decision";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import { openJudge } from "../judge.ts";
import { openInspection } from "../open-inspection.ts";
import type { Detectors } from "../rules.ts";
import { Screening } from "../screening.ts";
import type { FilterCut, ResponseFilter } from "../../ports.ts";
import type { ApiShape } from "../../routes/error-shapes.ts";

/** What a judge is asked about one piece: its place, from 0, and the text. */
export type Says = (text: string, place: number) => string | ((response: ServerResponse) => void) | Promise<string>;

export interface JudgeServer extends AsyncDisposable {
  readonly url: string;
  readonly asked: { readonly text: string; readonly origin: string; readonly system: string }[];
  says: Says;
  /** Questions that are out. */
  readonly out: number;
  /** The most that were out together. */
  highest: number;
  /** Questions that were answered. */
  spoken: number;
  /** Questions that whoever asked gave up. */
  left: number;
}

export async function openJudgeServer(): Promise<JudgeServer> {
  let out = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { messages } = JSON.parse(Buffer.concat(chunks).toString()) as { messages: { content: string }[] };
      const { text, origin } = JSON.parse(messages[1]?.content ?? "") as { text: string; origin: string };
      opened.asked.push({ text, origin, system: messages[0]?.content ?? "" });
      opened.highest = Math.max(opened.highest, (out += 1));
      response.once("close", () => {
        out -= 1;
        if (response.writableFinished) opened.spoken += 1;
        else opened.left += 1;
      });
      const said = opened.says(text, opened.asked.length - 1);
      if (typeof said === "function") return said(response);
      void Promise.resolve(said).then((label) => {
        const content = /^[a-z]+$/.test(label) ? JSON.stringify({ label }) : label;
        response
          .writeHead(200, { "content-type": "application/json" })
          .end(JSON.stringify({ choices: [{ message: { role: "assistant", content } }] }));
      });
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const opened: JudgeServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/chat/completions`,
    asked: [],
    says: () => "benign",
    get out() {
      return out;
    },
    highest: 0,
    spoken: 0,
    left: 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return opened;
}

export interface Judging {
  readonly detectors?: Detectors;
  /** `response` and the rest of `inspection`, as in a file. */
  readonly inspection?: Record<string, unknown>;
  readonly answers?: Record<string, unknown>;
  readonly judge?: Record<string, unknown>;
  readonly api?: ApiShape;
  readonly path?: string;
  readonly contentType?: string;
  /** Whether a model was asked in a shape of its maker's own. */
  readonly asksModel?: boolean;
  /** What policy says of findings in the answer. */
  readonly policy?: (findings: Screening["findings"]) => Decision | undefined;
}

const blocking = { "prompt-extraction": "block", "indirect-injection": "block", jailbreak: "block" };

/** The filter of an answer on a route with this judge; without one where `url` is undefined. */
export function openFilter(
  url: string | undefined,
  {
    detectors = { spans: [], parts: [] },
    inspection = {},
    answers = {},
    judge,
    policy,
    asksModel = false,
    ...kind
  }: Judging = {},
): { readonly filter: ResponseFilter; readonly screening: Screening } {
  // Patient unless a test says otherwise: a busy machine may stand still for a while.
  const asked = { url, model: "guard", timeoutMs: 60_000, ...judge, answers: { holdMs: 600_000, ...answers } };
  const written = { response: blocking, ...inspection, ...(url === undefined ? {} : { judge: asked }) };
  const screening = new Screening(inspectionSettings(inspectionSchema.parse(written)));
  if (policy !== undefined) screening.askAbout(policy);
  screening.asksModel = asksModel;
  const inspecting = openInspection({
    detectors,
    judge: openJudge({ resolveSecret: () => Promise.resolve("") }),
    monotonicMs: () => performance.now(),
  });
  const { api = "openai", path = "/chat/completions", contentType = "text/event-stream" } = kind;
  const subject = { screening, requestId: "r", principal: "" as SpiffeId, resource: "" as SpiffeId, api, path };
  const filter = inspecting.openResponse(subject, { status: 200, contentType });
  if (filter === undefined) throw new Error("nothing filters it");
  return { filter, screening };
}

export interface Delivered {
  readonly text: string;
  readonly cut: FilterCut | undefined;
}

/**
 * Takes an answer through a filter, piece by piece, as an exchange does.
 *
 * @param seen hears of what the client has after each step
 */
export async function through(
  filter: ResponseFilter,
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  seen: (text: string) => void = () => undefined,
): Promise<Delivered> {
  let text = "";
  let cut: FilterCut | undefined;
  const take = (out: Uint8Array | FilterCut): void => {
    if (cut !== undefined) return;
    if (out instanceof Uint8Array) text += Buffer.from(out).toString();
    else {
      cut = out;
      text += Buffer.from(out.last ?? []).toString();
    }
    seen(text);
  };
  filter.tellTo?.(take);
  for await (const piece of pieces) {
    if (cut !== undefined) break;
    take(await filter.push(piece));
  }
  if (cut === undefined) take(await filter.end());
  filter.close?.();
  return { text, cut };
}

export const sse = (data: unknown): string =>
  `${typeof data === "object" && data !== null && "type" in data ? `event: ${String(data.type)}\n` : ""}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;

/** A chunk of Chat Completions. */
export const chunk = (delta: object, finish: string | null = null, index = 0): string =>
  sse({
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    model: "m",
    choices: [{ index, delta, finish_reason: finish }],
  });

export const detectorsOf = (findings: Screening): string[] =>
  findings.response.summary().map(({ detector }) => detector);
