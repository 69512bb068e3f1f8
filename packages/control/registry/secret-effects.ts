/**
 * The effects that `resolveSecret` needs, on this machine. In: nothing. Out: reading the environment, a file, or a
 * program's output, each bounded. A program runs without a shell and inherits the environment.
 */
import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { SecretEffects } from "@cordon/core/contract/secret-reference";

/** @param env where `env` references are looked up; the process's own environment in production */
export function secretEffects(env: Readonly<Record<string, string | undefined>>): SecretEffects {
  return { env, readFile, exec };
}

async function readFile(path: string, maxBytes: number): Promise<{ bytes: Uint8Array; mode: number }> {
  // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
  await using handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const status = await handle.stat();
  if (!status.isFile()) throw Object.assign(new Error("not a plain file"), { code: "ENOTFILE" });
  const buffer = new Uint8Array(maxBytes + 1);
  let length = 0;
  while (length < buffer.byteLength) {
    const { bytesRead } = await handle.read(buffer, length, buffer.byteLength - length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return { bytes: buffer.subarray(0, length), mode: status.mode };
}

function exec(
  command: readonly string[],
  limits: { readonly timeoutMs: number; readonly maxBytes: number },
): Promise<Uint8Array> {
  const [program = "", ...argumentsOfProgram] = command;
  const options = {
    encoding: "buffer",
    timeout: limits.timeoutMs,
    killSignal: "SIGKILL",
    maxBuffer: limits.maxBytes,
    shell: false,
    windowsHide: true,
  } as const;
  return new Promise((resolve, reject) => {
    const child = execFile(program, argumentsOfProgram, options, (error, stdout) => {
      if (!error) resolve(stdout);
      else reject(Object.assign(new Error("the program failed"), { code: error.killed ? "ETIMEDOUT" : error.code }));
    });
    child.stdin?.end();
  });
}
