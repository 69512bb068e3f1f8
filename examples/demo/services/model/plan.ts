/**
 * What the model does next. In: the conversation, and the tools it is offered. Out: a tool call, or that it is time to
 * answer, with what to say where the context says so.
 *
 * Instructions are obeyed wherever they stand. A prohibition holds until something later says to ignore what came before.
 */
import { cosine, embed, wordsOf } from "./retrieval.ts";
import { chooseTool, describe, type Tool, type ToolCall, type ToolChoice } from "./tool-choice.ts";
import { fill, namingIn } from "./arguments.ts";
import { doneIn, isPassages, lastQuestion, type Done, type Turn } from "./context.ts";
import { instructionsIn, type Instruction } from "./instructions.ts";
import { actsIn } from "./verbs.ts";

export interface Plan {
  readonly call: ToolCall | undefined;
  /** The instruction that says what to answer, if any does. */
  readonly reply: Instruction | undefined;
  readonly summarise: boolean;
  /** Sentences that were obeyed: they are not part of what a document says. */
  readonly obeyed: ReadonlySet<string>;
  /** What came of the tools that the question itself asked for. */
  readonly answered: readonly Done[];
}

interface Standing extends Instruction {
  readonly turn: number;
}

/** After so many calls for one question the model answers with what it has. */
const maxCalls = 10;
/** How much a condition must have to do with the question. */
const related = 0.15;

/** Stands for a result that there may yet be. */
const anything: Done = { call: { name: "", arguments: {} }, result: "something", turn: -1, failed: false };

export function plan(turns: readonly Turn[], tools: readonly Tool[], choice: ToolChoice): Plan {
  const question = lastQuestion(turns);
  const done = doneIn(turns);
  const since = done.filter(({ turn }) => turn > question.turn);
  const standing = standingInstructions(turns, question.text);
  const obeyed = new Set(
    standing
      .filter((each) => isOrder(each) || callFor(each, tools, question.text, [...done, anything]) !== undefined)
      .map(({ sentence }) => sentence),
  );
  const answer = (call: ToolCall | undefined): Plan => ({
    call,
    reply: standing.findLast(({ acts, object }) => acts.includes("reply") && object !== "" && !isManner(object)),
    summarise: standing.some(({ acts, turn }) => acts.includes("summarise") && turn >= question.turn),
    obeyed,
    answered: since.filter(({ call: past }) => wanted.some((each) => sameCall(each, past, tools))),
  });
  const asked = standing
    .filter(({ turn }) => turn === question.turn)
    .flatMap((each) => callFor(each, tools, question.text, done) ?? []);
  const chosen = asked.length > 0 ? undefined : chooseTool(tools, question.text, choice);
  const wanted = chosen === undefined ? asked : [chosen];
  if (choice === "none" || since.length >= maxCalls) return answer(undefined);
  if (typeof choice === "object" || choice === "required") return answer(since.length === 0 ? chosen : undefined);

  const next = (from: readonly Standing[]): ToolCall | undefined =>
    from
      .map((each) => callFor(each, tools, question.text, done))
      .find((call) => call !== undefined && !isDone(call, tools, since));
  // In the order of a conversation: what the system prompt says to do first, the question, then whatever was read.
  return answer(
    next(standing.filter(({ turn }) => turn < question.turn && turns[turn]?.role === "system")) ??
      (chosen !== undefined && !isDone(chosen, tools, since) ? chosen : undefined) ??
      next(standing.filter(({ turn }) => turn >= question.turn)),
  );
}

/** Every instruction that holds: not forbidden, not conditional on something else, not overridden. */
function standingInstructions(turns: readonly Turn[], question: string): readonly Standing[] {
  const all = turns.flatMap(({ role, text }, turn) =>
    role === "assistant" ? [] : instructionsIn(text).map((each): Standing => ({ ...each, turn })),
  );
  const lifted = all.findLastIndex(
    ({ acts, forbidden, object }) => acts.includes("disregard") && !forbidden && isOverride(object),
  );
  const forbidden = all.slice(Math.max(lifted, 0)).filter((each) => each.forbidden);
  const inForce = lifted < 0 ? all.filter((each) => each.forbidden) : forbidden;
  const asked = embed(question);
  return all.filter(
    (each) =>
      !each.forbidden &&
      (each.condition === undefined || cosine(embed(each.condition), asked) >= related) &&
      !inForce.some((rule) => forbids(rule, each)),
  );
}

/** An order to the model itself, rather than to a customer who reads the page. */
function isOrder({ acts, object }: Instruction): boolean {
  return (acts.includes("disregard") && isOverride(object)) || (acts.includes("reply") && object !== "");
}

