/**
 * Which interactions become traces. In: OTEL_TRACES_SAMPLER and its argument. Out: a sampler. A caller's own word that
 * its trace is sampled is followed up to a limit a second: whoever calls cannot make Cordon trace everything.
 */
import type { Attributes, Context, Link, SpanKind } from "@opentelemetry/api";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
  type Sampler,
  type SamplingResult,
} from "@opentelemetry/sdk-trace";
import { CordonError } from "@cordon/core/errors";

/** Traces a second that are made because callers ask for them. */
const followedPerSecond = 50;

/** @throws {CordonError} `CONFIG_INVALID` for a sampler that is not known */
export function samplerOf(env: Readonly<Record<string, string | undefined>>, now: () => number): Sampler {
  const name = env["OTEL_TRACES_SAMPLER"] ?? "parentbased_always_on";
  const root = rootSampler(name.replace(/^parentbased_/, ""), env["OTEL_TRACES_SAMPLER_ARG"]);
  if (!name.startsWith("parentbased_")) return root;
  return new ParentBasedSampler({ root, remoteParentSampled: new LimitedSampler(followedPerSecond, now) });
}

function rootSampler(name: string, argument: string | undefined): Sampler {
  switch (name) {
    case "always_on":
      return new AlwaysOnSampler();
    case "always_off":
      return new AlwaysOffSampler();
    case "traceidratio": {
      const ratio = argument === undefined || argument === "" ? 1 : Number(argument);
      if (!(ratio >= 0 && ratio <= 1))
        throw new CordonError("CONFIG_INVALID", "OTEL_TRACES_SAMPLER_ARG must be a ratio from 0 to 1");
      return new TraceIdRatioBasedSampler(ratio);
    }
    default:
      throw new CordonError(
        "CONFIG_INVALID",
        `OTEL_TRACES_SAMPLER is \`${name}\`; set it to always_on, always_off, traceidratio, or one of them after parentbased_`,
      );
  }
}

/** Samples so many a second, and no more. */
export class LimitedSampler implements Sampler {
  readonly #perSecond: number;
  readonly #now: () => number;
  #second = Number.NaN;
  #taken = 0;

  constructor(perSecond: number, now: () => number) {
    this.#perSecond = perSecond;
    this.#now = now;
  }

  shouldSample(
    _context: Context,
    _traceId: string,
    _name: string,
    _kind: SpanKind,
    _attributes: Attributes,
    _links: Link[],
  ): SamplingResult {
    const second = Math.floor(this.#now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#taken = 0;
    }
    this.#taken += 1;
    return {
      decision: this.#taken > this.#perSecond ? SamplingDecision.NOT_RECORD : SamplingDecision.RECORD_AND_SAMPLED,
    };
  }

  toString(): string {
    return `LimitedSampler{${this.#perSecond}}`;
  }
}
