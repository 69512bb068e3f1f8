/**
 * Judges images by their headers alone. In: the bytes, and what they were said to be. Out: findings: an image that would
 * unpack to more than a machine should bear, one that is something else than it says, one whose header cannot be read. What
 * the picture shows is not looked at: that stays `uninspectable`.
 */
import { isJsonObject, type JsonValue } from "../../contract/strict-json.ts";
import type { Finding } from "../finding.ts";
import { classified } from "../taxonomy.ts";
import { beginsAsImage, imageHeader, signatureBytes } from "./header.ts";

/** Pixels from which an image is too large: 100 million, 400 MB unpacked. */
export const maxPixels = 100_000_000;
/** Unpacked bytes for each packed one from which it is a bomb, where it is also large. */
const maxRatio = 1000;
const largePixels = 10_000_000;
const maxImages = 64;
const maxDepth = 64;
/** Bytes of an image that are read of its base64. */
const maxHeadBytes = 192 * 1024;

/** @param length of the whole image, in bytes, where `bytes` is only its beginning */
export function checkImage(bytes: Buffer, said: string, length = bytes.length): readonly Finding[] {
  const header = imageHeader(bytes);
  if (header === undefined) return [finding("header", "uninspectable", 1)];
  const found: Finding[] = [];
  const pixels = header.width * header.height;
  if (pixels === 0) found.push(finding("header", "uninspectable", 1));
  if (pixels > maxPixels || (pixels > largePixels && (pixels * 4) / length > maxRatio))
    found.push(finding("bomb", "resource-exhaustion", 0.95));
  const type = said.split(";", 1)[0]?.trim().toLowerCase().replace("image/jpg", "image/jpeg") ?? "";
  if (type !== "" && type !== `image/${header.format}` && !(type === "image/x-ms-bmp" && header.format === "bmp"))
    found.push(finding("type", "out-of-distribution", 0.9));
  return found;
}

/** Findings of all images that a body of a model's API holds in base64, up to a bound; what lies past it is a finding. */
export function checkImages(body: JsonValue): readonly Finding[] {
  const found: Finding[] = [];
  let images = 0;
  const judge = (base64: string, said: string): void => {
    images += 1;
    if (images === maxImages + 1) found.push(finding("many", "resource-exhaustion", 0.6));
    if (images > maxImages) return;
    // Headers stand at the front; the length is known without decoding.
    let head = beginningOf(base64, maxHeadBytes);
    // But for a JPEG, which may have profiles and previews before its size.
    const isLonger = base64.length > (maxHeadBytes / 3) * 4;
    if (isLonger && imageHeader(head) === undefined && head[0] === 0xff && head[1] === 0xd8)
      head = Buffer.from(base64, "base64");
    found.push(...checkImage(head, said, Math.floor((base64.length * 3) / 4)));
  };
  /** An image is what says so, and what is one though it says something else. @returns whether it was one */
  const judgeIfImage = (base64: string, said: string): boolean => {
    const isSaid = said.startsWith("image/");
    if (!isSaid && !beginsAsImage(beginningOf(base64, signatureBytes))) return false;
    judge(base64, isSaid ? said : "");
    return true;
  };
  const walk = (value: JsonValue, depth: number): void => {
    if (depth > maxDepth) return;
    if (typeof value === "string") {
      const url = dataUrl(value);
      if (url !== undefined) judgeIfImage(url.base64, url.type);
      return;
    }
    if (Array.isArray(value)) value.forEach((item) => walk(item, depth + 1));
    else if (isJsonObject(value)) {
      const { media_type: said, data } = value;
      const type = typeof said === "string" ? said.trim().toLowerCase() : "";
      const isJudged = typeof data === "string" && judgeIfImage(data, type);
      for (const [name, item] of Object.entries(value)) if (!isJudged || name !== "data") walk(item, depth + 1);
    }
  };
  walk(body, 0);
  return found;
}

/** The first bytes of base64, blanks before it left out; more than are asked for may come. */
function beginningOf(base64: string, bytes: number): Buffer {
  const start = firstInk(base64);
  return Buffer.from(base64.slice(start, start + Math.ceil(bytes / 3) * 4), "base64");
}

/**
 * Type and content of a data URL in base64, in any spelling that clients take (WHATWG Fetch, "data: URL processor"): blanks
 * and controls before it, tabs and line ends within, letters of either size, any parameters.
 */
function dataUrl(text: string): { readonly type: string; readonly base64: string } | undefined {
  const scheme = /d[\t\n\r]*a[\t\n\r]*t[\t\n\r]*a[\t\n\r]*:/iy;
  scheme.lastIndex = firstInk(text);
  if (!scheme.test(text)) return undefined;
  const comma = text.indexOf(",", scheme.lastIndex);
  if (comma < 0) return undefined;
  const said = text
    .slice(scheme.lastIndex, comma)
    .replaceAll(/[\t\n\r]/g, "")
    .toLowerCase();
  // Without the word it is no base64, but who splits at the comma decodes it all the same: then the bytes alone count.
  const isBase64 = /; *base64 *(?:;|$)/.test(said);
  return { type: isBase64 ? (said.split(";", 1)[0] ?? "").trim() : "", base64: text.slice(comma + 1) };
}

/** Where the first character stands that is neither blank nor control. */
function firstInk(text: string): number {
  let at = 0;
  while (at < text.length && text.charCodeAt(at) <= 0x20) at++;
  return at;
}

function finding(name: string, category: Finding["category"], score: number): Finding {
  return classified({ detector: `image/${name}`, category, start: 0, end: 0, score });
}
