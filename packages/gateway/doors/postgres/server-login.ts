/**
 * Logs in at a PostgreSQL server. In: where it is, how it proves itself, a role and its password. Out: a session that is
 * ready for queries, with what the server said of it. The server proves itself twice: by its certificate (or by being on
 * this machine), and by knowing the password's verifier. One that lets us in without asking is refused, for it lets in
 * everybody else too.
 */
import { randomBytes, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { CordonError, isCordonError } from "@cordon/core/errors";
import { peerChain } from "@cordon/core/identity/peer-chain";
import type { IdentitySource, VerifiedSvid } from "@cordon/core/identity/svid";
import { authenticatePeer, clientTlsOptions } from "@cordon/core/identity/tls";
import type { Instant } from "@cordon/core/instant";
import type { PostgresDoor } from "@cordon/core/policy/data-doors";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import { encodeMessage, encodeStartup, int32, readError, sslRequest, type Message } from "./messages.ts";
import { readMessages, type MessageSource } from "./message-source.ts";
import { checkServerFinal, endPointBinding, proveScram, startScram, type ScramProof } from "./scram.ts";

export interface LoginDeps {
  readonly identity: IdentitySource;
  readonly snapshot: () => Snapshot;
  readonly now: () => Instant;
  /** The server's own words, which may name roles: for the operator. */
  readonly tell: (words: string) => void;
}

export interface Login {
  readonly database: string;
  readonly role: string;
  readonly password: string | undefined;
  readonly session: ReadonlyMap<string, string>;
}

export interface ServerSession {
  readonly socket: Socket;
  readonly source: MessageSource;
  /** ParameterStatus messages, as the server sent them. */
  readonly parameters: readonly Buffer[];
  readonly cancel: { readonly processId: number; readonly key: Buffer } | undefined;
  /** Set where the server proved itself by SVID. */
  readonly svid?: VerifiedSvid;
  readonly chain?: readonly Uint8Array[];
}

const maxLoginMessages = 500;

/** @throws {CordonError} `UPSTREAM_UNREACHABLE`, `UPSTREAM_UNTRUSTED`, `UPSTREAM_TIMEOUT` */
export async function logIn(door: PostgresDoor, login: Login, deps: LoginDeps): Promise<ServerSession> {
  return withinTime(door, async (opened) => {
    const { socket, proven } = await dialServer(door, deps, opened);
    const source = readMessages(socket);
    socket.write(encodeStartup([["user", login.role], ["database", login.database], ...login.session]));
    const { parameters, cancel } = await authenticate(socket, source, login, deps, door);
    return { socket, source, parameters, cancel, ...proven };
  });
}

/** A connection on which the server has proved itself, and nothing else has been said. */
export async function dialServer(
  door: PostgresDoor,
  deps: LoginDeps,
  opened: (socket: Socket) => void,
): Promise<{ readonly socket: Socket; readonly proven: { svid?: VerifiedSvid; chain?: readonly Uint8Array[] } }> {
  const { host, port, authentication } = door;
  const plain = connectTcp({ host: host === "localhost" ? "127.0.0.1" : host, port, noDelay: true });
  opened(plain);
  await once(plain, "connect");
  if (authentication.kind === "loopback") return { socket: plain, proven: {} };
  plain.write(sslRequest);
  const answer = await oneByte(plain);
  if (answer !== "S") throw new CordonError("UPSTREAM_UNTRUSTED", "it does not speak TLS; switch `ssl` on there");
  const byWeb = authentication.kind === "webpki";
  const ca = byWeb && authentication.caFile !== undefined ? { ca: readFileSync(authentication.caFile) } : {};
  const socket = connectTls({
    socket: plain,
    ...(byWeb
      ? { ...ca, minVersion: "TLSv1.2" as const, rejectUnauthorized: true, host }
      : clientTlsOptions(deps.identity.current())),
    ...(isIP(host) === 0 ? { servername: host } : {}),
  });
  opened(socket);
  await once(socket, "secureConnect");
  if (byWeb) return { socket, proven: {} };
  const svid = authenticatePeer(socket, deps.snapshot(), deps.now(), { expected: authentication.peer });
  return { socket, proven: { svid, chain: peerChain(socket) } };
}

/** Does something with a connection within `connectMs`; whatever was opened is closed where it fails. */
export async function withinTime<T>(
  door: PostgresDoor,
  act: (opened: (socket: Socket) => void) => Promise<T>,
): Promise<T> {
  const opened: Socket[] = [];
  const late = new CordonError("UPSTREAM_TIMEOUT", `the database server took longer than ${door.connectMs} ms`);
  let stop = (): void => undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    const timer = setTimeout(() => reject(late), door.connectMs);
    stop = () => clearTimeout(timer);
  });
  try {
    return await Promise.race([act((socket) => void opened.push(socket.on("error", () => undefined))), timeout]);
  } catch (error) {
    // The TLS connection closes what it runs on. The other way round Node 24.21 reads freed memory.
    opened.at(-1)?.destroy();
    if (isCordonError(error) && error.code.startsWith("UPSTREAM_")) throw error;
    const why = isCordonError(error)
      ? error.message
      : ((error as NodeJS.ErrnoException).code ?? (error as Error).message);
    const untrusted = isCordonError(error) || /^(?:CERT_|ERR_TLS_|UNABLE_TO_|DEPTH_|SELF_SIGNED)/.test(why);
    const code = untrusted ? "UPSTREAM_UNTRUSTED" : "UPSTREAM_UNREACHABLE";
    throw new CordonError(code, `the database server of ${door.name} cannot be used: ${why}`, { cause: error });
  } finally {
    stop();
  }
}

