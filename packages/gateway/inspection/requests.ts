/**
 * Inspects one request: its address, and its body whole. In: detectors, what is asked, its content. Out: pass, a body in
 * its place, or words why not.
 */
import type { Finding } from "@cordon/core/inspection/finding";
import { partsOf } from "@cordon/core/inspection/subject";
import { blanked } from "@cordon/core/inspection/redaction/token-detector";
import { checkImage, checkImages } from "@cordon/core/inspection/images/check";
import { checkTable } from "@cordon/core/inspection/tabular/check";
import { ContentGuard } from "@cordon/core/inspection/streaming/content-guard";
import type { InspectionSubject, RequestContent, RequestVerdict } from "../ports.ts";
import { messagesOf } from "./messages-of.ts";
import { budgetOf, rulesOf, type CountedRules, type Detectors } from "./rules.ts";
import { decodedAddress, isRewritable } from "./request-content.ts";
import { blockedWords, type Screening } from "./screening.ts";

export interface RequestInspection {
  readonly detectors: Detectors;
  readonly monotonicMs: () => number;
}

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
  const rules = rulesOf(detectors, screening, "request");
  const guard = new ContentGuard(rules, { onText, onBinary: () => unreadBlock(screening) });
  const pass = (): RequestVerdict => ({ verdict: "pass", findings: screening.request.summary() });
  const block = (finding: Finding): RequestVerdict => ({
    verdict: "block",
    findings: screening.request.summary(),
    words: blockedWords("request", finding),
  });

  const told = attacks(detectors, screening, subject, content, onText) ?? inAddress(rules, guard, subject);
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
      const before = content.kind === "json" ? content.tree : content.text;
      const after = guard.tree(before);
      if (guard.blocked !== undefined) return block(guard.blocked);
      if (after === before) return pass();
      if (content.kind === "text" && !isRewritable(subject.contentType)) return block(rules.last as Finding);
      const body = Buffer.from(content.kind === "json" ? JSON.stringify(after) : (after as string));
      return { verdict: "replace", findings: screening.request.summary(), masks: rules.masks, body };
    }
  }
}

/** What judges whole texts by who wrote them. What it finds cannot be masked: it blocks, or stands. */
function attacks(
  { parts: judges }: Detectors,
  screening: Screening,
  { api, path }: InspectionSubject,
  content: RequestContent,
  onText: (length: number) => void,
): Finding | undefined {
  if (content.kind === "none") return undefined;
  const { table } = screening.settings;
  let blocked: Finding | undefined;
  const note = (finding: Finding): void => {
    if (screening.judge("request", finding) !== "release") blocked ??= finding;
  };
  if (content.kind === "unread") {
    if (content.type.startsWith("image/")) checkImage(content.content, content.type).forEach(note);
    // Nobody can say of it that it holds rows as they should be.
    if (table !== undefined) checkTable(table, null).forEach(note);
    return blocked;
  }
  if (content.kind === "json") checkImages(content.tree).forEach(note);
  const messages =
    content.kind === "text" ? [{ role: "tool", content: content.text }] : messagesOf(api, path, content.tree);
  const { parts, unread } = partsOf({ messages });
  unread.forEach(note);
  // A text is no row: it is wrong as a list without rows is.
  if (table !== undefined) checkTable(table, content.kind === "json" ? content.tree : content.text).forEach(note);
  const { tokens } = screening;
  for (const part of parts) {
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
