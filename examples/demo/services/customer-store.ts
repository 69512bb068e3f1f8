/**
 * The demo's customer data store: synthetic customers, one at a time for whoever serves one (`/customers/ID`), or by page
 * as training data, as JSON or CSV (`/training-data`), and named objects that a pipeline may put there. Knows nothing of
 * Cordon but its own identity and the gateway's; answers nobody else.
 */
import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { csvOf, customerAt } from "./customers.ts";
import { readBody, sendJson } from "./http.ts";
import { runService } from "./serve.ts";

const seed = "cordon-demo-1";
const rowCount = 5_000;
const longestPage = 500;
const maxObjects = 100;

const objects = new Map<string, { readonly bytes: Buffer; readonly type: string }>();

await runService("customer store", handle);

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "https://store.invalid");
  const [, root, ...rest] = url.pathname.split("/");
  if (root === "customers" && request.method === "GET") return sendAccount(response, rest.join("/"));
  if (root !== "training-data")
    return sendJson(response, 404, { error: "There are only /customers and /training-data here." });
  const name = rest.join("/");
  switch (request.method) {
    case "GET":
    case "HEAD":
      return name === "" ? sendPage(request, response, url.searchParams) : sendObject(response, name);
    case "PUT":
      return putObject(request, response, name);
    default:
      response.setHeader("allow", "GET, HEAD, PUT");
      return sendJson(response, 405, { error: "GET, HEAD or PUT." });
  }
}

/** What whoever serves a customer may see: no identity number, no address, no income. */
function sendAccount(response: ServerResponse, id: string): void {
  const row = /^C\d{6}$/.test(id) ? Number(id.slice(1)) - 1 : -1;
  if (row < 0 || row >= rowCount) return sendJson(response, 404, { error: `There is no customer \`${id}\`.` });
  const { name, balance, segment } = customerAt(seed, row);
  sendJson(response, 200, { synthetic: true, customer: id, name, segment, balance, currency: "SGD" });
}

function sendPage(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): void {
  const page = wholeNumber(query.get("page") ?? "1", 1, Math.ceil(rowCount));
  const size = wholeNumber(query.get("size") ?? "50", 1, longestPage);
  if (page === undefined || size === undefined)
    return sendJson(response, 400, {
      error: `page and size are whole numbers from 1; size is at most ${longestPage}.`,
    });
  const first = (page - 1) * size;
  const length = Math.max(Math.min(size, rowCount - first), 0);
  const rows = Array.from({ length }, (_, at) => customerAt(seed, first + at));
  if (query.get("format") === "csv" || request.headers.accept?.startsWith("text/csv") === true) {
    response.writeHead(200, { "content-type": "text/csv; charset=utf-8; header=present", "x-total-rows": rowCount });
    return void response.end(csvOf(rows));
  }
  sendJson(response, 200, {
    synthetic: true,
    totalRows: rowCount,
    page,
    pages: Math.ceil(rowCount / size),
    rows,
  });
}

function sendObject(response: ServerResponse, name: string): void {
  const object = objects.get(name);
  if (object === undefined) return sendJson(response, 404, { error: `There is no object \`${name}\`.` });
  response.writeHead(200, { "content-type": object.type, "content-length": object.bytes.byteLength });
  response.end(object.bytes);
}

async function putObject(request: IncomingMessage, response: ServerResponse, name: string): Promise<void> {
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(name))
    return sendJson(response, 400, { error: "An object's name is 1 to 64 of a-z, 0-9, dot, hyphen, underscore." });
  const bytes = await readBody(request, 1024 * 1024);
  if (bytes === undefined) return sendJson(response, 413, { error: "The body is longer than 1 MiB." });
  if (!objects.has(name) && objects.size >= maxObjects) return sendJson(response, 507, { error: "The store is full." });
  const created = !objects.has(name);
  objects.set(name, { bytes, type: request.headers["content-type"] ?? "application/octet-stream" });
  sendJson(response, created ? 201 : 200, {
    name,
    bytes: bytes.byteLength,
    sha256: createHash("sha256").update(bytes).digest("hex"),
  });
}

function wholeNumber(text: string, least: number, most: number): number | undefined {
  if (!/^\d{1,9}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= least && value <= most ? value : undefined;
}
