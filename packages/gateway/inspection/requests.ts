/**
 * Inspects one request: its address, and its body whole. In: detectors, what is asked, its content. Out: pass, a body in
 * its place, or words why not.
 */
import { isJsonObject, type JsonValue } from "@cordon/core/contract/strict-json";
import type { Finding, SpanDetector } from "@cordon/core/inspection/finding";
import { findAtSeams } from "@cordon/core/inspection/seam-spans";
import { isSentence, partsOf, type SubjectParts } from "@cordon/core/inspection/subject";
import { blanked } from "@cordon/core/inspection/redaction/token-detector";
import { checkImage, checkImages } from "@cordon/core/inspection/images/check";
import { checkTable } from "@cordon/core/inspection/tabular/check";
import { ContentGuard } from "@cordon/core/inspection/streaming/content-guard";
import type { InspectionSubject, RequestContent, RequestVerdict } from "../ports.ts";
import { asksModel, isOfModel, messagesOf } from "./messages-of.ts";
import { budgetOf, rulesOf, type CountedRules, type Detectors } from "./rules.ts";
import { decodedAddress, isRewritable, looksLikeJson } from "./request-content.ts";
import { blockedWords, type Screening } from "./screening.ts";

export interface RequestInspection {
  readonly detectors: Detectors;
  readonly monotonicMs: () => number;
}

const nothing: ReadonlySet<string> = new Set();
/** Shorter texts the guard passes on as they are: they say nothing by themselves. */
const shortestFiltered = 4;
/** Earlier calls carry JSON in a string, which templates read before a model sees it. */
const asArguments: ReadonlySet<string> = new Set(["arguments"]);

/** @throws {Error} when the body is too large, or took too long */
export function inspectContent(
  { detectors, monotonicMs }: RequestInspection,
  screening: Screening,
  subject: InspectionSubject,
  content: RequestContent,
): RequestVerdict {
  const { settings } = screening;
  const size = "bytes" in content ? content.bytes : 0;
  if (size > settings.maxBytes)
    throw new Error(`the body has ${size} bytes, and this route inspects ${settings.maxBytes} at most`);
  const onText = budgetOf(monotonicMs, settings.timeBudgetMs);
  screening.asksModel = isOfModel(subject.resource) && content.kind === "json" && asksModel(content.tree);
  const subjectParts = partsIn(subject, content);
  const rules = rulesOf(detectors, screening, "request");
  const unseen = addSeams(rules, subjectParts, onText);
  const guard = new ContentGuard(rules, { onText, onBinary: () => unreadBlock(screening) });
  const pass = (): RequestVerdict => ({ verdict: "pass", findings: screening.request.summary() });
  const block = (finding: Finding): RequestVerdict => ({
    verdict: "block",
    findings: screening.request.summary(),
    words: blockedWords("request", finding),
  });

  const told =
    attacks(detectors, screening, subject, content, subjectParts, onText) ?? unseen ?? inAddress(rules, guard, subject);
  if (told !== undefined) return block(told);
  switch (content.kind) {
    case "none":
      return pass();
    case "unread": {
      const refused = unreadBlock(screening);
      return refused === undefined ? pass() : block(refused);
    }
    case "json":
    case "text": {
      const before = content.kind === "json" ? (content.exact ?? content.tree) : content.text;
      const inJson = typeof before === "string" && content.kind === "text" && looksLikeJson(before);
      const after = inJson ? guard.json(before) : guard.tree(before, nothing, asArguments);
      if (guard.blocked !== undefined) return block(guard.blocked);
      if (after === before) return pass();
      if (!isRewritable(subject.contentType)) return block(rules.last as Finding);
      const body = Buffer.from(content.kind === "json" ? JSON.stringify(after) : (after as string));
      return { verdict: "replace", findings: screening.request.summary(), masks: rules.masks, body };
    }
  }
}

