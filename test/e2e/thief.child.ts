/**
 * A thief in a process of its own, with a stolen key and certificate. In: the folder with `svid.pem` and `key.pem`, and
 * the gateway's port. Out, a JSON line each: what it gets. It opens a stream; when that ends it tries to come back, by a
 * new handshake and by the TLS session that it had.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";

const [folder = "", port = ""] = process.argv.slice(2);
const stolen: ConnectionOptions = {
  host: "127.0.0.1",
  port: Number(port),
  cert: readFileSync(join(folder, "svid.pem")),
  key: readFileSync(join(folder, "key.pem")),
  rejectUnauthorized: false,
  minVersion: "TLSv1.3",
};

const say = (event: string, more: object = {}): void => console.log(JSON.stringify({ event, ...more }));
const call = (stream: boolean): string => {
  const body = JSON.stringify({ model: "m", stream });
  const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
  return head + body;
};

/** Dials, sends a call, and resolves with every byte that came back and whether a session was resumed. */
function attempt(options: ConnectionOptions): Promise<{ got: string; resumed: boolean }> {
  return new Promise((resolve) => {
    const socket = connect(options);
    let got = "";
    let resumed = false;
    socket.on("secureConnect", () => {
      resumed = socket.isSessionReused();
      socket.write(call(false));
    });
    socket.on("data", (chunk: Buffer) => (got += chunk.toString()));
    socket.on("error", () => undefined);
    socket.on("close", () => resolve({ got, resumed }));
    setTimeout(() => socket.destroy(), 3000).unref();
  });
}

const socket: TLSSocket = connect(stolen);
const sessions: Buffer[] = [];
socket.on("session", (session: Buffer) => sessions.push(session));
socket.on("secureConnect", () => socket.write(call(true)));
let begun = false;
socket.on("data", (chunk: Buffer) => {
  if (begun || !chunk.toString().includes("tick")) return;
  begun = true;
  say("streaming");
});
socket.on("error", () => undefined);
socket.on("close", () => {
  void (async () => {
    say("cut", { at: Date.now(), begun });
    const last = socket.getSession();
    for (const session of [undefined, ...sessions, ...(last === undefined ? [] : [last])])
      say("again", {
        ...(await attempt({ ...stolen, ...(session && { session }) })),
        with: session ? "session" : "key",
      });
    say("gone");
  })();
});
