/**
 * Checkpoints: the signed head of a log (C2SP tlog-checkpoint). In: origin, size, root and a key, or a note and a
 * vkey. Out: the note, or the checked head.
 */
import type { KeyObject } from "node:crypto";
import { CordonError } from "../errors.ts";
import { hashBytes } from "./merkle.ts";
import { decodeBase64, openNote, signNote, type NoteVerifier } from "./note.ts";

/** A log's head: the first `size` entries of `origin` hash to `root`. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/** The signed note that says this head. The key's name is the origin. */
export function signCheckpoint(checkpoint: Checkpoint, privateKey: KeyObject): string {
  const root = Buffer.from(checkpoint.root).toString("base64");
  return signNote(`${checkpoint.origin}\n${checkpoint.size}\n${root}\n`, checkpoint.origin, privateKey);
}

/**
 * The head that a note says, once signed by `verifier` and of the log that the verifier names.
 *
 * @throws {CordonError} `CHECKPOINT_INVALID`
 */
export function openCheckpoint(note: string, verifier: NoteVerifier): Checkpoint {
  const text = openNote(note, verifier);
  const [origin = "", size = "", root = "", ...extensions] = text.slice(0, -1).split("\n");
  const bytes = decodeBase64(root);
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(size) || !Number.isSafeInteger(Number(size)))
    throw invalid("its second line is not a number of entries");
  if (bytes?.length !== hashBytes) throw invalid("its third line is not a root hash in base64");
  if (extensions.some((line) => line === "")) throw invalid("it has an empty extension line");
  if (origin !== verifier.name)
    throw invalid(`it is the head of \`${origin}\`, but the key belongs to \`${verifier.name}\``);
  return { origin, size: Number(size), root: bytes };
}

function invalid(words: string): CordonError {
  return new CordonError("CHECKPOINT_INVALID", words);
}
