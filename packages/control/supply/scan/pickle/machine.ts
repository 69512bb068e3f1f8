/**
 * A symbolic pickle machine: interprets every opcode of protocols 0 to 5 and executes nothing. In: a source, where the
 * stream starts, and a judge who says what importing, calling, making, building and filling give. Out: where the stream
 * ends, or why and where it breaks.
 *
 * What CPython's C unpickler and `pickle.py` do differently is taken in union: a thing is done here if either does it.
 * A stream that breaks has run everything before the break, so the judge has heard of it.
 */
import { Cursor, EndOfBytes } from "../bytes/cursor.ts";
import type { ByteSource } from "../bytes/byte-source.ts";
import type { Budget } from "../bytes/budget.ts";
import { Unreadable } from "../bytes/unreadable.ts";
import type { Resolution } from "../verdict.ts";
import { Memo } from "./memo.ts";
import { op } from "./opcodes.ts";
import { readArgument, readIndex, readNames, StreamBroke } from "./read-argument.ts";
import { appendTo, emptyDict, hashCostOf, isKind, makeTuple, opaque, setEntry, type Value } from "./values.ts";

/** Where the machine is: what findings point at. */
export interface Place {
  readonly offset: number;
  readonly opcode: number;
}

/** Decides what actions give; each may throw {@link StreamBroke} where a loader would raise. */
export interface Judge {
  importName(module: Value, name: Value, resolution: Resolution, place: Place): Value;
  call(callee: Value, args: Value, place: Place): Value;
  /** INST and OBJ: a class without arguments is made, anything else is called. */
  instantiate(cls: Value, args: readonly Value[], place: Place): Value;
  make(cls: Value, args: Value, keywords: Value | undefined, place: Place): Value;
  /** What stands on the stack after BUILD; `cursor` for loaders that read on behind the opcode. */
  build(target: Value, state: Value, place: Place, machine: PickleMachine): Value;
  /** APPEND, SETITEM and ADDITEMS on something that is no plain list, dict or set. */
  fill(target: Value, how: "append" | "item" | "add", place: Place): void;
  persistent(id: Value, place: Place): Value;
  extension(code: number, place: Place): Value;
  buffer(place: Place): Value;
  /** A long constant has been read. */
  constant(value: Value, place: Place): void;
  /** Something that is wrong with the stream itself. */
  irregular(rule: string, words: string, place: Place): void;
}

export interface Outcome {
  /** One past STOP; undefined when the stream broke. */
  readonly end: number | undefined;
  readonly value: Value;
  readonly broke?: { readonly words: string; readonly offset: number };
  readonly steps: number;
}

/** Hashing more than this is an attack on the loader's time. */
const maxHashCost = 1_000_000;
/** A memo index far above what was stored makes CPython's memo grow to it. */
const maxMemoIndex = 2 ** 27;

export class PickleMachine {
  readonly cursor: Cursor;
  readonly budget: Budget;
  readonly memo: Memo;
  stack: Value[] = [];
  #marks: number[] = [];
  #judge: Judge;
  #frameEnd = -1;
  #lenient = false;
  #place: { offset: number; opcode: number } = { offset: 0, opcode: 0 };

  constructor(source: ByteSource, offset: number, budget: Budget, judge: Judge, memo: Memo = new Memo()) {
    this.cursor = new Cursor(source, offset);
    this.budget = budget;
    this.memo = memo;
    this.#judge = judge;
  }

  /** A machine in the same state, to see what another loader makes of what follows. */
  fork(judge: Judge): PickleMachine {
    const twin = new PickleMachine(this.cursor.source, this.cursor.position, this.budget, judge, this.memo.copy());
    twin.stack = [...this.stack];
    twin.#marks = [...this.#marks];
    return twin;
  }

