/** The protocol's own reference servers and its conformance suite, in fixed versions, as programs for tests. */
import { spawn } from "node:child_process";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { installedOnce } from "./packages-of-others.ts";

const versions = {
  "server-everything": "2026.8.31",
  "server-filesystem": "2026.8.31",
  conformance: "0.2.0-alpha.12",
} as const;

/** A package's program, installed from the package cache into a temporary folder; or skips the test. */
export async function installed(t: TestContext, name: keyof typeof versions): Promise<string | undefined> {
  try {
    const folder = await installedOnce(`mcp-${name}`, [`@modelcontextprotocol/${name}@${versions[name]}`]);
    return join(folder, "node_modules/@modelcontextprotocol", name, "dist/index.js");
  } catch (error) {
    t.skip(
      `@modelcontextprotocol/${name} is neither in the package cache nor to be had: ${(error as Error).message.slice(0, 120)}`,
    );
    return undefined;
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** `server-everything` by Streamable HTTP. @returns its port; it serves `/mcp` */
export async function startEverything(t: TestContext, main: string): Promise<number> {
  const port = await freePort();
  const server = spawn(process.execPath, [main, "streamableHttp"], {
    env: { PATH: process.env["PATH"] ?? "", PORT: String(port) },
    stdio: ["ignore", "ignore", "pipe"],
  });
  t.after(() => server.kill("SIGKILL"));
  await new Promise<void>((resolve, reject) => {
    server.stderr.on("data", (chunk: Buffer) => /listening/i.test(chunk.toString()) && resolve());
    server.once("exit", (code) => reject(new Error(`it ended with code ${String(code)}`)));
  });
  return port;
}
