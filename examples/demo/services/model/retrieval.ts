/**
 * A small retrieval model. In: text. Out: an embedding (hashed word and character n-grams, L2-normalised), and answers put
 * together from the sentences of the passages that lie nearest to a question. Deterministic; nothing is looked up by exact
 * question.
 */
import { passages, type Passage } from "../faq.ts";

export const dimensions = 512;

const commonWords = new Set(
  (
    "a an and any are as at be by can do does did for from get has have how i if in into is it its me my of on or our " +
    "please should tell that the their there this to want was we what when where which who will with would you your"
  ).split(" "),
);

/** Embeds a text: 512 dimensions, unit length (all zero for a text without letters or digits). */
export function embed(text: string): Float64Array {
  const vector = new Float64Array(dimensions);
  for (const word of wordsOf(text)) {
    const weight = commonWords.has(word) ? 0.05 : (wordWeights.get(stem(word)) ?? heaviestWord);
    add(vector, `w ${stem(word)}`, 2 * weight);
    const padded = `<${word}>`;
    for (let at = 0; at + 4 <= padded.length; at++) add(vector, `c ${padded.slice(at, at + 4)}`, 0.3 * weight);
  }
  const length = Math.hypot(...vector);
  return length === 0 ? vector : vector.map((value) => value / length);
}

/** Cosine of two unit vectors. */
export function cosine(left: Float64Array, right: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < dimensions; at++) sum += (left[at] ?? 0) * (right[at] ?? 0);
  return sum;
}

/** The passages nearest to a question, best first, each with its score. */
export function nearest(question: string, count: number): readonly { passage: Passage; score: number }[] {
  const asked = embed(question);
  return index
    .map(({ passage, vector }) => ({ passage, score: cosine(asked, vector) }))
    .sort((left, right) => right.score - left.score)
    .slice(0, count);
}

/** Below this cosine a passage says nothing about the question. */
const relevant = 0.15;

/**
 * Answers a question: the sentences of the best passage in their order, those of a close second when it adds something;
 * says so when nothing is near.
 */
export function answerTo(question: string): string {
  const [best, second] = nearest(question, 2);
  if (best === undefined || best.score < relevant)
    return "I could not find anything about that in the bank's help pages. Could you say it in other words?";
  const answer = sentencesOf(best.passage);
  if (second !== undefined && second.score > relevant && second.score > best.score * 0.8) {
    const asked = embed(question);
    const addition = sentencesOf(second.passage)
      .map((sentence) => ({ sentence, score: cosine(asked, embed(sentence)) }))
      .sort((left, right) => right.score - left.score)[0];
    if (addition !== undefined && addition.score > relevant)
      answer.push(`About ${second.passage.title.toLowerCase()}: ${addition.sentence}`);
  }
  return answer.join(" ");
}

export function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

function sentencesOf(passage: Passage): string[] {
  return passage.text.split(/(?<=[.;])\s+(?=[A-Z])/);
}

/** Takes the commonest English endings off, so that `cards` meets `card` and `cancelling` meets `cancel`. */
function stem(word: string): string {
  if (word.length <= 4) return word.endsWith("s") && word.length === 4 ? word.slice(0, 3) : word;
  return word.replace(/(?:ling|ing|led|ies|ed|es|s|ly)$/, "");
}

function add(vector: Float64Array, feature: string, weight: number): void {
  // FNV-1a, 32 bits; the top bit gives the sign, so that collisions cancel rather than add up.
  let hash = 0x811c9dc5;
  for (let at = 0; at < feature.length; at++) hash = Math.imul(hash ^ feature.charCodeAt(at), 0x01000193);
  const slot = (hash >>> 0) % dimensions;
  vector[slot] = (vector[slot] ?? 0) + (hash < 0 ? -weight : weight);
}

/** Rare words weigh more (inverse document frequency over the passages). */
const wordWeights: ReadonlyMap<string, number> = (() => {
  const seenIn = new Map<string, number>();
  for (const { title, text } of passages)
    for (const word of new Set(wordsOf(`${title} ${text}`).map(stem))) seenIn.set(word, (seenIn.get(word) ?? 0) + 1);
  return new Map([...seenIn].map(([word, count]) => [word, Math.log(1 + passages.length / count)]));
})();
const heaviestWord = Math.log(1 + passages.length);

/** The title says what a passage is about, so it counts three times. */
const index = passages.map((passage) => ({
  passage,
  vector: embed(`${passage.title} ${passage.title} ${passage.title} ${passage.text}`),
}));
