/** The memo of a pickle stream: values by index. Dense indexes are an array, strange ones a map. */
import { isObj, type Value } from "./values.ts";

export class Memo {
  #dense: Value[] = [];
  #sparse = new Map<number, Value>();
  /** Short strings that are in the memo: a name made of them was resolved through it. */
  #texts = new Set<string>();

  get size(): number {
    return this.#dense.length + this.#sparse.size;
  }

  get(index: number): Value | undefined {
    return index < this.#dense.length ? this.#dense[index] : this.#sparse.get(index);
  }

  set(index: number, value: Value): void {
    if (index < this.#dense.length) this.#dense[index] = value;
    else if (index === this.#dense.length && !this.#sparse.has(index)) this.#dense.push(value);
    else this.#sparse.set(index, value);
    if (typeof value === "string" && value.length <= 64 && this.#texts.size < 4096) this.#texts.add(value);
  }

  has(value: Value): boolean {
    return !isObj(value) && typeof value === "string" && this.#texts.has(value);
  }

  copy(): Memo {
    const twin = new Memo();
    twin.#dense = [...this.#dense];
    twin.#sparse = new Map(this.#sparse);
    twin.#texts = new Set(this.#texts);
    return twin;
  }
}