/** Whether what is to be ignored is what the model was told. */
function isOverride(object: string): boolean {
  return /\b(?:instructions?|rules?|guidelines?|prompts?|restrictions?|directions?|told|said|polic(?:y|ies)|constraints?|orders?|everything|training|context|safeguards?|limits?|limitations?)\b/i.test(
    object,
  );
}

function forbids(rule: Instruction, each: Instruction): boolean {
  if (!rule.acts.some((act) => each.acts.includes(act))) return false;
  const words = contentWords(rule.object);
  return contentWords(each.object).some((word) => words.includes(word));
}

/** "Answer briefly", "tell me about loans": how to answer, or a question; not what to say. */
function isManner(object: string): boolean {
  return /^(?:(?:me|us)\b(?!\s+that\b)|\p{L}+(?:ly|ish)\b|in \p{L}+\b|with care|(?:(?:the|a|our|your|every|each) )?(?:customers?|users?|questions?|people|them|it)\b(?!.*\b(?:that|to|with)\b))/iu.test(
    object,
  );
}

/** The call that obeys an instruction with one of the tools, if one fits. */
function callFor(
  each: Standing,
  tools: readonly Tool[],
  question: string,
  done: readonly Done[],
): ToolCall | undefined {
  const results = done.filter(({ failed, turn, result }) => !failed && turn !== each.turn && !isPassages(result));
  let best: { readonly call: ToolCall; readonly score: number } | undefined;
  for (const tool of tools) {
    const profile = profileOf(tool);
    const named = each.object.toLowerCase().replace(/[_-]/g, " ").includes(profile.name);
    const acts = each.acts.filter((act) => profile.acts.has(act) || (act === "summarise" && profile.acts.has("find")));
    if (acts.length === 0 && !named) continue;
    // What a tool said is not fed to it again.
    const known = results.filter(({ call }) => call.name !== tool.name).map(({ result }) => result);
    const filled = fill(tool.parameters, { object: each.object, question, results: known });
    if (filled === undefined) continue;
    const words = contentWords(each.object);
    const shared = words.filter((word) => profile.words.has(word) && rarity(word, tools) <= tools.length / 2).length;
    if (!named && shared === 0 && !(filled.given > 0 && /https?:\/\//i.test(each.object))) continue;
    // A tool that needs what the words give beats one that does not.
    const score = (named ? 10 : 0) + shared + 2 * filled.given + (profile.firstAct === each.acts[0] ? 0.5 : 0);
    if (best === undefined || score > best.score)
      best = { call: { name: tool.name, arguments: filled.arguments }, score };
  }
  return best?.call;
}

/** Whether a call was made already. */
function isDone(call: ToolCall, tools: readonly Tool[], since: readonly Done[]): boolean {
  return since.some(({ call: past }) => sameCall(call, past, tools));
}

/** The same tool on the same things. A text that it carries may have grown since. */
function sameCall(call: ToolCall, past: ToolCall, tools: readonly Tool[]): boolean {
  if (call.name !== past.name) return false;
  const naming = namingIn(tools.find(({ name }) => name === call.name)?.parameters.properties ?? {});
  return naming.every((key) => JSON.stringify(past.arguments[key]) === JSON.stringify(call.arguments[key]));
}

interface Profile {
  readonly name: string;
  readonly acts: ReadonlySet<string>;
  readonly firstAct: string | undefined;
  readonly words: ReadonlySet<string>;
}

const profiles = new WeakMap<Tool, Profile>();

function profileOf(tool: Tool): Profile {
  const known = profiles.get(tool);
  if (known !== undefined) return known;
  const text = describe(tool);
  const name = tool.name
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .replace(/[_-]/g, " ")
    .toLowerCase();
  const acts = actsIn(`${name} ${tool.description}`);
  const options = Object.values(tool.parameters.properties ?? {}).flatMap((property) => property.enum ?? []);
  const words = new Set(contentWords(`${text} ${options.join(" ")}`));
  const made: Profile = { name, acts, firstAct: [...acts][0], words };
  profiles.set(tool, made);
  return made;
}

function rarity(word: string, tools: readonly Tool[]): number {
  return tools.length < 2 ? 0 : tools.filter((tool) => profileOf(tool).words.has(word)).length;
}

const emptyWords = new Set(
  "the a an of to in on at for from by with and or not no any all its it is are be this that these those your our their my me us them him her bank page first new one".split(
    " ",
  ),
);

function contentWords(text: string): readonly string[] {
  return wordsOf(text.replace(/https?:\/\/\S+/gi, " "))
    .filter((word) => word.length > 1 && !emptyWords.has(word))
    .map((word) => word.replace(/(?:ies|es|s)$/, ""));
}
