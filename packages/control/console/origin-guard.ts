/**
 * Whether a request was meant for the console, and by the console's own pages. In: its headers. Out: the host it is for,
 * or the refusal. Other sites' pages can make a browser send requests here; they cannot choose these headers.
 */
import type { IncomingMessage } from "node:http";

export type Guarded = { readonly host: string } | { readonly status: number; readonly words: string };

/**
 * @param origins the console's own, as in the address bar
 */
export function guardOrigin(request: IncomingMessage, origins: readonly string[], isApi: boolean): Guarded {
  const hosts = request.headersDistinct["host"] ?? [];
  const own = origins.find((origin) => hosts.length === 1 && new URL(origin).host === hosts[0]);
  // A name that is not ours but leads here is DNS rebinding: the page of that name would read our answers as its own.
  if (own === undefined)
    return { status: 421, words: `This is the console of ${origins[0]}; open it under that name.` };
  const { origin } = request.headers;
  if (origin !== undefined && origin !== own)
    return { status: 403, words: "Requests come from the console's own pages only." };
  const site = request.headers["sec-fetch-site"];
  if (isApi && site !== undefined && site !== "same-origin")
    return { status: 403, words: "Requests come from the console's own pages only." };
  return { host: new URL(own).host };
}
