/**
 * Secrets in texts of our own, by what they are about. In: a list. Out: how many of the secrets are covered and in how many honest texts
 * something is found.
 */
import { secretDetector } from "@cordon/core/inspection/secrets/detector";
import { longSecretDetector } from "@cordon/core/inspection/secrets/long";
import type { Case } from "./own-secrets/draw.ts";

interface List {
  readonly secrets: Readonly<Record<string, readonly Case[]>>;
  readonly honest: Readonly<Record<string, readonly string[]>>;
}

export interface OwnSecrets {
  readonly found: number;
  readonly secrets: number;
  readonly taken: number;
  readonly honest: number;
}

/** `wrong` hears of each that is missed or taken for a secret. */
export function ownSecretsJudged(list: List, wrong: (area: string, what: string) => void = () => {}): OwnSecrets {
  const result = { found: 0, secrets: 0, taken: 0, honest: 0 };
  for (const [area, cases] of Object.entries(list.secrets))
    for (const [secret, text] of cases) {
      result.secrets++;
      if (isCovered(secret, text)) result.found++;
      else wrong(area, `missed ${JSON.stringify(text.replace("¤", () => secret).slice(0, 200))}`);
    }
  for (const [area, texts] of Object.entries(list.honest))
    for (const text of texts) {
      result.honest++;
      const [finding] = findingsOf(text);
      if (finding === undefined) continue;
      result.taken++;
      wrong(
        area,
        `taken ${finding.detector} ${JSON.stringify(text.slice(finding.start, finding.end))} of ${JSON.stringify(text)}`,
      );
    }
  return result;
}

/** Nine tenths of it or more: what is left says nothing of it. */
function isCovered(secret: string, text: string): boolean {
  const at = text.indexOf("¤");
  const end = at + secret.length;
  let covered = 0;
  let done = at;
  for (const finding of findingsOf(text.replace("¤", () => secret)).toSorted((a, b) => a.start - b.start)) {
    covered += Math.max(0, Math.min(end, finding.end) - Math.max(done, finding.start));
    done = Math.max(done, finding.end);
  }
  return covered >= 0.9 * secret.length;
}

function findingsOf(text: string) {
  return [...secretDetector.detect(text), ...longSecretDetector.detect(text)];
}
