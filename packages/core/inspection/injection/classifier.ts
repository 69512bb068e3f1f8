/**
 * The trained judge of instructions that are not the operator's or the user's own: injection, jailbreak, extraction. In: a
 * part. Out: the calibrated probability that it attacks, and findings at the words that weighed most.
 *
 * What the part hides (encodings, reversed text) is read and judged too, to a bound of depth and size.
 */
import type { Finding, FindingCategory } from "../finding.ts";
import { glossOf } from "../gloss/gloss.ts";
import type { PartDetector, PartJudgement } from "../inspect.ts";
import type { Hidden } from "../normalise/encodings.ts";
import { originalOffset } from "../normalise/fold.ts";
import type { Part } from "../subject.ts";
import { classified } from "../taxonomy.ts";
import type { Features } from "./features.ts";
import { splitAt, touching } from "./foreign.ts";
import { hiddenIn, withCodesRead } from "./hidden.ts";
import { concepts } from "./lexicon.ts";
import { average, eachWindow, hidden, logitOf, shareOf, width, type PackedWeights } from "./network.ts";
import { askedTogether, directly, type Asking } from "./questions.ts";
import { featuresOf, makeReader, type Reader, type Reading } from "./reader.ts";
import { lowestFloor, rulesOf, together, type Opinion } from "./rules.ts";
import { strangenessBy, type Strangeness } from "./strange.ts";
import { stretchTokens, suspects } from "./suspects.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** How logits become probabilities: Platt scaling, with a term for the chances that a long text has to look bad. */
export interface Calibration {
  readonly slope: number;
  readonly offset: number;
  /** Taken from the logit for each doubling of the number of windows. */
  readonly perDoubling: number;
  /** Added to the logit of texts in other languages than English, which is the mean of two. */
  readonly foreign: number;
}

/**
 * Apart for users' texts and for tool results, documents and the like: orders to an assistant are usual in the ones and rare in
 * the others, and the others are longer.
 */
export interface Calibrations {
  readonly user: Calibration;
  readonly untrusted: Calibration;
}

export interface ClassifierModel {
  readonly version: string;
  readonly vocabulary: Vocabulary;
  readonly weights: PackedWeights;
  readonly calibrations: Calibrations;
  /** Windows from this probability make findings. */
  readonly report: number;
  /** Asked where the classifier is in doubt. */
  readonly second?: SecondOpinion;
}

/** What the encoder's word is worth beside the classifier's: log-odds are added, the classifier's at less than their whole. */
export interface Worth {
  /** The share of the classifier's log-odds that counts where the encoder has answered: 0 to 1. */
  readonly kept: number;
  readonly slope: number;
  readonly offset: number;
  /** It is asked where the classifier's probability lies between these. */
  readonly from: number;
  readonly to: number;
  /**
   * Instead of `from` for a text of one stretch: of a short text the classifier knows least, and the encoder reads all of it, for the least
   * time.
   */
  readonly fromOfShort: number;
}

export interface SecondOpinion {
  /** Its logit for a stretch of plain text (see `suspects.ts`); `undefined` for what it cannot read. */
  logit(stretch: string): number | undefined;
  /** The same where it is remembered, and costs nothing. */
  known?(stretch: string): { readonly logit: number | undefined } | undefined;
  readonly worth: { readonly user: Worth; readonly untrusted: Worth };
}

interface Hit {
  readonly from: number;
  readonly to: number;
  readonly probability: number;
}

/** All of it is written over by the next text. */
interface Analysis extends Reading, Opinion {
  readonly hits: readonly Hit[];
  /** Only where there are hits to explain. */
  readonly features: Features | undefined;
}

const maxFindings = 8;
/** Of a text the encoder is asked about this many stretches, ... */
const asked = 2;
/** ... and of a part with all that it hides about so many: thousands of hidden pieces must not cost seconds. */
const mostAsked = 6;
/** Of all parts of a request together about so many that are not remembered: see `questions.ts`. */
export const mostNew = 8;
const maxDepth = 3;
/** What looks hidden is often a table or an address: it counts only where the classifier is surer than it need be. */
const hiddenFloor = 0.7;
/** Decoded text is judged up to this many times the length of what was given, and 4,096 units. */
const maxGrowth = 2;

