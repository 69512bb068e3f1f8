/**
 * A real S3-compatible store, and the official client, for tests. In: nothing. Out: the store's address and key, and the
 * client's classes. Both are installed once into a folder of this machine, in exact versions; where there is no registry, the
 * tests skip with words.
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Json } from "./estate.ts";
import { installedOnce } from "./packages-of-others.ts";
import { freePort } from "./postgres-server.ts";

const versions = { "@aws-sdk/client-s3": "3.1169.0", "@aws-sdk/s3-request-presigner": "3.1169.0", s3rver: "3.7.1" };
const store = await install();

export const noS3 = store.problem ?? false;
const folder = store.folder ?? "";

async function install(): Promise<{ readonly folder?: string; readonly problem?: string }> {
  try {
    const wanted = Object.entries(versions).map(([name, version]) => `${name}@${version}`);
    return { folder: await installedOnce("s3", wanted) };
  } catch (error) {
    return {
      problem: `the S3 client and store cannot be installed (${(error as Error).message.split("\n")[0] ?? ""})`,
    };
  }
}

/** A client's module, read freely: its types are not installed where this is checked. */
export type Foreign = Json;

export async function s3Client(): Promise<Foreign> {
  const load = (name: string, file: string): Promise<Foreign> =>
    import(pathToFileURL(join(folder, "node_modules", name, file)).href);
  const [client, presigner] = await Promise.all([
    load("@aws-sdk/client-s3", "dist-cjs/index.js"),
    load("@aws-sdk/s3-request-presigner", "dist-cjs/index.js"),
  ]);
  return { ...client, ...presigner };
}

export interface S3Store extends AsyncDisposable {
  readonly port: number;
  readonly key: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** With its buckets; it judges signatures by the key that it has for everybody. */
export async function startS3(buckets: readonly string[]): Promise<S3Store> {
  const data = await mkdtemp(join(tmpdir(), "cordon-s3-data-"));
  const port = await freePort();
  const made = buckets.flatMap((bucket) => ["--configure-bucket", bucket]);
  const program = join(folder, "node_modules", "s3rver", "bin", "s3rver.js");
  const listen = ["-a", "127.0.0.1", "-p", String(port), "-d", data, "--no-vhost-buckets"];
  const server = spawn(process.execPath, ["--no-deprecation", program, ...listen, ...made], { stdio: "pipe" });
  let log = "";
  for (const stream of [server.stdout, server.stderr])
    stream.on("data", (chunk: Buffer) => (log = (log + chunk.toString()).slice(-4000)));
  const over = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  for (let tries = 0; ; tries++) {
    if (
      await fetch(`http://127.0.0.1:${port}/`).then(
        () => true,
        () => false,
      )
    )
      break;
    if (tries > 100 || server.exitCode !== null) throw new Error(`the store did not start: ${log}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    port,
    key: { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" },
    async [Symbol.asyncDispose]() {
      server.kill("SIGKILL"); // asked politely, it waits for uploads that were broken off
      await over;
      await rm(data, { recursive: true, force: true });
    },
  };
}