/** What judges whole texts by who wrote them. What it finds cannot be masked: it blocks, or stands. */
function attacks(
  { parts: judges }: Detectors,
  screening: Screening,
  { api }: InspectionSubject,
  content: RequestContent,
  { parts, seams, unread }: SubjectParts,
  onText: (length: number) => void,
): Finding | undefined {
  if (content.kind === "none" && parts.length === 0 && unread.length === 0) return undefined;
  const { table } = screening.settings;
  let blocked: Finding | undefined;
  const note = (finding: Finding): void => {
    if (screening.judge("request", finding) !== "release") blocked ??= finding;
  };
  if (content.kind === "unread") {
    if (content.type.startsWith("image/")) checkImage(content.content, content.type).forEach(note);
    // Nobody can say of it that it holds rows as they should be.
    if (table !== undefined) checkTable(table, null).forEach(note);
  }
  if (content.kind === "json") checkImages(content.tree).forEach(note);
  unread.forEach(note);
  // A text is no row: it is wrong as a list without rows is.
  if (table !== undefined && content.kind === "json") checkTable(table, content.tree).forEach(note);
  if (table !== undefined && content.kind === "text") checkTable(table, content.text).forEach(note);
  if (api === "openai" && content.kind === "json" && holdsTokens(content.tree))
    note(uninspectable("gateway/token-ids"));
  const { tokens } = screening;
  for (const part of seams.length === 0 ? parts : [...parts, ...seams.filter(({ isJudged }) => isJudged)]) {
    const seen = tokens === undefined ? part : { ...part, text: blanked(part.text, tokens) };
    for (const judge of judges) {
      onText(part.text.length);
      const { probability, findings } = judge.judge(seen, "request");
      findings.forEach(note);
      screening.doubt(part, probability);
    }
  }
  return blocked;
}

/** What is asked, in the address and the content, by who wrote it. */
function partsIn({ api, path, resource, address = "" }: InspectionSubject, content: RequestContent): SubjectParts {
  const messages = content.kind === "json" ? messagesOf(api, path, content.tree, isOfModel(resource)) : said(content);
  const asked = saidInQuery(address);
  return partsOf({ messages: asked.length === 0 ? messages : [...messages, ...asked] });
}

/**
 * Spans that lie over two texts are found in each as if a detector had shown them there, and masked where they stand.
 *
 * @returns what lies in a text that is too short for anything in it to be masked, where it may not pass
 */
function addSeams(rules: CountedRules, { seams }: SubjectParts, onText: (length: number) => void): Finding | undefined {
  for (const { text } of seams) onText(text.length);
  const found = findAtSeams(seams, rules.detectors);
  if (found.length === 0) return undefined;
  // Texts that say the same have the same findings, each once.
  const known = new Map<string, Map<string, Finding>>();
  for (const { piece, finding } of found.flat()) {
    const ofText = known.get(piece.text) ?? new Map<string, Finding>();
    known.set(piece.text, ofText.set(`${finding.detector} ${finding.start} ${finding.end}`, finding));
  }
  rules.detectors = [...rules.detectors, knownFindings(known)];
  for (const spans of found) {
    const short = spans.find(({ piece }) => piece.text.length < shortestFiltered);
    if (short !== undefined && rules.decide(short.finding) !== "release") return short.finding;
  }
  return undefined;
}

/** What is known of texts beforehand, as a detector. */
function knownFindings(known: ReadonlyMap<string, ReadonlyMap<string, Finding>>): SpanDetector {
  return {
    ...{ name: "seams", version: "1", maxSpan: 1 },
    detect: (text) => [...(known.get(text)?.values() ?? [])],
    openFrom: (text) => text.length,
  };
}

function said(content: RequestContent): readonly unknown[] {
  return content.kind === "text" ? [{ role: "tool", content: content.text }] : [];
}

/** What an address asks in words. */
function saidInQuery(address: string): readonly unknown[] {
  const mark = address.indexOf("?");
  if (mark < 0) return [];
  const words = [...new URLSearchParams(address.slice(mark))].flat().filter(isSentence);
  return words.length === 0 ? [] : [{ role: "tool", content: words }];
}

/** A prompt as the numbers of a model's tokens: only that model knows what they spell. */
function holdsTokens(tree: JsonValue): boolean {
  if (!isJsonObject(tree)) return false;
  return [tree["prompt"], tree["input"]].some((asked) => Array.isArray(asked) && asked.flat().some(Number.isInteger));
}

/** An address cannot be rewritten: what would be masked in a body blocks in it. */
function inAddress(rules: CountedRules, guard: ContentGuard, { address = "" }: InspectionSubject): Finding | undefined {
  const plain = decodedAddress(address);
  if (guard.fixed(plain) === plain && guard.blocked === undefined) return undefined;
  return guard.blocked ?? rules.last;
}

function unreadBlock(screening: Screening): Finding | undefined {
  const finding = uninspectable("gateway/unread-content");
  return screening.judge("request", finding) === "release" ? undefined : finding;
}

function uninspectable(detector: string): Finding {
  return { detector, category: "uninspectable", owasp: "", atlas: "", start: 0, end: 0, score: 1 };
}
