/**
 * A text's UTF-16 code units as an array. In: a text. Out: its units, in an array that all detectors share.
 *
 * One copy by the runtime costs less than asking a string for each unit, above all where the string is a slice or a
 * concatenation of others. The units stand until another text is asked for: who calls something that inspects a second text
 * asks again.
 */

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Texts longer than this get an array of their own, so that one giant does not stay in memory. */
const longestShared = 1 << 20;

let bytes = Buffer.alloc(16_384);
let shared = unitsIn(bytes);
/** Whose units {@link shared} holds. */
let held: string | undefined;

/** @returns an array that is longer than the text, or as long. Nobody writes to it. */
export function unitsOf(text: string): Uint16Array {
  if (text.length > longestShared) return copied(text, Buffer.alloc(text.length * 2));
  if (text === held) return shared;
  if (shared.length < text.length) {
    bytes = Buffer.alloc(Math.max(text.length, shared.length * 2) * 2);
    shared = unitsIn(bytes);
  }
  copied(text, bytes);
  held = text;
  return shared;
}

/** Writing UTF-16LE copies units as they are, lone surrogates included. */
function copied(text: string, into: Buffer): Uint16Array {
  const units = unitsIn(into);
  if (isLittleEndian) into.write(text, 0, "utf16le");
  else for (let at = 0; at < text.length; at++) units[at] = text.charCodeAt(at);
  return units;
}

function unitsIn(buffer: Buffer): Uint16Array {
  return new Uint16Array(buffer.buffer, buffer.byteOffset, buffer.length >> 1);
}