  /** Interprets up to STOP or the break. */
  run(): Outcome {
    let steps = 0;
    try {
      for (;;) {
        steps++;
        this.budget.spend(1);
        if (this.#step()) return { end: this.cursor.position, value: this.stack.pop() ?? null, steps };
      }
    } catch (error) {
      if (!(error instanceof StreamBroke) && !(error instanceof EndOfBytes)) throw error;
      const words = error instanceof EndOfBytes ? "the stream ends in the middle of an instruction" : error.message;
      return { end: undefined, value: null, steps, broke: { words, offset: this.#place.offset } };
    }
  }

  /**
   * Goes on behind a break, giving unknown values where there are none. No loader does this: it only shows what else
   * stands in a stream that is refused already.
   */
  runOn(maxSteps: number): void {
    this.#lenient = true;
    for (let step = 0; step < maxSteps; step++) {
      try {
        this.budget.spend(1);
        if (this.#step()) return;
      } catch (error) {
        if (error instanceof EndOfBytes || error instanceof Unreadable) return;
        if (!(error instanceof StreamBroke)) throw error;
        if (error.fatal) return;
      }
    }
  }

  #step(): boolean {
    const start = this.cursor.position;
    this.#place = { offset: start, opcode: -1 };
    const code = this.cursor.u8();
    this.#place = { offset: start, opcode: code };
    const stopped = this.#execute(code);
    // BUILD itself is one byte: what joblib's loader reads behind it is outside of frames.
    const end = code === op.BUILD ? start + 1 : this.cursor.position;
    if (this.#frameEnd >= 0 && this.cursor.position >= this.#frameEnd) {
      if (end > this.#frameEnd && start < this.#frameEnd)
        this.#judge.irregular("pickle/frame", "an instruction reaches over the end of its frame", this.#place);
      this.#frameEnd = -1;
    }
    if (this.stack.length + this.memo.size > this.budget.limits.values)
      throw new Unreadable("unsupported", "budget/values", "it makes more values than the limit allows", start);
    return stopped;
  }

  /** Executes one instruction; true for STOP. */
  #execute(code: number): boolean {
    const place = this.#place;
    switch (code) {
      case op.STOP:
        if (this.stack.length <= this.#fence() && !this.#lenient) throw new StreamBroke("STOP finds an empty stack");
        return true;
      case op.MARK:
        this.#marks.push(this.stack.length);
        break;
      case op.POP:
        // Popping at a mark takes the mark.
        if (this.stack.length > this.#fence()) this.stack.pop();
        else if (this.#marks.length > 0) this.#marks.pop();
        else if (!this.#lenient) throw new StreamBroke("POP finds an empty stack");
        break;
      case op.POP_MARK:
        this.#popMark();
        break;
      case op.DUP:
        this.#push(this.#top());
        break;
      case op.PROTO: {
        const protocol = this.cursor.u8();
        if (protocol > 5) throw new StreamBroke(`it asks for protocol ${protocol}; there are 0 to 5`);
        break;
      }
      case op.FRAME:
        this.#frame(this.cursor.u64());
        break;
      case op.TUPLE1:
      case op.TUPLE2:
      case op.TUPLE3:
        this.#push(makeTuple(this.#popMany(code - op.TUPLE1 + 1)));
        break;
      case op.TUPLE:
        this.#push(makeTuple(this.#popMark()));
        break;
      case op.LIST: {
        const list = { kind: "list" as const, items: [] as Value[], more: false };
        for (const item of this.#popMark()) appendTo(list, item);
        this.#push(list);
        break;
      }
      case op.DICT: {
        const dict = emptyDict();
        this.#setItems(dict, this.#popMark());
        this.#push(dict);
        break;
      }
      case op.FROZENSET:
        this.#hashAll(this.#popMark());
        this.#push({ kind: "set", frozen: true });
        break;
      case op.APPEND: {
        const item = this.#pop();
        this.#append(this.#top(), [item]);
        break;
      }
      case op.APPENDS: {
        const items = this.#popMark();
        this.#append(this.#top(), items);
        break;
      }
      case op.SETITEM: {
        const pair = this.#popMany(2);
        this.#setItems(this.#top(), pair);
        break;
      }
      case op.SETITEMS: {
        const items = this.#popMark();
        this.#setItems(this.#top(), items);
        break;
      }
      case op.ADDITEMS: {
        const items = this.#popMark();
        const target = this.#top();
        this.#hashAll(items);
        if (items.length > 0 && !(isKind(target, "set") && !target.frozen)) this.#judge.fill(target, "add", place);
        break;
      }
      case op.GET:
      case op.BINGET:
      case op.LONG_BINGET: {
        const index = readIndex(code, this.cursor);
        const value = this.memo.get(index);
        if (value === undefined) {
          if (this.#lenient) this.#push(opaque("a memo entry that was never stored"));
          else throw new StreamBroke(`it asks for memo entry ${index}, which was never stored`);
        } else this.#push(value);
        break;
      }
      case op.PUT:
      case op.BINPUT:
      case op.LONG_BINPUT:
        this.#put(readIndex(code, this.cursor));
        break;
      case op.MEMOIZE:
        this.#put(this.memo.size);
        break;
      case op.GLOBAL: {
        const [module, name] = readNames(this.cursor);
        this.#push(this.#judge.importName(module, name, "constant", place));
        break;
      }
      case op.STACK_GLOBAL: {
        const [module = null, name = null] = this.#popMany(2);
        const resolution = this.memo.has(module) || this.memo.has(name) ? "memo" : "constant";
        this.#push(this.#judge.importName(module, name, resolution, place));
        break;
      }
      case op.REDUCE: {
        const [callee = null, args = null] = this.#popMany(2);
        this.#push(this.#judge.call(callee, args, place));
        break;
      }
      case op.INST: {
        const [module, name] = readNames(this.cursor);
        const cls = this.#judge.importName(module, name, "constant", place);
        this.#push(this.#judge.instantiate(cls, this.#popMark(), place));
        break;
      }
      case op.OBJ: {
        const [cls, ...args] = this.#popMark();
        if (cls === undefined) throw new StreamBroke("OBJ finds no class");
        this.#push(this.#judge.instantiate(cls, args, place));
        break;
      }
      case op.NEWOBJ: {
        const [cls = null, args = null] = this.#popMany(2);
        this.#push(this.#judge.make(cls, args, undefined, place));
        break;
      }
      case op.NEWOBJ_EX: {
        const [cls = null, args = null, keywords = null] = this.#popMany(3);
        this.#push(this.#judge.make(cls, args, keywords, place));
        break;
      }
      case op.BUILD: {
        const state = this.#pop();
        const built = this.#judge.build(this.#top(), state, place, this);
        this.stack[this.stack.length - 1] = built;
        break;
      }
      case op.PERSID:
        this.#push(this.#judge.persistent(readArgument(code, this.cursor), place));
        break;
      case op.BINPERSID:
        this.#push(this.#judge.persistent(this.#pop(), place));
        break;
      case op.EXT1:
      case op.EXT2:
      case op.EXT4:
        this.#push(this.#judge.extension(readIndex(code, this.cursor), place));
        break;
      case op.NEXT_BUFFER:
        this.#push(this.#judge.buffer(place));
        break;
      case op.READONLY_BUFFER:
        this.#top();
        break;
      default: {
        const value = readArgument(code, this.cursor);
        if (typeof value === "string" ? value.length > 15 : isKind(value, "bytes")) this.#judge.constant(value, place);
        this.#push(value);
      }
    }
    return false;
  }

  #fence(): number {
    return this.#marks.at(-1) ?? 0;
  }

  #push(value: Value): void {
    this.stack.push(value);
  }

  #pop(): Value {
    const value = this.stack.length > this.#fence() ? this.stack.pop() : undefined;
    if (value !== undefined) return value;
    if (this.#lenient) return opaque("nothing stood on the stack");
    throw new StreamBroke("it takes a value from an empty stack");
  }

  #popMany(count: number): Value[] {
    const values: Value[] = [];
    for (let at = 0; at < count; at++) values.unshift(this.#pop());
    return values;
  }

  #top(): Value {
    const value = this.stack.length > this.#fence() ? this.stack.at(-1) : undefined;
    if (value !== undefined) return value;
    if (!this.#lenient) throw new StreamBroke("it uses a value of an empty stack");
    this.stack.push(opaque("nothing stood on the stack"));
    return this.stack.at(-1) ?? null;
  }

  #popMark(): Value[] {
    const mark = this.#marks.pop();
    if (mark !== undefined) return this.stack.splice(mark);
    if (this.#lenient) return this.stack.splice(0);
    throw new StreamBroke("it looks for a mark and there is none");
  }

  #put(index: number): void {
    if (index > maxMemoIndex)
      this.#judge.irregular(
        "pickle/memo-bomb",
        `it stores memo entry ${index}: CPython's memo grows to it`,
        this.#place,
      );
    this.memo.set(index, this.#top());
  }

  #frame(length: number): void {
    if (this.#frameEnd >= 0 && this.cursor.position < this.#frameEnd)
      this.#judge.irregular("pickle/frame", "a frame starts inside another frame", this.#place);
    const end = this.cursor.position + length;
    // The C unpickler raises here, pickle.py goes on.
    if (length > 0 && (end > Number.MAX_SAFE_INTEGER || this.cursor.source.read(end - 1, 1).length === 0)) {
      this.#judge.irregular(
        "pickle/frame",
        `a frame says that it has ${length} bytes; the stream ends before`,
        this.#place,
      );
      return;
    }
    this.#frameEnd = end;
  }

  #append(target: Value, items: readonly Value[]): void {
    if (isKind(target, "list")) for (const item of items) appendTo(target, item);
    else if (items.length > 0) this.#judge.fill(target, "append", this.#place);
  }

  #setItems(target: Value, items: readonly Value[]): void {
    if (items.length % 2 === 1 && !this.#lenient) throw new StreamBroke("a key without a value");
    for (let at = 0; at + 1 < items.length; at += 2) {
      this.#hash(items[at] ?? null);
      if (isKind(target, "dict")) setEntry(target, items[at] ?? null, items[at + 1] ?? null);
    }
    if (!isKind(target, "dict") && items.length > 0) this.#judge.fill(target, "item", this.#place);
  }

  #hashAll(items: readonly Value[]): void {
    for (const item of items) this.#hash(item);
  }

  #hash(key: Value): void {
    if (hashCostOf(key) > maxHashCost)
      this.#judge.irregular(
        "pickle/hash-bomb",
        "a key is nested tuples whose hash takes exponential time",
        this.#place,
      );
  }
}