/** A model for texts of one origin, and what reads texts for it. */
interface Judging extends ClassifierModel {
  readonly reader: Reader;
  readonly role: keyof Calibrations;
  readonly calibration: Calibration;
  readonly desk: Desk;
}

/** Whom the texts of the part that is judged ask. */
interface Desk {
  left: number;
  asks: Asking;
}

export function classifierDetector(classifier: ClassifierModel): Required<PartDetector> {
  const { user, untrusted } = classifier.calibrations;
  const reader = makeReader(classifier.vocabulary, classifier.weights);
  const { second } = classifier;
  const each = directly(second);
  const desk: Desk = { left: 0, asks: each };
  const ofUsers: Judging = { ...classifier, reader, role: "user", calibration: user, desk };
  const ofOthers: Judging = { ...ofUsers, role: "untrusted", calibration: untrusted };
  const judge = (part: Part, asks: Asking): PartJudgement => {
    if (part.origin === "instructions" || part.origin === "model") return nothing;
    const model = part.origin === "user" ? ofUsers : ofOthers;
    desk.left = mostAsked;
    desk.asks = asks;
    return judgeWhole(part.text, part, model, 1, { left: part.text.length * maxGrowth + 4096 });
  };
  return {
    name: "injection",
    version: classifier.version,
    judge: (part) => judge(part, each),
    judgeAll: (parts) => askedTogether(parts, second, mostNew, judge),
  };
}

const nothing: PartJudgement = { probability: 0, findings: [] };
const nothingOdd: Strangeness = { stretches: [], numbers: false, wide: false, broken: [], foreign: false };

interface Judgement {
  /** What may hide another text. */
  readonly odd: Strangeness;
  readonly probability: number;
  readonly findings: readonly Finding[];
}

/**
 * What is in other languages than English is judged by the mean of what it says itself and what it says in English; the encoder
 * reads the English. The rest of the text is judged as English.
 */
function judgeText(text: string, part: Part, model: Judging): Judgement {
  const reading = model.reader.read(text);
  if (reading === undefined) return { odd: { ...nothingOdd, wide: true }, ...nothing };
  const odd = strangenessBy(reading, text, reading.tokens);
  const gloss = odd.foreign ? glossOf(reading.tokens, reading.pieces) : undefined;
  if (gloss === undefined) return { odd, ...judgeAnalysed(analyse(text, reading, model), part, model) };
  const { windows } = reading;
  const { within, outside } = splitAt(gloss.runs, reading);
  const ofRest = outside > -Infinity ? analyse(text, { ...reading, worst: outside }, model) : undefined;
  const rest = ofRest === undefined ? nothing : judgeAnalysed(ofRest, part, model);
  const english = model.reader.read(gloss.text);
  if (english === undefined) {
    // Its words mean nothing in English, such as particles: then it counts for what it says itself.
    const again = model.reader.read(text) ?? reading;
    return { odd, ...judgeAnalysed(analyse(text, again, model), part, model) };
  }
  const both = { worst: (within + english.worst) / 2 + model.calibration.foreign, windows };
  const ofGloss = analyse(gloss.text, english, model, both);
  const found = judgeAnalysed(ofGloss, part, model);
  const moved = found.findings.map((finding) => ({
    ...finding,
    start: gloss.originalOffset(finding.start),
    end: gloss.originalEnd(finding.end),
  }));
  const judgements = [{ probability: found.probability, findings: moved }, rest];
  if (ofGloss.first > (ofRest?.first ?? 0) && ofGloss.first >= lowestFloor) {
    // By what the English says, a rule may hold for the words themselves.
    const again = model.reader.read(text) ?? reading;
    const told = touching(rulesOf(again, ofGloss, part), gloss.runs, again);
    judgements.push({ probability: Math.max(0, ...told.map(({ score }) => score)), findings: told });
  }
  return { odd, ...together(judgements) };
}

