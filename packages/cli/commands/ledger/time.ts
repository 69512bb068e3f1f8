/** Times as people type them: ISO 8601, or an age. */
import { CordonError } from "@cordon/core/errors";

const ageUnits: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * @param name of the option, for the message
 * @throws {CordonError} `USAGE`
 */
export function parseTime(name: string, text: string, now: number): number {
  const [, count, unit] = /^([0-9]{1,6})([smhd])$/.exec(text) ?? [];
  if (count !== undefined && unit !== undefined) return now - Number(count) * (ageUnits[unit] ?? 0);
  const time = /^[0-9]{4}-/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time))
    throw new CordonError("USAGE", `--${name} takes a time such as 2026-11-23T20:00:00Z or 15m, not \`${text}\``);
  return time;
}
