/**
 * JSON lines (NDJSON), as Ollama and others stream them. In: lines. Out: lines that may be released. Texts run from line to line
 * (`running-fields.ts`).
 */
import { isJsonObject, type JsonValue } from "../../contract/strict-json.ts";
import type { ContentGuard } from "./content-guard.ts";
import { parseAnswer } from "./framing.ts";
import { RunningFields } from "./running-fields.ts";
import { holdsCall } from "./voices.ts";

const asArguments: ReadonlySet<string> = new Set(["arguments"]);
const nothing: ReadonlySet<string> = new Set();

interface Line {
  readonly written: string;
  readonly lineEnd: string;
}

export class JsonLines {
  readonly #guard: ContentGuard;
  readonly #apart: boolean;
  readonly #fields: RunningFields<Line>;

  /** @param apart whether each line is read by itself */
  constructor(guard: ContentGuard, apart = false) {
    this.#guard = guard;
    this.#apart = apart;
    this.#fields = new RunningFields(guard, lineOf);
  }

  /** Takes a line without its end; returns the lines that may be sent, with theirs. */
  line(written: string, lineEnd: string): string {
    if (written.trim() === "") return written + lineEnd;
    const tree = parseAnswer(written);
    // Ollama's way to say that an answer is whole; or something is to be done.
    const isDone = isJsonObject(tree) && tree["done"] === true;
    const line = { written, lineEnd };
    if (!this.#apart) return this.#fields.take(line, tree, written.length, { isLast: isDone });
    if (isDone || (this.#guard.isHeard && holdsCall(tree))) this.#guard.barrier();
    const filtered = this.#guard.tree(tree, nothing, asArguments);
    return this.#guard.blocked === undefined ? lineOf(line, filtered === tree ? undefined : filtered) : "";
  }

  end(): string {
    return this.#fields.end();
  }
}

function lineOf({ written, lineEnd }: Line, tree: JsonValue | undefined): string {
  return (tree === undefined ? written : JSON.stringify(tree)) + lineEnd;
}
