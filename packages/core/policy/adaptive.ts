/**
 * Adaptive outcomes: `@stepup("10m")` and `@restrict("internal")`. In: what an evaluation matched. Out: what it demands
 * together, and which forbids stand whatever is met.
 *
 * On a permit they are conditions for it to hold; on a forbid, what lifts it. Of several matching policies the strictest
 * demand holds, so that adding a demand never loosens what another policy asks: the same rule as for `@inspect`.
 */
import { sensitivities, type Sensitivity } from "../contract/vocabulary.ts";
import type { MatchedPolicy } from "./engine.ts";

export interface AdaptiveDemands {
  /** How lately the person must have proved to be present. */
  readonly stepUp: { readonly maxAgeSeconds: number; readonly by: MatchedPolicy } | undefined;
  /** The most sensitive data that may be had. */
  readonly restrict: { readonly sensitivity: Sensitivity; readonly by: MatchedPolicy } | undefined;
}

const longestSeconds = 86_400;

/** `45s`, `10m` or `8h` in seconds, at most a day; `undefined` when it is none. */
export function parseAge(text: string): number | undefined {
  const match = /^([1-9][0-9]{0,4})([smh])$/.exec(text.trim());
  if (match === null) return undefined;
  const seconds = Number(match[1]) * { s: 1, m: 60, h: 3600 }[match[2] as "s" | "m" | "h"];
  return seconds <= longestSeconds ? seconds : undefined;
}

export function parseSensitivity(text: string): Sensitivity | undefined {
  return sensitivities.find((sensitivity) => sensitivity === text.trim());
}

/** What is wrong with these annotations, in words that begin with the annotation's name. */
export function demandProblems(annotations: Readonly<Record<string, string>>): readonly string[] {
  const { stepup, restrict } = annotations;
  const problems: string[] = [];
  if (stepup !== undefined && parseAge(stepup) === undefined)
    problems.push(`\`@stepup\` is a time of at most a day, such as \`45s\`, \`10m\` or \`8h\``);
  if (restrict !== undefined && parseSensitivity(restrict) === undefined)
    problems.push(`\`@restrict\` is one of ${sensitivities.join(", ")}`);
  return problems;
}

export function isConditional({ annotations }: MatchedPolicy): boolean {
  return annotations["stepup"] !== undefined || annotations["restrict"] !== undefined;
}

/**
 * The strictest of what policies demand. They were held to be right when they were loaded; one that cannot be read demands
 * the utmost.
 */
export function demandsOf(policies: readonly MatchedPolicy[]): AdaptiveDemands {
  let stepUp: AdaptiveDemands["stepUp"];
  let restrict: AdaptiveDemands["restrict"];
  for (const by of policies) {
    const { stepup, restrict: most } = by.annotations;
    if (stepup !== undefined) {
      const maxAgeSeconds = parseAge(stepup) ?? 0;
      if (stepUp === undefined || maxAgeSeconds < stepUp.maxAgeSeconds) stepUp = { maxAgeSeconds, by };
    }
    if (most !== undefined) {
      const sensitivity = parseSensitivity(most) ?? "public";
      if (restrict === undefined || rankOf(sensitivity) < rankOf(restrict.sensitivity)) restrict = { sensitivity, by };
    }
  }
  return { stepUp, restrict };
}

export function rankOf(sensitivity: Sensitivity): number {
  return sensitivities.indexOf(sensitivity);
}
