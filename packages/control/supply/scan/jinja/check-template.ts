/**
 * Checks a chat template as the program that it is (CVE-2024-34359 and its kind). In: a Jinja2 template. Out: findings.
 *
 * Nothing runs without a call: so the callee of every call must be a listed function or method, or a macro of the
 * template itself; every filter, test and statement must be listed. Special attributes are refused however they are
 * written. What passes can format text and nothing else, in a sandbox or without one.
 */
import { guarded, type Scan } from "../scan.ts";
import { atlas, printable } from "../verdict.ts";
import { filters, functions, methods, statements, tests } from "./listed.ts";
import { namesUsed } from "./computed-names.ts";
import { readBlocks, type Block, type Token } from "./tokens.ts";

export interface TemplateOptions {
  /** The key that it stands under. */
  readonly name?: string;
  /** It is known to be a template: syntax errors and unlisted names count too. */
  readonly whole: boolean;
}

const maxTemplate = 2 ** 20;
/** Attributes without underscores that lead out of a value: to frames, code, globals (Jinja's own sandbox refuses them). */
const unsafeAttributes = new Set(
  (
    "mro func_globals func_code func_closure gi_frame gi_code cr_frame cr_code ag_frame ag_code f_globals f_locals " +
    "f_builtins f_back tb_frame tb_next co_code im_func im_self"
  ).split(" "),
);

export function checkTemplate(text: string, scan: Scan, options: TemplateOptions): void {
  const check = (): void => {
    if (text.length > maxTemplate) {
      if (options.whole)
        report(scan, options, "jinja/size", "unsupported", `the template is longer than ${maxTemplate} characters`, 0);
      return;
    }
    const blocks = readBlocks(text);
    const { computedKeys, assigned } = namesUsed(blocks);
    for (const at of computedKeys)
      report(scan, options, "jinja/computed-key", "unknown-import", "it looks up a name that it puts together", at);
    // A name that the template gives another value is no longer what is on the list.
    const callable = new Set([...functions, ...macrosOf(blocks)].filter((name) => !assigned.has(name)));
    for (const block of blocks) checkBlock(block, callable, scan, options);
  };
  if (options.whole) guarded(scan, check);
  else guarded({ ...scan, report: (finding) => finding.verdict === "dangerous" && scan.report(finding) }, check);
}

function report(
  scan: Scan,
  options: TemplateOptions,
  rule: string,
  verdict: "dangerous" | "unknown-import" | "unsupported",
  words: string,
  at: number,
): void {
  if (verdict !== "dangerous" && !options.whole) return;
  scan.report({
    rule,
    verdict,
    atlas: verdict === "dangerous" ? atlas.embeddedMalware : atlas.unsafeArtefact,
    offset: at,
    ...(options.name === undefined ? {} : { name: options.name }),
    words: `chat template: ${words}`,
  });
}

/** Macros may be called. What is set may be used like any other variable, but not called. */
function macrosOf(blocks: readonly Block[]): ReadonlySet<string> {
  const macros = new Set<string>(["caller"]);
  for (const { kind, tokens } of blocks)
    if (kind === "statement" && tokens[0]?.text === "macro" && tokens[1]?.kind === "name") macros.add(tokens[1].text);
  return macros;
}

