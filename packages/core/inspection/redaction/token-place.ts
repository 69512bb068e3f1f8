/**
 * Where a token stands. In: so much of the text as comes before it. Out: whether that is inside of an address, or of a string of
 * JSON. Whoever shows an address to a browser would send the value to wherever a model was talked into pointing it, so in doubt
 * a token stands in one. Renderers disagree about what ends an address: each reading that some renderer has counts.
 */

/** So much of a text before a token is looked at, in UTF-16 code units: a stream is judged as the whole is. */
export const placeReach = 8192;

/** @param reach the text before a token, {@link placeReach} of it at most */
export function isInAddress(reach: string): boolean {
  // What began before all that can be seen, and has not ended since.
  if (reach.length === placeReach && (!anySpace.test(reach) || !/[\n\r"]/.test(reach))) return true;
  return isInMarkup(reach) || isBehindAddress(reach);
}

/** Where browsers and Markdown end a word; other white space may stand in an address. */
const anySpace = /[\t\n\v\f\r ]/;

const slash = String.raw`(?:[/\\]|&(?:#0{0,8}(?:47|92)|#x0{0,8}(?:2f|5c)|b?sol);?)`;
const colon = String.raw`(?::|&(?:#0{0,8}58|#x0{0,8}3a|colon);?)`;
/** How addresses begin: with two slashes, which browsers take backslashes for, or as browsers open them without. */
const addressStart = new RegExp(
  String.raw`${slash}${slash}|(?:https?|wss?|ftps?|mailto|javascript)${colon}|www\.`,
  "gi",
);
const quotedScheme = new RegExp(String.raw`([<"'])(?:[a-z][a-z0-9+.-]{0,30}${colon})?$`, "i");
/** The longest that it matches, and a little more. */
const schemeLength = 64;

/** Whether an address began, and no white space or the quote before which it began has ended it. */
function isBehindAddress(reach: string): boolean {
  let wordStart = reach.length;
  while (wordStart > 0 && !anySpace.test(reach.charAt(wordStart - 1))) wordStart -= 1;
  for (const { index } of reach.matchAll(addressStart)) {
    const opener = quotedScheme.exec(reach.slice(Math.max(0, index - schemeLength), index))?.[1];
    const closer = opener === "<" ? ">" : opener;
    if (closer === undefined ? index >= wordStart : reach.lastIndexOf(closer) < index) return true;
  }
  return false;
}

/** Where a reader of HTML may be, as bits: readers that began at different places, or read it differently, are in several. */
const inTag = 1;
const beforeValue = 2;
const inDoubleQuotes = 4;
const inSingleQuotes = 8;
const inBareValue = 16;

/** What these hold is sent by a form, or fetches addresses itself. */
const sendingElement = /<(\/?)(form|script|style|textarea)(?![\w-])/iy;
const letter = /[a-z]/i;

/** Whether a tag, an element that sends what it holds, or the destination of a Markdown link is open at the end. */
function isInMarkup(reach: string): boolean {
  const first = [reach.indexOf("<"), reach.indexOf("](")].filter((at) => at >= 0);
  let tag = 0;
  const elements = new Set<string>();
  /** Parentheses that are open since a destination began. */
  let depth = 0;
  let isBracketed = false;
  let escapesNext = false;
  for (let at = Math.min(...first, reach.length); at < reach.length; at++) {
    const unit = reach.charAt(at);
    tag = afterUnit(tag, unit);
    const isEscaped: boolean = escapesNext; // in Markdown, where it ends nothing
    escapesNext = unit === "\\" && !isEscaped;
    if (unit === "<") {
      if (letter.test(reach.charAt(at + 1))) tag |= inTag;
      sendingElement.lastIndex = at;
      const [, ends, name = ""] = sendingElement.exec(reach) ?? [];
      if (ends === "/") elements.delete(name.toLowerCase());
      else if (name !== "") elements.add(name.toLowerCase());
      if (/\](?:\(|:)\s{0,8}$/.test(reach.slice(Math.max(0, at - 10), at))) isBracketed = true;
    } else if (isBracketed) isBracketed = (unit !== ">" || isEscaped) && unit !== "\n";
    else if (unit === "(" && (depth > 0 || reach.charAt(at - 1) === "]")) depth += 1;
    else if (unit === ")" && depth > 0 && !isEscaped) depth -= 1;
    else if (unit === "\n" && /^[\t\r ]{0,8}\n/.test(reach.slice(at + 1, at + 10))) depth = 0;
  }
  return tag !== 0 || elements.size > 0 || depth > 0 || isBracketed;
}

function afterUnit(tag: number, unit: string): number {
  if (tag === 0) return 0;
  switch (unit) {
    case ">":
      return tag & (inDoubleQuotes | inSingleQuotes);
    case "=":
      // Where no name stands before it, it is a name itself: both are followed.
      return (tag & inTag) === 0 ? bare(tag) : bare(tag) | beforeValue;
    case '"':
      return quoted(tag, inDoubleQuotes);
    case "'":
      return quoted(tag, inSingleQuotes);
    case " ":
    case "\t":
    case "\n":
    case "\f":
    case "\r":
      return (tag & inBareValue) === 0 ? tag : (tag & ~inBareValue) | inTag;
    default:
      return bare(tag);
  }
}

/** A value begins without a quote. */
function bare(tag: number): number {
  return (tag & beforeValue) === 0 ? tag : (tag & ~beforeValue) | inBareValue;
}

function quoted(tag: number, quote: number): number {
  let next = tag & ~(quote | beforeValue);
  if ((tag & quote) !== 0) next |= inTag;
  if ((tag & beforeValue) !== 0) next |= quote;
  return next;
}

/** Whether a text that ends here is in a string of JSON, or where a value of JSON belongs: behind a quote that opens one. */
export function isInJson(reach: string): boolean {
  const lineStart = Math.max(reach.lastIndexOf("\n"), reach.lastIndexOf("\r")) + 1; // no string holds a line end
  for (let at = reach.lastIndexOf('"'); at >= lineStart; at = at === 0 ? -1 : reach.lastIndexOf('"', at - 1)) {
    let backslashes = 0;
    while (reach.charAt(at - 1 - backslashes) === "\\") backslashes += 1;
    if (backslashes % 2 === 1) continue;
    const before = reach.slice(0, at).trimEnd();
    return before === "" || "{[,:".includes(before.charAt(before.length - 1)) || /^\s*:\s*$/.test(reach.slice(at + 1));
  }
  return lineStart === 0 && reach.length === placeReach;
}