function judgeAnalysed(analysis: Analysis, part: Part, model: Judging): Omit<Judgement, "odd"> {
  const findings = analysis.hits.map((hit) => {
    const [from, to] = weightiest(analysis, hit, model.weights);
    const start = originalOffset(analysis.folded, analysis.tokens.start[from] ?? 0);
    const end = originalOffset(analysis.folded, analysis.tokens.end[to - 1] ?? 0);
    const category = categoryOf(analysis, hit, part);
    return classified({ detector: "injection/classifier", category, start, end, score: hit.probability });
  });
  const told = rulesOf(analysis, analysis, part);
  const probability = Math.max(analysis.probability, ...told.map(({ score }) => score));
  return { probability, findings: [...findings, ...told] };
}

/**
 * Judges a text and what it hides. A code looks like no text that anyone writes, and the classifier may take it for an attack by its look
 * alone: where all of it can be read, it counts for what it says, in its place.
 */
function judgeWhole(text: string, part: Part, model: Judging, depth: number, budget: { left: number }): PartJudgement {
  const plain = judgeText(text, part, model);
  if (depth > maxDepth) return plain;
  const pieces = hiddenIn(text, plain.odd, model.vocabulary);
  if (pieces.length === 0) return plain;
  const nested = judgeHidden(pieces, part, model, depth, budget);
  const own = plain.probability < model.report ? plain : judgedAgain(text, plain, pieces, part, model, depth, budget);
  return {
    probability: Math.max(own.probability, nested.probability),
    findings: [...own.findings, ...nested.findings],
  };
}

/** The judgement of a text that looks like an attack: none, where it has codes and is no attack once they are read. */
function judgedAgain(
  text: string,
  plain: PartJudgement,
  pieces: readonly Hidden[],
  part: Part,
  model: Judging,
  depth: number,
  budget: { left: number },
): PartJudgement {
  const read = withCodesRead(text, pieces, plain.findings);
  if (read === undefined || (budget.left -= read.length) < 0) return plain;
  const { probability } = judgeWhole(read, part, model, depth + 1, budget);
  return probability < model.report ? { probability, findings: [] } : plain;
}

/** Judges what is hidden in a text. A finding covers the whole encoded piece: that is what a reader can check. */
function judgeHidden(
  pieces: readonly Hidden[],
  part: Part,
  model: Judging,
  depth: number,
  budget: { left: number },
): PartJudgement {
  let probability = 0;
  const findings: Finding[] = [];
  for (const { encoding, text: decoded, start, end } of pieces) {
    budget.left -= decoded.length;
    if (budget.left < 0) break;
    const found = judgeWhole(decoded, part, model, depth + 1, budget);
    if (found.probability < hiddenFloor) continue;
    probability = Math.max(probability, found.probability);
    const [worst] = found.findings.toSorted((a, b) => b.score - a.score);
    if (worst === undefined) continue;
    const { category, score } = worst;
    findings.push(classified({ detector: `injection/${encoding}`, category, start, end, score }));
  }
  return { probability, findings };
}

/** What two readings of the same text say together. */
interface Told {
  readonly worst: number;
  readonly windows: number;
}

function analyse(text: string, reading: Reading, model: Judging, told?: Told): Analysis {
  const { vocabulary, calibration, report } = model;
  const { logits, tokens } = reading;
  const { worst, windows } = told ?? reading;
  const first = probabilityOf(worst, windows, calibration);
  const shift = secondShift(reading, first, model);
  const probability = shifted(first, shift);
  if (probability < report) return { ...reading, first, shift, probability, hits: [], features: undefined };
  const lift = worst - reading.worst;
  const hits: Hit[] = [];
  let window = 0;
  eachWindow(tokens.count, (from, to) => {
    const of = shifted(probabilityOf((logits[window++] as number) + lift, windows, calibration), shift);
    if (of >= report) hits.push({ from, to, probability: of });
  });
  hits.sort((a, b) => b.probability - a.probability);
  return { ...reading, first, shift, probability, hits: apart(hits), features: featuresOf(text, reading, vocabulary) };
}

