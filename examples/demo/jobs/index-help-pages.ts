/**
 * The RAG indexer, a job: `cordon run --as rag-indexer -- node examples/demo/jobs/index-help-pages.ts`. In: the help pages,
 * from the document store. Out: a whole new index in the help index, each page with the model's embedding of it.
 */
import { z } from "zod";
import { callOrExit, reachFromEnvironment } from "../assistant/reach.ts";

const pageList = z.object({ pages: z.array(z.object({ id: z.string(), title: z.string(), text: z.string() })) });
const embeddings = z.looseObject({ data: z.array(z.looseObject({ embedding: z.array(z.number()) })) });

const reach = reachFromEnvironment(process.env);
const { pages } = pageList.parse(JSON.parse(await callOrExit(reach, "/help-pages")));
const embedded = await callOrExit(reach, "/v1/embeddings", {
  method: "POST",
  json: {
    model: "support-1-embed",
    // The title says what a page is about, so it counts three times.
    input: pages.map(({ title, text }) => `${title} ${title} ${title} ${text}`),
    encoding_format: "float",
  },
});
const vectors = embeddings.parse(JSON.parse(embedded)).data;
const entries = pages.map((page, at) => ({
  ...page,
  vector: vectors[at]?.embedding.map((value) => Number(value.toFixed(5))),
}));
await callOrExit(reach, "/help-index", { method: "PUT", json: { entries } });
console.log(`${entries.length} help pages indexed`);
