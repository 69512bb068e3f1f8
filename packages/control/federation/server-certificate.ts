/**
 * A server's certificate from files. In: their paths. Out: what a TLS server needs, and word of each renewed one. A
 * renewed one that cannot be used leaves the last good one in force, and is reported.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import type { SecureContextOptions } from "node:tls";
import { CordonError } from "@cordon/core/errors";

export interface TlsFiles {
  /** PEM, leaf first. */
  readonly certFile: string;
  /** PEM; not readable by everybody. */
  readonly keyFile: string;
}

export interface ServerCertificate extends AsyncDisposable {
  context(): SecureContextOptions;
  /** Calls back with each renewed certificate. */
  follow(use: (context: SecureContextOptions) => void): void;
}

const lookEveryMs = 60_000;

/** @throws {CordonError} `CONFIG_INVALID` naming the file */
export async function openServerCertificate(
  files: TlsFiles,
  onProblem: (error: unknown) => void,
): Promise<ServerCertificate> {
  let context = await readContext(files);
  let seen = await stampOf(files);
  const users: ((context: SecureContextOptions) => void)[] = [];
  const look = async (): Promise<void> => {
    const stamp = await stampOf(files);
    if (stamp === seen) return;
    seen = stamp;
    context = await readContext(files);
    for (const use of users) use(context);
  };
  const timer = setInterval(() => void look().catch(onProblem), lookEveryMs);
  timer.unref();
  return {
    context: () => context,
    follow: (use) => void users.push(use),
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
    },
  };
}

async function readContext({ certFile, keyFile }: TlsFiles): Promise<SecureContextOptions> {
  const [cert, key] = [await readPem(certFile), await readPem(keyFile)];
  if (((await stat(keyFile)).mode & 0o007) !== 0)
    throw invalid(keyFile, "everybody on this machine can open it; run `chmod 600` on it");
  let fits: boolean;
  try {
    fits = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch (cause) {
    throw invalid(certFile, "it and its key are not a PEM certificate and a PEM key", cause);
  }
  if (!fits) throw invalid(keyFile, `it is not the key of the certificate in ${certFile}`);
  return { cert, key, minVersion: "TLSv1.2" };
}

async function readPem(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw invalid(path, `it cannot be read (${(cause as NodeJS.ErrnoException).code})`, cause);
  }
}

async function stampOf({ certFile, keyFile }: TlsFiles): Promise<string> {
  const stats = await Promise.all([stat(certFile), stat(keyFile)]);
  return stats.map(({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`).join();
}

function invalid(path: string, why: string, cause?: unknown): CordonError {
  return new CordonError("CONFIG_INVALID", `\`federation.endpoint.tls\` ${path}: ${why}`, { cause });
}
