/**
 * Sends an admitted request to its upstream. In: an exchange, and what is asked. Out: the request on its way, with the
 * upstream's credential, or an exchange that was cut because it cannot be sent. Most requests go at once; one waits where
 * its credential has to be read first, or where its content has to be kept first.
 */
import { CordonError, isCordonError } from "@cordon/core/errors";
import type { Decision } from "@cordon/core/policy/decision";
import { keepsRequest } from "./admission.ts";
import { statusOf } from "./error-status.ts";
import type { Exchange } from "./exchange.ts";
import type { ReadBody } from "./inspect-request.ts";
import { readWhole } from "./doors/s3/plan.ts";
import { openS3Keys, sendS3 } from "./doors/s3/send.ts";
import { outsideHeaders, rangeHeaders, requestHeaders } from "./listener/headers.ts";
import { repeatedHeaders } from "./mcp/repeated-headers.ts";
import { meteredBody } from "./metered-body.ts";
import { bugWords } from "./observation/bug-words.ts";
import type { GatewayDependencies } from "./ports.ts";
import type { BodyMode, Intent } from "./routes/intent.ts";
import { upstreamTarget, type Upstreams } from "./upstream/upstreams.ts";

export interface ForwarderDeps extends Pick<
  GatewayDependencies,
  "content" | "log" | "observer" | "options" | "resolveSecret" | "monotonicMs" | "now"
> {
  readonly upstreams: Upstreams;
}

/** What an interaction asks for, with its body as it was read. A fallback is a second ask of the same interaction. */
export interface Ask extends ReadBody {
  readonly attempt: number;
  readonly intent: Intent;
  readonly body: BodyMode;
  readonly maxBodyBytes: number;
}

/**
 * @returns sends an exchange's request; `outgoing` is its body where that was read before deciding. Undefined where it has
 *   gone already
 */
export function forwarder(
  deps: ForwarderDeps,
): (exchange: Exchange, ask: Ask, outgoing: Buffer | undefined) => Promise<void> | undefined {
  const s3Keys = openS3Keys(deps);
  return (exchange, ask, outgoing) => {
    const { s3, upstream } = ask.intent;
    const credential = s3 === undefined ? deps.upstreams.credential(upstream) : s3Keys(s3);
    const keepFirst = ask.body === "through" && keepsRequest(exchange.start.decision);
    if (keepFirst || credential instanceof Promise) return prepare(exchange, ask, outgoing, credential);
    return send(exchange, ask, outgoing, credential);
  };

  /** Sends a request that cannot go at once: its credential has to be read, or its content kept. */
  async function prepare(
    exchange: Exchange,
    ask: Ask,
    outgoing: Buffer | undefined,
    reading: readonly string[] | Promise<readonly string[]>,
  ): Promise<void> {
    const { request, requestMeter } = exchange.start;
    const { upstream } = ask.intent;
    let credential: readonly string[];
    try {
      credential = await reading;
    } catch (error) {
      // Where the secret is kept is for the operator, not for the caller.
      const words = `the credential for ${upstream.name} cannot be read`;
      const why = isCordonError(error) ? error.message : bugWords(error);
      const requestId = exchange.start.id;
      deps.log({ level: "error", event: "credential-unavailable", words: `${words}: ${why}`, requestId });
      return await exchange.cutFor(new CordonError("SECRET_UNAVAILABLE", words, { cause: error }), 503);
    }
    let whole = outgoing;
    if (ask.body === "through" && keepsRequest(exchange.start.decision)) {
      // To be kept before it is forwarded, it has to be here whole.
      try {
        const kind = ask.intent.s3 === undefined ? "http" : "s3";
        whole = await readWhole(request, ask.maxBodyBytes, deps.options.receiveTimeoutMs, kind);
        requestMeter.push(whole);
        await deps.content.keep(exchange.start.namespace, requestMeter.finish().hmac, whole);
      } catch (error) {
        const known = isCordonError(error)
          ? error
          : new CordonError("LEDGER_UNAVAILABLE", "the content that policy says to keep cannot be kept");
        return await exchange.cutFor(known, statusOf[known.code]);
      }
    }
    await send(exchange, ask, whole, credential);
  }

  function send(
    exchange: Exchange,
    ask: Ask,
    whole: Buffer | undefined,
    credential: readonly string[],
  ): Promise<void> | undefined {
    const { request, requestMeter } = exchange.start;
    const { upstream, upstreamPath, s3, outside, headers: own = [], headersPassed: passed } = ask.intent;
    const { maxBodyBytes } = ask;
    if (s3 !== undefined) {
      const [accessKeyId = "", secretAccessKey = ""] = credential;
      sendS3(deps, exchange, s3, ask, whole, { accessKeyId, secretAccessKey });
      return undefined;
    }
    const through = ask.body === "through" && whole === undefined;
    const declared = through ? request.headers["content-length"] : undefined;
    const length = declared === undefined ? [] : ["content-length", declared];
    const left = exchange.start.subject.screening === undefined ? undefined : rangeHeaders;
    const body = whole ?? (through ? meteredBody(request, requestMeter, maxBodyBytes, upstream.timeouts.idleMs) : null);
    const target = upstreamTarget(upstream, upstreamPath);
    if (outside !== undefined) {
      exchange.forward(outside.dispatcher, target, outsideHeaders(request.rawHeaders, length, left), body);
      return undefined;
    }
    const sent = clientHeaders(request.rawHeaders, ask, whole);
    if (isCordonError(sent)) return exchange.cutFor(sent, statusOf[sent.code]);
    const traced = deps.observer?.outgoing?.(exchange.start.passage) ?? [];
    const restricted = restrictionHeader(exchange.start.decision);
    const ours = [...credential, ...length, ...traced, ...restricted, ...own];
    const headers = requestHeaders(sent, ours, left, undefined, passed);
    exchange.forward(deps.upstreams.dispatcher(upstream), target, headers, body);
    return undefined;
  }
}

/** The client's headers as they fit the body that goes on; or why they cannot be made to. Those of MCP repeat parts of it. */
function clientHeaders(
  raw: readonly string[],
  { intent, bytes, tree }: Ask,
  whole: Buffer | undefined,
): readonly string[] | CordonError {
  if (intent.mcp === undefined || whole === undefined || whole === bytes || tree === undefined) return raw;
  try {
    return repeatedHeaders(raw, tree, whole);
  } catch (error) {
    if (isCordonError(error)) return error;
    throw error;
  }
}

/** Tells the upstream how sensitive what it answers may be: one that holds data of several sensitivities can filter. */
function restrictionHeader({ obligations }: Decision): readonly string[] {
  const restriction = obligations.find((obligation) => obligation.kind === "restrictTo");
  return restriction?.kind === "restrictTo" ? ["cordon-restrict-to", restriction.sensitivity] : [];
}
