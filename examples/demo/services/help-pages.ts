/**
 * The demo's document store: the bank's help pages, which editors write and the indexer reads. In: GET of the list or of a
 * page, PUT and DELETE of a page. Out: JSON. Starts with the pages of `faq.ts`.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { passages } from "./faq.ts";
import { readJson, sendJson } from "./http.ts";
import { runService } from "./serve.ts";

const maxPages = 500;
const pageBody = z.object({ title: z.string().min(1).max(200), text: z.string().min(1).max(20_000) });
type Page = z.infer<typeof pageBody>;

const pages = new Map<string, Page>(passages.map((passage) => [slugOf(passage.title), passage]));

await runService("help pages", handle);

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, root, id = "", ...more] = new URL(request.url ?? "/", "https://help.invalid").pathname.split("/");
  if (root !== "help-pages" || more.length > 0)
    return sendJson(response, 404, { error: "There is only /help-pages here." });
  switch (request.method) {
    case "GET":
      return id === "" ? sendJson(response, 200, { pages: listOf(pages) }) : sendPage(response, id);
    case "PUT":
      return putPage(request, response, id);
    case "DELETE":
      return sendJson(response, pages.delete(id) ? 200 : 404, { id });
    default:
      return sendJson(response, 405, { error: "GET, PUT or DELETE." });
  }
}

function listOf(all: ReadonlyMap<string, Page>): readonly object[] {
  return [...all].map(([id, page]) => ({ id, ...page }));
}

function sendPage(response: ServerResponse, id: string): void {
  const page = pages.get(id);
  if (page === undefined) return sendJson(response, 404, { error: `There is no page \`${id}\`.` });
  sendJson(response, 200, { id, ...page });
}

async function putPage(request: IncomingMessage, response: ServerResponse, id: string): Promise<void> {
  if (!/^[a-z0-9][a-z0-9-]{0,79}$/.test(id))
    return sendJson(response, 400, { error: "A page's id is 1 to 80 of a-z, 0-9 and hyphen." });
  const page = await readJson(request, pageBody);
  if ("problem" in page) return sendJson(response, 400, { error: page.problem });
  if (!pages.has(id) && pages.size >= maxPages) return sendJson(response, 507, { error: "The store is full." });
  const created = !pages.has(id);
  pages.set(id, page.value);
  sendJson(response, created ? 201 : 200, { id });
}

function slugOf(title: string): string {
  return title.toLowerCase().replace(/[^a-z0-9]+/g, "-");
}
