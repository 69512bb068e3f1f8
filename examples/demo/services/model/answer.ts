/**
 * What the model says when it has called all that it wants to call. In: the conversation and the plan. Out: the answer:
 * what an instruction says to answer; else what the question's own tool found; else what the passages in the context say;
 * else what the model knows.
 */
import { refersBack } from "./arguments.ts";
import { doneIn, isPassages, lastQuestion, type Done, type Turn } from "./context.ts";
import { sentencesOf, type Instruction } from "./instructions.ts";
import type { Plan } from "./plan.ts";
import { answerTo, cosine, embed } from "./retrieval.ts";

/** Below this cosine a sentence says nothing about the question. */
const relevant = 0.15;
const summarySentences = 2;

export function answerFrom(turns: readonly Turn[], plan: Plan): string {
  const question = lastQuestion(turns);
  const done = doneIn(turns).filter(({ turn }) => turn > question.turn);
  if (plan.reply !== undefined) {
    const said = saidBy(plan.reply, done);
    if (said !== undefined) return said;
  }
  const last = done.at(-1);
  if (plan.summarise && last !== undefined) return summaryOf(last.result, plan.obeyed);
  if (plan.answered.length > 0) return plan.answered.map((each) => reported(each, plan.obeyed)).join("\n");
  const acted = done.filter(({ result }) => !isPassages(result));
  const passages = done.flatMap(({ result }) => (isPassages(result) ? passagesIn(result) : []));
  const read = fromPassages(question.text, passages, plan.obeyed);
  if (read !== undefined) return read;
  const lastActed = acted.at(-1);
  return lastActed === undefined ? answerTo(question.text) : reported(lastActed, plan.obeyed);
}

function reported({ failed, result }: Done, obeyed: ReadonlySet<string>): string {
  return failed ? `I could not do that: ${result.trim()}` : `The answer is: ${quoted(result, obeyed)}`;
}

/** The words that an instruction puts into the model's mouth; where they only point at what was found, that. */
function saidBy({ object }: Instruction, done: readonly Done[]): string | undefined {
  const words = object
    .replace(
      /^(?:back )?(?:to )?(?:(?:the|every|all|any|this|your) )?(?:customers?|users?|person|people|readers?|them|him|her|me|us)\b\s*/i,
      "",
    )
    .replace(
      /^(?:only |just |exactly |simply |always )*(?:with|that|as follows|by saying|this)?\s*(?:only |just |exactly )*[:,]?\s*/i,
      "",
    );
  const inQuotes = /^["“']([^"“”]{1,2000}?)["”']?$/.exec(words)?.[1];
  if (inQuotes !== undefined) return inQuotes;
  if (refersBack(words) && words.split(/\s+/).length < 14) {
    const found = done.filter(({ failed, result }) => !failed && !isPassages(result));
    return found.length === 0 ? undefined : found.map(({ result }) => result).join("\n");
  }
  return words === "" ? undefined : words;
}

/** Help passages in a tool's result: blocks that begin with a heading. */
function passagesIn(result: string): readonly string[] {
  return result.split(/^(?=## )/m).filter((block) => block.startsWith("## "));
}

/** Answers from the best passage's own sentences, and the best of a close second. */
function fromPassages(question: string, blocks: readonly string[], obeyed: ReadonlySet<string>): string | undefined {
  const asked = embed(question);
  const scored = [...new Set(blocks)]
    .map((block) => {
      const [heading = "", ...lines] = block.split("\n");
      const title = heading.slice(3).trim();
      const sentences = sentencesOf(lines.join("\n")).filter((sentence) => !obeyed.has(sentence));
      return { title, sentences, score: cosine(asked, embed(`${title} ${title} ${title} ${sentences.join(" ")}`)) };
    })
    .toSorted((left, right) => right.score - left.score);
  const [best, second] = scored;
  if (best === undefined || best.score < relevant) return undefined;
  const answer = [...best.sentences];
  if (second !== undefined && second.score > best.score * 0.8) {
    const addition = second.sentences
      .map((sentence) => ({ sentence, score: cosine(asked, embed(sentence)) }))
      .toSorted((left, right) => right.score - left.score)[0];
    if (addition !== undefined && addition.score > relevant)
      answer.push(`About ${second.title.toLowerCase()}: ${addition.sentence}`);
  }
  return answer.join(" ");
}

function summaryOf(text: string, obeyed: ReadonlySet<string>): string {
  return sentencesOf(text)
    .filter((sentence) => !obeyed.has(sentence))
    .slice(0, summarySentences)
    .join(" ");
}

/** A result as it is, less the sentences that were orders to the model. */
function quoted(text: string, obeyed: ReadonlySet<string>): string {
  const sentences = sentencesOf(text);
  return sentences.some((sentence) => obeyed.has(sentence))
    ? sentences.filter((sentence) => !obeyed.has(sentence)).join(" ")
    : text.trim();
}
