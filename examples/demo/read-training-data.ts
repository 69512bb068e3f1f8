/**
 * Reads a page of training data: allowed as the training pipeline, refused as anyone else. In: what `cordon run` put into
 * the environment. Out: the first rows, or why it was refused.
 *
 *     cordon run --as training-pipeline -- node examples/demo/read-training-data.ts
 *     cordon run --as assistant -- node examples/demo/read-training-data.ts
 */
import { explainRefusal } from "./refusal.ts";

const base = process.env["CORDON_URL"];
const token = process.env["CORDON_TOKEN"];
if (base === undefined || token === undefined) {
  console.error(
    "CORDON_URL and CORDON_TOKEN are not set. Start this with: cordon run --as training-pipeline -- node ...",
  );
  process.exit(2);
}

const response = await fetch(`${base}/training-data?page=1&size=5`, { headers: { authorization: `Bearer ${token}` } });
const text = await response.text();
if (!response.ok) {
  console.error(explainRefusal(response.status, text));
  process.exit(1);
}
const page = JSON.parse(text) as { readonly totalRows: number; readonly rows: readonly object[] };
console.log(`${page.totalRows} rows; the first ${page.rows.length}:`);
for (const row of page.rows) console.log(JSON.stringify(row));
