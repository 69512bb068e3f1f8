/**
 * One run of an MCP server that speaks over its standard input and output. In: a command line, and messages. Out: the
 * server's messages, one a line, and word of its end. Whoever holds the pipes is the only one whom it hears.
 *
 * @see MCP 2025-11-25, "stdio"
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { isJsonObject, type JsonObject, type JsonValue } from "@cordon/core/contract/strict-json";

export interface StdioCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>;
}

export interface StdioListener {
  readonly message: (message: JsonObject) => void;
  /** Once, when the server has ended, by itself or because it was told to. */
  readonly ended: (why: string) => void;
}

export interface StdioSession extends AsyncDisposable {
  send(message: JsonObject): void;
}

/** Longest message of the server, in bytes. */
const maxLineBytes = 16 * 1024 * 1024;
const stopWithinMs = 3_000;

export function openStdioSession({ command, args, env }: StdioCommand, listener: StdioListener): StdioSession {
  const child = spawn(command, [...args], { env: { ...env }, stdio: ["pipe", "pipe", "inherit"] });
  let told = false;
  const end = (why: string): void => {
    if (told) return;
    told = true;
    listener.ended(why);
  };
  child.on("error", (error) => end(`it could not be started: ${error.message}`));
  child.on("exit", (code, signal) => end(`it ended with ${signal ?? `code ${String(code)}`}`));
  child.stdin.on("error", () => undefined); // its end is heard of by itself
  let pieces: Buffer[] = [];
  let bytes = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    let from = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      pieces.push(chunk.subarray(from, at));
      hear(Buffer.concat(pieces).toString("utf8"));
      [pieces, bytes, from] = [[], 0, at + 1];
    }
    if (from < chunk.length) pieces.push(chunk.subarray(from));
    bytes += chunk.length - from;
    if (bytes <= maxLineBytes) return;
    end(`it wrote a line of more than ${maxLineBytes} bytes`);
    child.kill("SIGKILL");
  });

  function hear(line: string): void {
    const message = parsed(line);
    if (message !== undefined && !told) listener.message(message);
  }

  return {
    send: (message) => void (told || child.stdin.write(`${JSON.stringify(message)}\n`)),
    async [Symbol.asyncDispose]() {
      end("it was told to stop");
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.stdin.end();
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), stopWithinMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** What is no message is no business of the client's: some servers write notes there. */
function parsed(line: string): JsonObject | undefined {
  try {
    const value = JSON.parse(line) as JsonValue;
    return isJsonObject(value) && value["jsonrpc"] === "2.0" ? value : undefined;
  } catch {
    return undefined;
  }
}
