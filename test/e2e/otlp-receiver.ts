/** A small OTLP receiver. In: what an exporter posts. Out: the bodies, by path, as they came. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Posted {
  readonly path: string;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export async function openOtlpReceiver(): Promise<
  AsyncDisposable & { readonly url: string; readonly posted: Posted[] }
> {
  const posted: Posted[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const contentType = request.headers["content-type"] ?? "";
      posted.push({ path: request.url ?? "", contentType, headers: request.headers, body: Buffer.concat(chunks) });
      response.writeHead(200, { "content-type": contentType }).end(contentType === "application/json" ? "{}" : "");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    posted,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** OTLP's attributes as a plain object. */
export function attributesOf(
  list: readonly { key: string; value: Record<string, unknown> }[],
): Record<string, unknown> {
  return Object.fromEntries(list.map(({ key, value }) => [key, Object.values(value)[0]]));
}
