/**
 * Clients of live streams, in a process of their own. In: the gateway's port, identities, how many streams each. Out: by
 * message, that a stream is open, and when one ended, on the clock that all processes share.
 */
import { connect } from "node:tls";
import { createPrivateKey } from "node:crypto";
import { clientTlsOptions } from "@cordon/core/identity/tls";
import { parseSpiffeId } from "@cordon/core/identity/spiffe-id";
import { nowMs } from "./clock.ts";

export interface OpenStreams {
  readonly port: number;
  readonly component: string;
  readonly streams: number;
  readonly svid: {
    readonly id: string;
    readonly chain: readonly string[];
    readonly notBefore: number;
    readonly notAfter: number;
  };
  /** PKCS#8, PEM. */
  readonly key: string;
}

const body = '{"model":"m","stream":true,"messages":[{"role":"user","content":"Summarise the day."}]}';
const request =
  `POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\n` +
  `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

let closedAt: [string, number][] = [];

process.on("message", (message: OpenStreams | { readonly ask: "closed" }) => {
  if ("ask" in message) {
    process.send?.({ closed: closedAt });
    closedAt = [];
    return;
  }
  void open(message).then(
    () => process.send?.({ opened: message.streams }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});

async function open({ port, component, streams, svid, key }: OpenStreams): Promise<void> {
  const identity = {
    id: parseSpiffeId(svid.id),
    chain: svid.chain.map((each) => new Uint8Array(Buffer.from(each, "base64"))),
    key: createPrivateKey(key),
    notBefore: svid.notBefore,
    notAfter: svid.notAfter,
  };
  const tls = clientTlsOptions(identity);
  await Promise.all(
    Array.from(
      { length: streams },
      () =>
        new Promise<void>((resolve, reject) => {
          const socket = connect({ ...tls, host: "127.0.0.1", port } as never);
          let begun = false;
          socket.once("secureConnect", () => socket.write(request));
          socket.on("data", (chunk: Buffer) => {
            if (begun) return;
            if (!chunk.toString("latin1").startsWith("HTTP/1.1 200"))
              return reject(new Error(chunk.toString().slice(0, 300)));
            begun = true;
            resolve();
          });
          socket.on("error", (error) => (begun ? undefined : reject(error)));
          socket.on("close", () => {
            if (begun) closedAt.push([component, nowMs()]);
            else reject(new Error("closed before it began"));
          });
        }),
    ),
  );
}
