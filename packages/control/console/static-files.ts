/**
 * The console's pages, from a folder. In: a path. Out: the file's bytes and type, `index.html` for the pages that the
 * program in the browser makes itself, or words on how to build the folder where it is missing.
 */
import { readFile, realpath } from "node:fs/promises";
import { extname, join, sep } from "node:path";

export interface StaticAnswer {
  readonly status: number;
  readonly type: string;
  readonly cache: string;
  readonly body: Buffer;
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".webp": "image/webp",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
};

/** Vite puts the content's hash into the names of what lies in `assets/`: such a file never changes. */
const immutable = "public, max-age=31536000, immutable";

const missingPage =
  "The console's pages are not built.\n\n" +
  "In a checkout:     npm run build:console   (then reload this page)\n" +
  "In a package:      they are in dist/console; install cordon again\n\n" +
  "Cordon itself runs: `cordon status` says what is in force.\n";

/**
 * @param path the request's path, without query, as it was sent
 */
export async function readStatic(folder: string, path: string): Promise<StaticAnswer> {
  const clean = isPlain(path);
  const file = clean && extname(path) !== "" ? path.slice(1) : "index.html";
  const body = clean ? await readInside(folder, file) : undefined;
  if (body !== undefined) {
    const cache = file.startsWith("assets/") ? immutable : "no-cache";
    return { status: 200, type: types[extname(file)] ?? "application/octet-stream", cache, body };
  }
  const isBuilt = (await readInside(folder, "index.html")) !== undefined;
  return {
    status: isBuilt ? 404 : 503,
    type: "text/plain; charset=utf-8",
    cache: "no-store",
    body: Buffer.from(isBuilt ? "There is no such file.\n" : missingPage),
  };
}

/** Names that we chose ourselves: no percent-encoding, nothing hidden, no way up. */
function isPlain(path: string): boolean {
  if (path === "/") return true;
  return (
    path.length <= 512 &&
    path
      .slice(1)
      .split("/")
      .every((segment) => /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(segment))
  );
}

/** The bytes of a file in the folder; `undefined` where there is none, or a link leads out of the folder. */
async function readInside(folder: string, file: string): Promise<Buffer | undefined> {
  try {
    const [home, real] = await Promise.all([realpath(folder), realpath(join(folder, file))]);
    return real.startsWith(home + sep) ? await readFile(real) : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR") return undefined;
    throw error;
  }
}