async function authenticate(
  socket: Socket,
  source: MessageSource,
  login: Login,
  deps: LoginDeps,
  door: PostgresDoor,
): Promise<Pick<ServerSession, "parameters" | "cancel">> {
  const parameters: Buffer[] = [];
  let cancel: ServerSession["cancel"];
  let authenticated = false;
  // A server that asks for the gateway's certificate knows by it who logs in.
  let asked = door.authentication.kind === "spiffe" && login.password === undefined;
  for (let count = 0; count < maxLoginMessages; count++) {
    const message = await source.next();
    const { type, body } = message;
    if (type === "E") throw refusedBy(body, deps);
    else if (type === "R" && !authenticated) {
      const kind = body.length >= 4 ? body.readUInt32BE(0) : -1;
      if (kind === 0) {
        if (!asked)
          throw new CordonError(
            "UPSTREAM_UNTRUSTED",
            "it let us in without asking for the password, so it lets in whoever reaches it; set scram-sha-256 in its pg_hba.conf",
          );
        authenticated = true;
      } else {
        await answerChallenge(socket, source, login, kind, body);
        asked = true;
      }
    } else if (type === "S") parameters.push(encodeMessage(type, body));
    else if (type === "K" && body.length >= 8)
      cancel = { processId: body.readUInt32BE(0), key: Buffer.from(body.subarray(4)) };
    else if (type === "Z" && authenticated) return { parameters, cancel };
    else if (type !== "N") throw strange(message);
  }
  throw new CordonError("UPSTREAM_UNTRUSTED", `it sent ${maxLoginMessages} messages and was not ready`);
}

/** Cleartext goes over TLS alone; MD5 nowhere. */
async function answerChallenge(
  socket: Socket,
  source: MessageSource,
  { password }: Login,
  kind: number,
  body: Buffer,
): Promise<void> {
  if (password === undefined)
    throw new CordonError("UPSTREAM_UNTRUSTED", "it asks for a password, and none is configured");
  const tls = "encrypted" in socket;
  if (kind === 3 && tls) {
    socket.write(encodeMessage("p", Buffer.from(`${password}\0`)));
    return;
  }
  if (kind !== 10)
    throw new CordonError(
      "UPSTREAM_UNTRUSTED",
      `it asks for a password by a way that would give it away (${kind}); set scram-sha-256 in its pg_hba.conf`,
    );
  const offered = body.toString("latin1", 4).split("\0").filter(Boolean);
  const binding = tls ? bindingOf(socket as TLSSocket) : undefined;
  const start = startScram(offered, { tls, binding, nonce: randomBytes(18).toString("base64") });
  const first = Buffer.from(start.first);
  socket.write(encodeMessage("p", Buffer.concat([Buffer.from(`${start.mechanism}\0`), int32(first.length), first])));
  const proof: ScramProof = await proveScram(start, password, await saslMessage(source, 11));
  socket.write(encodeMessage("p", Buffer.from(proof.final)));
  checkServerFinal(await saslMessage(source, 12), proof);
}

function bindingOf(socket: TLSSocket): Buffer | undefined {
  const der = peerChain(socket)[0] ?? socket.getPeerCertificate().raw;
  if (der === undefined) return undefined;
  return endPointBinding(Buffer.from(der), new X509Certificate(der).signatureAlgorithm);
}

async function saslMessage(source: MessageSource, kind: number): Promise<string> {
  const message = await source.next();
  if (message.type === "E") {
    const { state } = readError(message.body);
    throw new CordonError("UPSTREAM_UNREACHABLE", `the database server refused the door's credential (${state})`);
  }
  if (message.type !== "R" || message.body.length < 4 || message.body.readUInt32BE(0) !== kind) throw strange(message);
  return message.body.toString("latin1", 4);
}

/** Its words may name roles and databases that are not the caller's to know: the state is enough for it. */
function refusedBy(body: Buffer, deps: LoginDeps): CordonError {
  const { state, words } = readError(body);
  deps.tell(`the database server refuses a session: ${words} (${state})`);
  return new CordonError("UPSTREAM_UNREACHABLE", `the database server refuses the session (${state})`);
}

function strange({ type }: Message): CordonError {
  return new CordonError("UPSTREAM_UNTRUSTED", `it sent a message \`${type}\` out of turn`);
}

/** Exactly one byte: more would have been put there by someone who wants it taken for what TLS protects (CVE-2021-23222). */
function oneByte(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      socket.off("data", onData).off("error", onEnd).off("close", onEnd).off("end", onEnd);
    };
    const onEnd = (error?: Error | boolean): void => {
      stop();
      reject(error instanceof Error ? error : new CordonError("UPSTREAM_UNREACHABLE", "it closed the connection"));
    };
    const onData = (chunk: Buffer): void => {
      stop();
      socket.pause();
      if (chunk.length === 1) resolve(chunk.toString("latin1"));
      else reject(new CordonError("UPSTREAM_UNTRUSTED", "it sent more than one byte before TLS began"));
    };
    socket.on("data", onData).once("error", onEnd).once("close", onEnd).once("end", onEnd);
  });
}

function once(socket: Socket, event: "connect" | "secureConnect"): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error?: Error | boolean): void =>
      reject(error instanceof Error ? error : new CordonError("UPSTREAM_UNREACHABLE", "it closed the connection"));
    socket.once("error", failed).once("close", failed);
    socket.once(event, () => {
      socket.off("error", failed).off("close", failed);
      resolve();
    });
  });
}
