/**
 * The demo's vector index over the help pages. In: PUT of a whole index, POST of a vector to search for. Out: the nearest
 * passages. Who may write it and who may search it is not decided here.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { readJson, sendJson } from "./http.ts";
import { runService } from "./serve.ts";

const vector = z.array(z.number()).min(1).max(4096);
const indexBody = z.object({
  entries: z
    .array(z.object({ id: z.string().max(100), title: z.string().max(200), text: z.string().max(20_000), vector }))
    .max(500),
});
const searchBody = z.object({ vector, count: z.number().int().min(1).max(20).default(3) });

let entries: z.infer<typeof indexBody>["entries"] = [];

await runService("help index", handle);

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  switch (`${request.method} ${request.url ?? ""}`) {
    case "PUT /help-index": {
      const body = await readJson(request, indexBody);
      if ("problem" in body) return sendJson(response, 400, { error: body.problem });
      entries = body.value.entries;
      return sendJson(response, 200, { entries: entries.length });
    }
    case "POST /help-index/search": {
      const body = await readJson(request, searchBody);
      if ("problem" in body) return sendJson(response, 400, { error: body.problem });
      return sendJson(response, 200, { hits: search(body.value.vector, body.value.count) });
    }
    default:
      return sendJson(response, 404, { error: "PUT /help-index or POST /help-index/search." });
  }
}

function search(asked: readonly number[], count: number): readonly object[] {
  return entries
    .map(({ id, title, text, vector: own }) => ({
      id,
      title,
      text,
      score: own.reduce((sum, value, at) => sum + value * (asked[at] ?? 0), 0),
    }))
    .toSorted((left, right) => right.score - left.score)
    .slice(0, count);
}
