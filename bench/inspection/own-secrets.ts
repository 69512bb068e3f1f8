/**
 * Secrets in texts of our own, by what they are about: five lists, each written after rules were mended by those before it. In: a list. Out: how many of the secrets are covered and in how many honest texts
 * something is found.
 */
import { secretDetector } from "@cordon/core/inspection/secrets/detector";
import { longSecretDetector } from "@cordon/core/inspection/secrets/long";
import type { Case } from "./own-secrets/draw.ts";

import * as fifth from "./own-secrets/fifth.ts";
import * as first from "./own-secrets/first.ts";
import * as fourth from "./own-secrets/fourth.ts";
import * as second from "./own-secrets/second.ts";
import * as third from "./own-secrets/third.ts";

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

/** Each list was judged once before it was read; what it says now is what rules were mended by. */
export function ownSecretListsJudged(say: (line: string) => void): readonly OwnSecrets[] {
  say("Secrets, texts of our own: covered, and honest texts in which something is found");
  return Object.entries({ first, second, third, fourth, fifth }).map(([name, list]) => {
    const result = ownSecretsJudged(list);
    const { found, secrets, taken, honest } = result;
    say(`  ${name.padEnd(8)} ${(found / secrets).toFixed(3)} of ${secrets}   ${taken} of ${honest}`);
    return result;
  });
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
