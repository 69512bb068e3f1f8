/**
 * The caller's own copies of the ledger's head. In: `cordon-checkpoint` response headers (base64 of a C2SP signed
 * note). Out: the newest checkpoint of each log in a folder that the gateway cannot reach, to hold against it later
 * (`cordon ledger verify --checkpoint FILE`).
 *
 * A log only grows. One that shrinks, or shows two roots at one size, was rewritten: that is said loudly, once, and the
 * contradicting note is kept beside the good one. Keeping never fails a request.
 */
import { mkdir, open, readdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";

/** Longest header value that is looked at, in characters. */
const maxHeaderChars = 16_384;

export interface CheckpointKeeper extends AsyncDisposable {
  /**
   * To be called when a request is sent; the returned function takes the header of its answer. Answers overtake one
   * another, so an older checkpoint is a contradiction only when the newer one was here before the request left.
   * The function returns at once and never throws.
   */
  begin(): (header: string) => void;
}

interface Note {
  readonly origin: string;
  readonly size: bigint;
  readonly root: string;
  readonly text: string;
}

interface Held {
  readonly note: Note;
  /** The keeper's count of accepted notes when this one came. */
  readonly order: number;
}

/** Opens the keeper over `folder`, which is created on first use (0700). `warn` gets sentences for a person. */
export async function openCheckpointKeeper(folder: string, warn: (words: string) => void): Promise<CheckpointKeeper> {
  const held = new Map<string, Held>();
  for (const note of await readNotes(folder)) held.set(note.origin, { note, order: 0 });
  const unwritten = new Map<string, Note>();
  const warned = new Set<string>();
  let order = 0;
  let lastHeader = "";
  let writing: Promise<void> | undefined;

  const warnOnce = (key: string, words: string): void => {
    if (warned.has(key)) return;
    warned.add(key);
    warn(words);
  };
  const store = (file: string, note: Note): void => {
    unwritten.set(file, note);
    writing ??= writeAll(folder, unwritten, warnOnce).finally(() => {
      writing = undefined;
    });
  };

  const take = (header: string, sentAt: number): void => {
    if (header === lastHeader || header.length > maxHeaderChars) return;
    const note = parseNote(Buffer.from(header, "base64").toString("utf8"));
    if (note === undefined) return warnOnce("form", "The gateway sent a ledger checkpoint that cannot be read.");
    const file = fileNameOf(note.origin);
    const known = held.get(note.origin);
    if (known !== undefined && contradicts(known, note, sentAt)) {
      warnOnce(`fork ${note.origin}`, contradictionWords(known.note, note, join(folder, file)));
      return store(`${file}.contradiction`, note);
    }
    if (known !== undefined && note.size <= known.note.size) return;
    held.set(note.origin, { note, order: ++order });
    lastHeader = header;
    store(file, note);
  };

  return {
    begin() {
      const sentAt = order;
      return (header) => take(header, sentAt);
    },
    async [Symbol.asyncDispose]() {
      while (writing !== undefined) await writing;
    },
  };
}

/** The first three lines of a checkpoint (C2SP tlog-checkpoint): origin, size, root; a signature must follow. */
function parseNote(text: string): Note | undefined {
  const match = /^([^\n]{1,255})\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n(?:[^\n]+\n)*\n\u2014 /.exec(text);
  const [, origin, size, root] = match ?? [];
  if (origin === undefined || size === undefined || root === undefined) return undefined;
  return { origin, size: BigInt(size), root, text };
}

/** One level deep, whatever the origin holds. */
function fileNameOf(origin: string): string {
  return encodeURIComponent(origin).replace(/^\.+/, (dots) => "%2E".repeat(dots.length));
}

function contradicts(known: Held, note: Note, sentAt: number): boolean {
  if (note.size === known.note.size) return note.root !== known.note.root;
  return note.size < known.note.size && known.order <= sentAt;
}

function contradictionWords(known: Note, note: Note, file: string): string {
  const what =
    note.size < known.size
      ? `has shrunk from ${known.size} to ${note.size} entries`
      : `shows two different roots at ${note.size} entries`;
  return (
    `WARNING: the ledger ${note.origin} ${what}. It was rewritten, or restored from an old copy. ` +
    `The last good checkpoint is ${file}, the contradicting one ${file}.contradiction. ` +
    `Run \`cordon ledger verify --checkpoint ${file}\` and tell whoever answers for the ledger.`
  );
}

async function readNotes(folder: string): Promise<readonly Note[]> {
  const names = await readdir(folder).catch(() => [] as string[]);
  const notes = await Promise.all(names.map((name) => readNote(join(folder, name))));
  // A contradicting note beside a good one is evidence, not the head: the file's name tells them apart.
  return notes.flatMap((note, at) => (note !== undefined && names[at] === fileNameOf(note.origin) ? [note] : []));
}

async function readNote(file: string): Promise<Note | undefined> {
  return readFile(file, "utf8").then(parseNote, () => undefined);
}

async function writeAll(
  folder: string,
  unwritten: Map<string, Note>,
  warnOnce: (key: string, words: string) => void,
): Promise<void> {
  for (let next = unwritten.entries().next(); !next.done; next = unwritten.entries().next()) {
    const [name, note] = next.value;
    unwritten.delete(name);
    try {
      await write(folder, name, note);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      warnOnce("write", `Ledger checkpoints cannot be kept in ${folder}: ${why}`);
    }
  }
}

async function write(folder: string, name: string, note: Note): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, name);
  // Another `cordon run` shares the folder and may have seen more.
  const there = await readNote(file);
  if (there !== undefined && there.origin === note.origin && there.size > note.size && !name.endsWith(".contradiction"))
    return;
  const temporary = `${file}.${process.pid}.tmp`;
  const handle = await open(temporary, "w", 0o600);
  try {
    await handle.writeFile(note.text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}
