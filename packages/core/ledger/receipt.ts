/**
 * Receipts: the proof that one entry is in the log, in one text that anyone can check offline with the log's vkey
 * (C2SP tlog-proof). In: index, leaf hash, proof and checkpoint. Out: the text; or, from a text, what it proves.
 *
 * The format leaves the leaf out, since the holder usually has the record. Here the `extra` line carries its hash: it is
 * worth nothing alone, but the proof binds it to the signed root.
 */
import { CordonError } from "../errors.ts";
import { openCheckpoint, type Checkpoint } from "./checkpoint.ts";
import { hashBytes } from "./merkle.ts";
import { decodeBase64, maxNoteBytes, type NoteVerifier } from "./note.ts";
import { maxProofHashes, verifyInclusion } from "./proof.ts";

export const receiptHeader = "c2sp.org/tlog-proof@v1";

/** What a checked receipt proves: at `checkpoint`, entry `index` has the hash `leaf`. */
export interface Receipt {
  readonly index: number;
  readonly leaf: Uint8Array;
  readonly proof: readonly Uint8Array[];
  readonly checkpoint: Checkpoint;
}

/** The text of a receipt. `checkpoint` is the signed note, word for word. */
export function formatReceipt(
  index: number,
  leaf: Uint8Array,
  proof: readonly Uint8Array[],
  checkpoint: string,
): string {
  const lines = [receiptHeader, `extra ${encode(leaf)}`, `index ${index}`, ...proof.map(encode)];
  return `${lines.join("\n")}\n\n${checkpoint}`;
}

/**
 * Checks a receipt with nothing but the log's public key.
 *
 * @throws {CordonError} `PROOF_INVALID` where it does not prove what it says, `CHECKPOINT_INVALID` where its
 * checkpoint is not this log's
 */
export function openReceipt(text: string, verifier: NoteVerifier): Receipt {
  if (text.length > 2 * maxNoteBytes) throw invalid("it is too long to be a receipt");
  const split = text.indexOf("\n\n");
  const [header, extra = "", position = "", ...encoded] = text.slice(0, Math.max(0, split)).split("\n");
  if (header !== receiptHeader) throw invalid(`its first line is not \`${receiptHeader}\``);
  const leaf = extra.startsWith("extra ") ? decodeHash(extra.slice("extra ".length)) : undefined;
  if (leaf === undefined) throw invalid("its second line does not hold the entry's hash");
  if (!/^index (?:0|[1-9][0-9]{0,15})$/.test(position)) throw invalid("its third line does not hold an index");
  if (encoded.length > maxProofHashes) throw invalid(`its proof has more than ${maxProofHashes} hashes`);
  const proof = encoded.map((line) => {
    const each = decodeHash(line);
    if (each === undefined) throw invalid("its proof holds a line that is not a hash in base64");
    return each;
  });
  const index = Number(position.slice("index ".length));
  const checkpoint = openCheckpoint(text.slice(split + 2), verifier);
  if (!verifyInclusion(leaf, index, checkpoint.size, proof, checkpoint.root))
    throw invalid(`it does not prove that entry ${index} is among the ${checkpoint.size} entries of its checkpoint`);
  return { index, leaf, proof, checkpoint };
}

function encode(hash: Uint8Array): string {
  return Buffer.from(hash).toString("base64");
}

function decodeHash(text: string): Buffer | undefined {
  const bytes = decodeBase64(text);
  return bytes?.length === hashBytes ? bytes : undefined;
}

function invalid(words: string): CordonError {
  return new CordonError("PROOF_INVALID", `this receipt proves nothing: ${words}`);
}
