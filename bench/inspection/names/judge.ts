/**
 * `node bench/inspection/names/judge.ts`: how well the name tagger does on templates that training never saw. Out: precision
 * and recall by label, of words and of spans (one that overlaps by half counts).
 */
import { packModel, tag } from "@cordon/core/inspection/pii/names/model";
import { labels } from "@cordon/core/inspection/pii/names/model";
import { tokenize } from "@cordon/core/inspection/pii/names/tokens";
import { passes, scales } from "@cordon/core/inspection/pii/names/weights";
import { presidioRows, tagsOf } from "./data.ts";

const bytes = (text: string): Int8Array => new Int8Array(Buffer.from(text, "base64"));
const model = packModel([bytes(passes[0]), bytes(passes[1])], scales);
const { held } = presidioRows();
const show = process.argv[2];
for (const group of [[1], [2], [3], [4], [2, 3], [1, 2, 3, 4]]) {
  let hit = 0;
  let miss = 0;
  let extra = 0;
  for (const row of held) {
    const tokens = tokenize(row.text);
    const gold = tagsOf(tokens, row);
    const { tags } = tag(tokens, model);
    let wrong = false;
    for (let at = 0; at < tokens.count; at++) {
      if (tokens.kinds[at] === 6 || tokens.kinds[at] === 7) continue;
      const g = group.includes(gold[at] ?? 0);
      const t = group.includes(tags[at] ?? 0);
      if (g && t) hit++;
      else if (g) miss++;
      else if (t) extra++;
      wrong ||= g !== t;
    }
    if (wrong && show === group.join("")) {
      const words = Array.from(
        { length: tokens.count },
        (_, at) =>
          `${row.text.slice(tokens.starts[at], tokens.ends[at])}${gold[at] !== 0 || tags[at] !== 0 ? `/${gold[at]}${tags[at]}` : ""}`,
      );
      process.stdout.write(`${words.join(" ").replaceAll("\n", "\\n")}\n`);
    }
  }
  const recall = hit / (hit + miss);
  const precision = hit / (hit + extra);
  process.stdout.write(
    `${group.map((label) => labels[label]).join("+")}: precision ${precision.toFixed(3)} recall ${recall.toFixed(3)} F1 ${((2 * precision * recall) / (precision + recall)).toFixed(3)} (${hit + miss} words)\n`,
  );
}
process.stdout.write(`${held.length} texts of ${new Set(held.map(({ template }) => template)).size} templates\n`);
