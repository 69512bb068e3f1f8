/** Whether few of a text's words are common ones: then it may be written backwards, upside down or in a cipher. In: tokens. */
import { hashOfWord, markToken, wordToken, type Tokens } from "../normalise/tokens.ts";

export const commonHashes: ReadonlySet<number> = new Set(
  "the and to of a in is you your that for it all me with this on be not i my are as from what how do now by or if an can was"
    .split(" ")
    .map(hashOfWord),
);

/** Four words of Latin letters or more, and at most one in eight a common English one. */
export function isStrange(tokens: Tokens): boolean {
  let words = 0;
  let known = 0;
  const sampled = Math.min(tokens.count, 200);
  for (let at = 0; at < sampled; at++) {
    if (tokens.kind[at] !== wordToken && tokens.kind[at] !== markToken) continue;
    // Other scripts are read forwards: the readings are of Latin letters, or of letters turned upside down.
    if ((tokens.units[tokens.start[at] as number] as number) > 0x2ff) continue;
    words += 1;
    if (commonHashes.has(tokens.hash[at] as number)) known += 1;
  }
  return words >= 4 && known * 8 <= words;
}
