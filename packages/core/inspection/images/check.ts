/**
 * Judges images by their headers alone. In: the bytes, and what they were said to be. Out: findings: an image that would
 * unpack to more than a machine should bear, one that is something else than it says, one whose header cannot be read. What
 * the picture shows is not looked at: that stays `uninspectable`.
 */
import { isJsonObject, type JsonValue } from "../../contract/strict-json.ts";
import type { Finding } from "../finding.ts";
import { classified } from "../taxonomy.ts";
import { imageHeader } from "./header.ts";

/** Pixels from which an image is too large: 100 million, 400 MB unpacked. */
export const maxPixels = 100_000_000;
/** Unpacked bytes for each packed one from which it is a bomb, where it is also large. */
const maxRatio = 1000;
const largePixels = 10_000_000;
const maxImages = 64;
const maxDepth = 64;

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
    const head = Buffer.from(base64.slice(0, 256 * 1024), "base64");
    found.push(...checkImage(head, said, Math.floor((base64.length * 3) / 4)));
  };
  const walk = (value: JsonValue, depth: number): void => {
    if (depth > maxDepth) return;
    if (typeof value === "string") {
      const data = /^data:(image\/[a-z0-9.+-]{1,40})(?:;[a-z0-9=.-]{1,40}){0,4};base64,/i.exec(value.slice(0, 256));
      if (data !== null) judge(value.slice(data[0].length), data[1] ?? "");
      return;
    }
    if (Array.isArray(value)) value.forEach((item) => walk(item, depth + 1));
    else if (isJsonObject(value)) {
      const { media_type: said, data } = value;
      if (typeof said === "string" && said.startsWith("image/") && typeof data === "string") judge(data, said);
      else for (const item of Object.values(value)) walk(item, depth + 1);
    }
  };
  walk(body, 0);
  return found;
}

function finding(name: string, category: Finding["category"], score: number): Finding {
  return classified({ detector: `image/${name}`, category, start: 0, end: 0, score });
}
