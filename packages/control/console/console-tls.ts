/**
 * The console's certificate, from files. In: their paths. Out: what a TLS server needs, and a watch that puts a renewed
 * certificate in force without a restart. A renewed one that cannot be used leaves the last good one in force, loudly.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import type { Server } from "node:http";
import { Server as TlsServer } from "node:https";
import type { SecureContextOptions } from "node:tls";
import { CordonError } from "@cordon/core/errors";
import type { ConsoleEvent } from "./exchange.ts";

export interface TlsFiles {
  /** PEM, leaf first. */
  readonly certFile: string;
  /** PEM; not readable by everybody. */
  readonly keyFile: string;
}

export interface ConsoleTls extends AsyncDisposable {
  /** The newest certificate that can be used. */
  context(): SecureContextOptions;
  /** Gives this server each renewed certificate. */
  follow(server: Server): void;
}

const lookEveryMs = 60_000;

/** @throws {CordonError} `CONFIG_INVALID` naming the file and what is wrong with it */
export async function openConsoleTls(files: TlsFiles, log: (event: ConsoleEvent) => void): Promise<ConsoleTls> {
  let context = await readContext(files);
  let seen = await stampOf(files);
  const servers: TlsServer[] = [];
  const look = async (): Promise<void> => {
    const stamp = await stampOf(files);
    if (stamp === seen) return;
    seen = stamp;
    context = await readContext(files);
    for (const server of servers) server.setSecureContext(context);
    log({ level: "info", event: "console-certificate", words: "the console's renewed certificate is in force" });
  };
  const timer = setInterval(
    () =>
      void look().catch((error: Error) => log({ level: "error", event: "console-certificate", words: error.message })),
    lookEveryMs,
  );
  timer.unref();
  return {
    context: () => context,
    follow(server) {
      if (server instanceof TlsServer) servers.push(server);
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
    },
  };
}

async function readContext({ certFile, keyFile }: TlsFiles): Promise<SecureContextOptions> {
  const [cert, key] = [await readPem(certFile, "certFile"), await readPem(keyFile, "keyFile")];
  if (((await stat(keyFile)).mode & 0o007) !== 0)
    throw invalid("keyFile", keyFile, "everybody on this machine can open it; run `chmod 600` on it");
  let fits: boolean;
  try {
    fits = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch (cause) {
    throw invalid("certFile", certFile, `it and \`console.tls.keyFile\` are not a PEM certificate and its key`, cause);
  }
  if (!fits) throw invalid("keyFile", keyFile, "it is not the key of the certificate in `console.tls.certFile`");
  return { cert, key, minVersion: "TLSv1.3" };
}

async function readPem(path: string, field: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw invalid(field, path, `it cannot be read (${(cause as NodeJS.ErrnoException).code})`, cause);
  }
}

async function stampOf({ certFile, keyFile }: TlsFiles): Promise<string> {
  const stats = await Promise.all([stat(certFile), stat(keyFile)]);
  return stats.map(({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`).join();
}

function invalid(field: string, path: string, why: string, cause?: unknown): CordonError {
  return new CordonError("CONFIG_INVALID", `\`console.tls.${field}\` ${path}: ${why}`, { cause });
}
