/** A risk for people: the score, its tier, and what it is made of. */
import type { Risk } from "@cordon/core/policy/decision";

export function riskLines({ tier, score, contributions }: Risk): string {
  const lines = contributions.map(
    ({ signal, weight, words }) => `  ${weight.toFixed(2)}  ${signal.padEnd(20)}  ${words}`,
  );
  const head = `risk ${score.toFixed(3)} (${tier})`;
  return lines.length === 0
    ? `${head}: nothing speaks against it`
    : `${head} = 1 - ${contributions.map(({ weight }) => `(1 - ${weight.toFixed(2)})`).join(" ")}\n${lines.join("\n")}`;
}