function checkBlock(block: Block, callable: ReadonlySet<string>, scan: Scan, options: TemplateOptions): void {
  const { tokens } = block;
  scan.budget.spend(tokens.length + 1);
  const refuse = (rule: string, verdict: "dangerous" | "unknown-import", words: string, at: number): void =>
    report(scan, options, rule, verdict, words, at);
  if (block.kind === "statement") {
    const word = tokens[0]?.text ?? "";
    if (!statements.has(word))
      refuse("jinja/statement", "unknown-import", `statement \`${printable(word, 40)}\` is not on the list`, block.at);
  }
  for (const [index, token] of tokens.entries()) {
    if (token.kind === "string") {
      if (special.test(token.text) || (/__\w{1,80}__/.test(token.text) && usedAsAccess(tokens, index)))
        refuse("jinja/special-attribute", "dangerous", `it reaches for ${printable(token.text, 60)}`, token.at);
      if (tokens[index - 1]?.text === "(" && tokens[index - 2]?.text === "map" && !filters.has(token.text))
        refuse(
          "jinja/filter",
          "unknown-import",
          `filter \`${printable(token.text, 40)}\` is not on the list`,
          token.at,
        );
      continue;
    }
    if (token.kind !== "name") continue;
    const before = tokens[index - 1]?.text;
    const called = tokens[index + 1]?.text === "(";
    if (
      token.text.startsWith("__") ||
      (before === "." && (token.text.startsWith("_") || unsafeAttributes.has(token.text)))
    )
      refuse("jinja/special-attribute", "dangerous", `it reaches for ${printable(token.text, 60)}`, token.at);
    else if (before === "|") {
      if (!filters.has(token.text))
        refuse(
          "jinja/filter",
          token.text === "attr" ? "dangerous" : "unknown-import",
          `filter \`${printable(token.text, 40)}\` is not on the list`,
          token.at,
        );
    } else if (isTest(tokens, index)) {
      if (!tests.has(token.text))
        refuse("jinja/test", "unknown-import", `test \`${printable(token.text, 40)}\` is not on the list`, token.at);
    } else if (called && before === ".") {
      if (!methods.has(token.text))
        refuse(
          "jinja/call",
          dangerousCall.has(token.text) ? "dangerous" : "unknown-import",
          `it calls \`.${printable(token.text, 40)}()\`, which is not on the list`,
          token.at,
        );
    } else if (called && !callable.has(token.text) && !keywords.has(token.text))
      refuse(
        "jinja/call",
        dangerousCall.has(token.text) ? "dangerous" : "unknown-import",
        `it calls \`${printable(token.text, 40)}()\`, which is not on the list`,
        token.at,
      );
  }
  checkComputedCalls(tokens, refuse);
  checkEffort(tokens, refuse);
}

/** Written as text, these are meant for a lookup. */
const special =
  /__(?:class|globals|builtins|subclasses|base|bases|mro|dict|code|import|getattribute|init|self|func|module|call)__/i;
const keywords = new Set(
  "in not and or if else elif is for set call filter return recursive import from as with".split(" "),
);
const dangerousCall = new Set(
  "eval exec system popen open import_module getattr read write call run Popen check_output subclasses".split(" "),
);

/** `x["__class__"]`, `x|attr("__class__")`, `getattr(x, "…")`: text that becomes a name. */
function usedAsAccess(tokens: readonly Token[], index: number): boolean {
  const before = tokens[index - 1]?.text ?? "";
  return before === "[" || before === "(" || before === "," || before === "=" || before === "~" || before === "+";
}

function isTest(tokens: readonly Token[], index: number): boolean {
  const before = tokens[index - 1];
  if (before?.kind !== "name") return false;
  return before.text === "is" || (before.text === "not" && tokens[index - 2]?.text === "is");
}

/** Powers and numbers of ten digits: what repeats text, or a loop, until the memory or the time is gone. */
function checkEffort(
  tokens: readonly Token[],
  refuse: (rule: string, verdict: "dangerous" | "unknown-import", words: string, at: number) => void,
): void {
  for (const [index, { kind, text, at }] of tokens.entries()) {
    const before = tokens[index - 1];
    const afterValue =
      before !== undefined && (before.kind !== "operator" || before.text === ")" || before.text === "]");
    const power = kind === "operator" && text === "**" && afterValue;
    if (power || (kind === "number" && text.replace(/\D/g, "").length > 9))
      refuse("jinja/effort", "unknown-import", `it computes with ${power ? "powers" : "very large numbers"}`, at);
  }
}

/** `x[0](…)`, `(…)(…)`, `"…"(…)`: a callee that is no name. */
function checkComputedCalls(
  tokens: readonly Token[],
  refuse: (rule: string, verdict: "dangerous" | "unknown-import", words: string, at: number) => void,
): void {
  for (const [index, token] of tokens.entries()) {
    if (token.text !== "(" || token.kind !== "operator") continue;
    const before = tokens[index - 1];
    if (before?.kind === "operator" && (before.text === "]" || before.text === ")" || before.text === "}"))
      refuse("jinja/computed-call", "dangerous", "it calls something that it computes", token.at);
  }
}
