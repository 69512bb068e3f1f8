/**
 * Proxies that people run today, as unprotected baselines: none decides, inspects or records. In: credentials, the
 * upstream's port, a folder. Out: each as a program to start, or why it is left out. They are found on `PATH`, or where
 * an environment variable says: `CORDON_BENCH_NGINX`, `CORDON_BENCH_CADDY` (programs), `CORDON_BENCH_PORTKEY` (a folder in
 * which `npm install @portkey-ai/gateway` was run).
 */
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { delimiter, join } from "node:path";
import type { Credential } from "./estate.ts";
import type { ForeignProgram } from "./foreign-process.ts";

export type ForeignName = "nginx" | "caddy" | "portkey";

export interface ForeignInput {
  /** An empty folder for its files. */
  readonly folder: string;
  readonly authorities: string;
  readonly server: Credential;
  readonly upstreamPort: number;
}

export type Foreign =
  | {
      readonly program: ForeignProgram;
      readonly port: number;
      /** Whether clients prove themselves by mutual TLS; else it is plain HTTP. */
      readonly mutualTls: boolean;
      /** Header lines that it wants of each call. */
      readonly headers: readonly string[];
    }
  | { readonly missing: string };

export async function prepareForeign(name: ForeignName, input: ForeignInput): Promise<Foreign> {
  await mkdir(input.folder, { recursive: true });
  switch (name) {
    case "nginx":
      return await nginx(input);
    case "caddy":
      return await caddy(input);
    case "portkey":
      return await portkey(input);
  }
}

async function nginx({ folder, authorities, server, upstreamPort }: ForeignInput): Promise<Foreign> {
  const command = findProgram("nginx", "CORDON_BENCH_NGINX");
  if (command === undefined) return missing("nginx is not on PATH (Debian: package nginx), nor in CORDON_BENCH_NGINX");
  const port = await freePort();
  const at = await credentialFiles(folder, authorities, server);
  const configuration = join(folder, "nginx.conf");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${join(folder, kind)};`)
    .join(" ");
  await writeFile(
    configuration,
    `daemon off; master_process off; worker_processes 1; pid ${join(folder, "pid")}; error_log stderr error;
events { worker_connections 8192; }
http {
  access_log off; ${temporary}
  keepalive_requests 1000000000; keepalive_timeout 300s;
  upstream models { server 127.0.0.1:${upstreamPort}; keepalive 256; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${at.cert}; ssl_certificate_key ${at.key}; ssl_protocols TLSv1.3;
    ssl_client_certificate ${at.authorities}; ssl_verify_client on; ssl_verify_depth 3;
    location / { proxy_pass http://models; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }
  }
}
`,
  );
  const args = ["-p", folder, "-e", "stderr", "-c", configuration];
  return { program: { command, args }, port, mutualTls: true, headers: [] };
}

async function caddy({ folder, authorities, server, upstreamPort }: ForeignInput): Promise<Foreign> {
  const command = findProgram("caddy", "CORDON_BENCH_CADDY");
  if (command === undefined) return missing("caddy is not on PATH (Debian: package caddy), nor in CORDON_BENCH_CADDY");
  const port = await freePort();
  const at = await credentialFiles(folder, authorities, server);
  const configuration = join(folder, "Caddyfile");
  await writeFile(
    configuration,
    `{
  admin off
  auto_https off
  log {
    level ERROR
  }
  default_sni localhost
}
https://localhost:${port} {
  bind 127.0.0.1
  tls ${at.cert} ${at.key} {
    protocols tls1.3
    client_auth {
      mode require_and_verify
      trusted_ca_cert_file ${at.authorities}
    }
  }
  reverse_proxy 127.0.0.1:${upstreamPort} {
    flush_interval -1
  }
}
`,
  );
  const env = { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const args = ["run", "--config", configuration, "--adapter", "caddyfile"];
  return { program: { command, args, env }, port, mutualTls: true, headers: [] };
}

async function portkey({ upstreamPort }: ForeignInput): Promise<Foreign> {
  const folder = process.env["CORDON_BENCH_PORTKEY"];
  const file = folder && join(folder, "node_modules/@portkey-ai/gateway/build/start-server.js");
  if (file === undefined || file === "" || !existsSync(file))
    return missing(
      "Portkey's gateway is not in CORDON_BENCH_PORTKEY (`npm install @portkey-ai/gateway` in a folder of its own)",
    );
  const port = await freePort();
  const args = [file, `--port=${port}`, "--headless"];
  const headers = [
    "x-portkey-provider: openai",
    `x-portkey-custom-host: http://127.0.0.1:${upstreamPort}/v1`,
    "Authorization: Bearer bench",
  ];
  const env = { TRUSTED_CUSTOM_HOSTS: "127.0.0.1,localhost" };
  return { program: { command: process.execPath, args, env }, port, mutualTls: false, headers };
}

function missing(why: string): Foreign {
  return { missing: why };
}

function findProgram(name: string, variable: string): string | undefined {
  const told = process.env[variable];
  if (told !== undefined) return existsSync(told) ? told : undefined;
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
}

async function credentialFiles(
  folder: string,
  authorities: string,
  { cert, key }: Credential,
): Promise<{ readonly cert: string; readonly key: string; readonly authorities: string }> {
  const at = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem"), authorities: join(folder, "ca.pem") };
  await writeFile(at.cert, cert);
  await writeFile(at.key, key, { mode: 0o600 });
  await writeFile(at.authorities, authorities);
  return at;
}

/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
