/**
 * What an image says of itself in its first bytes: format and size. In: bytes, whole or the beginning. Out: both, or nothing.
 * Nothing is decoded: PNG (RFC 2083), GIF89a with its frames, JPEG (ITU-T T.81, its frame header), WebP (RFC 9649), BMP, and the frame
 * counts that can be had without reading on.
 */

export interface ImageHeader {
  readonly format: "png" | "gif" | "jpeg" | "webp" | "bmp";
  readonly width: number;
  readonly height: number;
}

/** JPEG segments looked at for the frame header. */
const maxSegments = 512;
/** Frames and extensions of a GIF that are looked at. */
const maxBlocks = 100_000;

/** The header of an image; `undefined` where it is none of these, or breaks off before its size. */
export function imageHeader(bytes: Buffer): ImageHeader | undefined {
  if (bytes.length >= 24 && bytes.readUInt32BE(0) === 0x89504e47 && bytes.toString("latin1", 12, 16) === "IHDR")
    return { format: "png", width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
  if (bytes.length >= 10 && /^GIF8[79]a$/.test(bytes.toString("latin1", 0, 6))) return gif(bytes);
  if (bytes.length >= 4 && bytes.readUInt16BE(0) === 0xffd8) return jpeg(bytes);
  if (bytes.length >= 30 && bytes.toString("latin1", 0, 4) === "RIFF" && bytes.toString("latin1", 8, 12) === "WEBP")
    return webp(bytes);
  if (bytes.length >= 26 && bytes.toString("latin1", 0, 2) === "BM") {
    // OS/2's first header has sizes of 16 bits.
    if (bytes.readUInt32LE(14) === 12)
      return { format: "bmp", width: bytes.readUInt16LE(18), height: bytes.readUInt16LE(20) };
    return { format: "bmp", width: Math.abs(bytes.readInt32LE(18)), height: Math.abs(bytes.readInt32LE(22)) };
  }
  return undefined;
}

/** Bytes that {@link beginsAsImage} needs. */
export const signatureBytes = 18;

/** Whether bytes that nobody called an image begin as one: by more than two letters, which texts have as well. */
export function beginsAsImage(bytes: Buffer): boolean {
  const latin = bytes.toString("latin1", 0, signatureBytes);
  if (/^(?:\x89PNG|GIF8[79]a|\xff\xd8\xff|RIFF[^]{4}WEBP)/.test(latin)) return true;
  return latin.startsWith("BM") && latin.length === signatureBytes && bmpHeaders.has(bytes.readUInt32LE(14));
}

const bmpHeaders = new Set([12, 16, 40, 52, 56, 64, 108, 124]);

/** The screen, or how far frames reach beyond it where they do: decoders make room for them. Frames in what is there. */
function gif(bytes: Buffer): ImageHeader {
  let [width, height] = [bytes.readUInt16LE(6), bytes.readUInt16LE(8)];
  const colours = (packed: number): number => (packed & 0x80 ? 3 * 2 ** ((packed & 7) + 1) : 0);
  let at = 13 + colours(bytes[10] ?? 0);
  for (let block = 0; block < maxBlocks && at + 10 <= bytes.length; block++) {
    if (bytes[at] === 0x2c) {
      width = Math.max(width, bytes.readUInt16LE(at + 1) + bytes.readUInt16LE(at + 5));
      height = Math.max(height, bytes.readUInt16LE(at + 3) + bytes.readUInt16LE(at + 7));
      at += 11 + colours(bytes[at + 9] ?? 0);
    } else if (bytes[at] === 0x21) at += 2;
    else break;
    for (let length = bytes[at] ?? 0; length > 0; length = bytes[at] ?? 0) at += 1 + length;
    at += 1;
  }
  return { format: "gif", width, height };
}

function jpeg(bytes: Buffer): ImageHeader | undefined {
  let at = 2;
  for (let segment = 0; segment < maxSegments && at + 9 <= bytes.length; segment++) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xff) {
      at += 1; // fill
      continue;
    }
    // SOF0 to SOF15, without the tables that share their range (DHT, JPG, DAC).
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc)
      return { format: "jpeg", height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7) };
    if (marker === 0xda || marker === 0xd9) return undefined;
    at += marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7) ? 2 : 2 + bytes.readUInt16BE(at + 2);
  }
  return undefined;
}

function webp(bytes: Buffer): ImageHeader | undefined {
  switch (bytes.toString("latin1", 12, 16)) {
    case "VP8X":
      return { format: "webp", width: 1 + bytes.readUIntLE(24, 3), height: 1 + bytes.readUIntLE(27, 3) };
    case "VP8 ":
      return { format: "webp", width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
    case "VP8L": {
      const bits = bytes.readUInt32LE(21);
      return { format: "webp", width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
    }
    default:
      return undefined;
  }
}
