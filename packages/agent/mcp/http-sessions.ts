/**
 * Streamable HTTP in front of a server of standard input and output. In: HTTP requests. Out: their answers. Every session is
 * a run of the server by itself: what one client's run has seen, no other's does.
 *
 * @see MCP 2025-11-25, "Streamable HTTP", "Session Management"
 */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { isJsonObject, type JsonObject, type JsonValue } from "@cordon/core/contract/strict-json";
import { openStdioSession, type StdioCommand, type StdioSession } from "./stdio-session.ts";

export interface HttpSessions extends AsyncDisposable {
  handle(request: IncomingMessage, response: ServerResponse): void;
  readonly size: () => number;
}

const maxSessions = 64;
const maxBodyBytes = 16 * 1024 * 1024;
/** Requests of one session that wait for their answers; messages of the server that wait for somebody to listen. */
const maxWaiting = 256;
const idleMs = 30 * 60_000;

interface Session {
  readonly id: string;
  readonly server: StdioSession;
  /** By the request's id, as JSON: `1` and `"1"` are two. */
  readonly waiting: Map<string, ServerResponse>;
  readonly unheard: JsonObject[];
  listening: ServerResponse | undefined;
  timer: NodeJS.Timeout | undefined;
}

export function openHttpSessions(command: StdioCommand, say: (words: string) => void): HttpSessions {
  const sessions = new Map<string, Session>();

  return {
    size: () => sessions.size,
    handle: (request, response) => {
      handle(request, response).catch((error: unknown) => {
        say(`a request failed: ${error instanceof Error ? error.message : String(error)}`);
        if (response.headersSent) response.destroy();
        else refuse(response, 500, "the wrapper failed");
      });
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...sessions.values()].map(({ server }) => server[Symbol.asyncDispose]()));
    },
  };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const named = request.headers["mcp-session-id"];
    const session = typeof named === "string" ? sessions.get(named) : undefined;
    if (named !== undefined && session === undefined) return refuse(response, 404, "there is no such session");
    if (session !== undefined) touch(session);
    if (request.method === "POST") {
      const message = await readMessage(request);
      if (message === undefined) return refuse(response, 400, "the body must be one JSON-RPC message", -32600);
      if (session !== undefined) return pass(session, message, response);
      if (message["method"] !== "initialize")
        return refuse(response, 400, "there is no session yet: begin with `initialize`", -32600, message["id"]);
      if (sessions.size >= maxSessions)
        return refuse(response, 503, "there are too many sessions", -32000, message["id"]);
      return pass(open(), message, response);
    }
    if (session === undefined) return refuse(response, 405, "send messages by POST");
    if (request.method === "GET") return listen(session, response);
    if (request.method !== "DELETE") return refuse(response, 405, "send messages by POST");
    await session.server[Symbol.asyncDispose]();
    response.writeHead(204).end();
  }

  function open(): Session {
    const id = randomUUID();
    const server = openStdioSession(command, {
      message: (message) => hear(session, message),
      ended(why) {
        clearTimeout(session.timer);
        sessions.delete(id);
        say(`session ${id} is over: ${why}`);
        session.listening?.end();
        for (const response of session.waiting.values()) refuse(response, 502, `the server is gone: ${why}`);
        session.waiting.clear();
      },
    });
    const session: Session = { id, server, waiting: new Map(), unheard: [], listening: undefined, timer: undefined };
    sessions.set(id, session);
    touch(session);
    return session;
  }

  function touch(session: Session): void {
    clearTimeout(session.timer);
    session.timer = setTimeout(() => void session.server[Symbol.asyncDispose](), idleMs);
    session.timer.unref();
  }

  /** A request waits for its answer; everything else is taken as it is. */
  function pass(session: Session, message: JsonObject, response: ServerResponse): void {
    const { id } = message;
    response.setHeader("mcp-session-id", session.id);
    if (typeof message["method"] !== "string" || id === undefined) {
      session.server.send(message);
      return void response.writeHead(202).end();
    }
    const key = JSON.stringify(id);
    if (session.waiting.has(key)) return refuse(response, 400, "a request with this id is under way", -32600, id);
    if (session.waiting.size >= maxWaiting) return refuse(response, 503, "too many requests are under way", -32000, id);
    session.waiting.set(key, response);
    response.once("close", () => session.waiting.get(key) === response && session.waiting.delete(key));
    session.server.send(message);
  }

  /** An answer goes to who asked; what the server says by itself to who listens, or to the newest request under way. */
  function hear(session: Session, message: JsonObject): void {
    touch(session);
    if (message["method"] === undefined) {
      const key = JSON.stringify(message["id"]);
      const response = session.waiting.get(key);
      session.waiting.delete(key);
      if (response === undefined) return;
      if (response.headersSent) write(response, message);
      else response.writeHead(200, { "content-type": "application/json" }).write(JSON.stringify(message));
      return void response.end();
    }
    const ear = session.listening ?? [...session.waiting.values()].at(-1);
    if (ear !== undefined) return write(ear, message);
    if (session.unheard.length < maxWaiting) session.unheard.push(message);
  }

  function listen(session: Session, response: ServerResponse): void {
    if (session.listening !== undefined) return refuse(response, 409, "somebody listens to this session already");
    session.listening = response;
    response.once("close", () => (session.listening = undefined));
    response.setHeader("mcp-session-id", session.id);
    response.writeHead(200, eventHeaders).flushHeaders();
    for (const message of session.unheard.splice(0)) write(response, message);
  }
}

const eventHeaders = { "content-type": "text/event-stream", "cache-control": "no-store" } as const;

function write(response: ServerResponse, message: JsonObject): void {
  if (!response.headersSent) response.writeHead(200, eventHeaders);
  response.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
}

function refuse(response: ServerResponse, status: number, message: string, code = -32000, id: JsonValue = null): void {
  if (response.headersSent) return void response.destroy();
  const body = JSON.stringify({ jsonrpc: "2.0", id, error: { code, message } });
  response.writeHead(status, { "content-type": "application/json" }).end(body);
}

async function readMessage(request: IncomingMessage): Promise<JsonObject | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) return undefined;
    chunks.push(chunk);
  }
  try {
    const value = JSON.parse(Buffer.concat(chunks).toString("utf8")) as JsonValue;
    return isJsonObject(value) && value["jsonrpc"] === "2.0" ? value : undefined;
  } catch {
    return undefined;
  }
}
