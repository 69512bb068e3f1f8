/**
 * Secrets of a third source: the examples in the rules of kingfisher (Apache-2.0), whose files are dealt into two halves by
 * their names. In: a checkout of github.com/mongodb/kingfisher. Out: how many of each half's examples something is found in.
 * Rules were mended after reading what is missed in the first half; nobody looked at the second.
 *
 * Most of its examples are alphabets and counts, which are no secrets: an example counts where its shape is none of these.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { secretDetector } from "@cordon/core/inspection/secrets/detector";
import { longSecretDetector } from "@cordon/core/inspection/secrets/long";

interface Rules {
  readonly rules?: readonly { readonly visible?: boolean; readonly examples?: readonly unknown[] }[];
}

export function unseenSecretsJudged(
  checkout: string,
  known: ReadonlySet<string>,
  say: (line: string) => void,
): unknown {
  const halves = [
    { found: 0, texts: 0 },
    { found: 0, texts: 0 },
  ];
  const folder = join(checkout, "data/rules");
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".yml"))) {
    const half = halves[halfOf(file)];
    if (half === undefined) continue;
    const { rules = [] } = parse(readFileSync(join(folder, file), "utf8"), { logLevel: "silent" }) as Rules;
    for (const text of rules.flatMap(({ visible, examples = [] }) => (visible === false ? [] : examples))) {
      if (typeof text !== "string" || known.has(text.trim()) || isStandIn(text)) continue;
      half.texts++;
      if (secretDetector.detect(text).length + longSecretDetector.detect(text).length > 0) half.found++;
    }
  }
  const [read, unseen] = halves.map(({ found, texts }) => `${(found / texts).toFixed(3)} of ${texts}`);
  say(`Secrets, kingfisher's rule examples that are no stand-ins: recall ${unseen} never looked at; ${read} read`);
  return halves;
}

function halfOf(file: string): number {
  let hash = 7;
  for (const letter of file) hash = (hash * 31 + letter.charCodeAt(0)) >>> 0;
  return (hash >>> 3) & 1;
}

/** Six letters or digits that count upwards, the same run three times, or a word that says so. */
function isStandIn(text: string): boolean {
  return text.split(/[^A-Za-z0-9_+/.=-]+/).some((word) => {
    if (word.length < 10) return false;
    let run = 1;
    for (let at = 1; at < word.length; at++) {
      run = (word.charCodeAt(at) | 32) - (word.charCodeAt(at - 1) | 32) === 1 ? run + 1 : 1;
      if (run >= 6) return true;
    }
    return /(.{2,12})\1\1/.test(word) || /example|your|xxx|1a2b3c|a1b2c3|e89b-12d3|fake|sample/i.test(word);
  });
}