/** What the encoder changes of the log-odds, by the stretch that it finds worst. */
function secondShift(reading: Reading, first: number, { second, role, desk }: Judging): number {
  if (second === undefined || desk.left <= 0) return 0;
  const { kept, slope, offset, from, fromOfShort, to } = second.worth[role];
  if (first < (reading.tokens.count <= stretchTokens ? fromOfShort : from) || first > to) return 0;
  const stretches = suspects(reading, asked);
  desk.left -= stretches.length;
  let worst: number | undefined;
  for (const logit of desk.asks(stretches, first) ?? [])
    if (logit !== undefined) worst = Math.max(worst ?? -Infinity, logit);
  if (worst === undefined) return 0;
  const left = kept === 1 ? 0 : (1 - kept) * Math.log(first / (1 - first));
  return slope * worst + offset - left;
}

function shifted(probability: number, shift: number): number {
  return shift === 0 ? probability : 1 / (1 + ((1 - probability) / probability) * Math.exp(-shift));
}

const mean = new Float64Array(width);
const units = new Float64Array(hidden);
const slopes = new Float64Array(width);

/** @param logit of a text in another language than English: with what `foreign` adds */
export function probabilityOf(logit: number, windows: number, calibration: Calibration): number {
  const { slope, offset, perDoubling } = calibration;
  return 1 / (1 + Math.exp(-(slope * (logit - perDoubling * Math.log2(windows)) + offset)));
}

/** The strongest windows that do not overlap a stronger one. */
function apart(hits: readonly Hit[]): Hit[] {
  const kept: Hit[] = [];
  for (const hit of hits) {
    if (kept.length === maxFindings) break;
    if (kept.every((other) => hit.to <= other.from || hit.from >= other.to)) kept.push(hit);
  }
  return kept;
}

/** The run of tokens in a window that raised its logit most: the greatest sum of the tokens' shares of it (Kadane). */
function weightiest(analysis: Analysis, { from, to }: Hit, weights: PackedWeights): readonly [number, number] {
  const { sums, features } = analysis;
  if (features === undefined) return [from, to];
  average(sums, features, from, to, mean);
  logitOf(mean, weights, units);
  for (let at = 0; at < width; at++) {
    let slope = weights.output[hidden + at] ?? 0;
    for (let unit = 0; unit < hidden; unit++)
      if ((units[unit] ?? 0) > 0) slope += (weights.output[unit] ?? 0) * (weights.layer[unit * (width + 1) + at] ?? 0);
    slopes[at] = slope;
  }
  let best = -Infinity;
  let bestSpan: readonly [number, number] = [from, to];
  let sum = 0;
  let start = from;
  for (let token = from; token < to; token++) {
    const share = shareOf(features, token, weights.packed, slopes);
    if (sum <= 0) {
      sum = 0;
      start = token;
    }
    sum += share;
    if (sum <= best) continue;
    best = sum;
    bestSpan = [start, token + 1];
  }
  return bestSpan;
}

const [override, persona, free, restrict, refuse, mode, reveal, prompt, secret, link, send, instruction] = [
  ...["override", "persona", "free", "restrict", "refuse", "mode", "reveal", "prompt", "secret", "link", "send"],
  "instruction",
].map((idea) => concepts.indexOf(idea));

/** Which kind of attack the window is, by the ideas in it; in an untrusted part, whose words it is counts first. */
function categoryOf({ ideas }: Reading, { from, to }: Hit, part: Part): FindingCategory {
  const counts = new Map<number | undefined, number>();
  for (let at = 0; at < ideas.count; at++) {
    const token = ideas.token[at] ?? 0;
    if (token >= from && token < to) counts.set(ideas.idea[at], (counts.get(ideas.idea[at]) ?? 0) + 1);
  }
  const of = (...wanted: readonly (number | undefined)[]): number =>
    wanted.reduce<number>((sum, idea) => sum + (counts.get(idea) ?? 0), 0);
  const injection = part.origin === "untrusted" ? "indirect-injection" : "prompt-injection";
  const jailbreak = of(persona, free, mode, restrict, refuse);
  const extraction = of(reveal) > 0 ? of(prompt, secret, instruction) : 0;
  if (part.origin === "untrusted") return injection;
  if (of(link, send) >= 2 && of(secret, link) > 0) return "exfiltration";
  if (jailbreak >= 3 && jailbreak > extraction) return "jailbreak";
  if (of(override) === 0 && extraction > 0) return "prompt-extraction";
  return injection;
}
