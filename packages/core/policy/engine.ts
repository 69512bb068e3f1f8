/**
 * The policy engine's seam: what `decide` asks of whatever evaluates Cedar.
 */
import type { Namespace } from "../contract/vocabulary.ts";
import type { AccessRequest } from "./decision.ts";
import type { Principal } from "./people.ts";
import type { RiskFacts } from "../risk/assess.ts";
import type { Component } from "./snapshot.ts";

/** A policy as it is stored: Cedar text that holds exactly one or more policies, each with an `@id`. */
export interface PolicySource {
  readonly namespace: Namespace;
  /** Where the text came from, for messages: a file name, or `api`. */
  readonly origin: string;
  readonly text: string;
}

/** What one namespace's policies said. Ids are `@id`s. */
export interface Evaluation {
  readonly permits: readonly MatchedPolicy[];
  readonly forbids: readonly MatchedPolicy[];
  /** Policies that raised an error. `decide` turns any into a deny. */
  readonly errors: readonly {
    readonly policy: string;
    readonly words: string;
    /** Of a forbid that is only observed. */
    readonly observed?: boolean;
  }[];
}

export interface MatchedPolicy {
  readonly id: string;
  /** The policy's `@reason` annotation, or a sentence made from its id. */
  readonly words: string;
  readonly namespace: Namespace;
  /** All annotations, such as `keep`. */
  readonly annotations: Readonly<Record<string, string>>;
}

export type WindowsOf = (namespace: Namespace) => readonly string[];

/** A window as a policy names it in `context.windows.contains("NAME")`. */
export interface NamedWindow {
  readonly namespace: Namespace;
  readonly policy: string;
  readonly name: string;
}

export interface CompiledPolicies {
  /** Number of policies, for status. */
  readonly size: number;
  /**
   * Evaluates the request against the policies that may speak about it: those of the resource's namespace, and the
   * forbids of the principal's. Both are known: registered, or a person who is enrolled.
   *
   * @param windowsOf the windows of a namespace that are open now; its policies see them as `context.windows`
   * @param risk how risky the request is; policies see it as `context.risk`, `context.device` and `context.network`
   */
  evaluate(
    request: AccessRequest,
    principal: Principal,
    resource: Component,
    windowsOf?: WindowsOf,
    risk?: RiskFacts,
  ): Evaluation;
  /** Windows that policies name, with where; each must be one of its namespace. */
  readonly namedWindows?: readonly NamedWindow[];
  /** `namespace/id` of forbids that are only observed. */
  readonly observed?: readonly string[];
}
