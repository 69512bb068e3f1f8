/**
 * Programs that know nothing of Cordon, as mutual TLS peers on its certificates, both ways: nginx and HAProxy in front of
 * the gateway with a component's SVID, and behind it as an upstream that asks for the gateway's. Their own verification
 * is on, by OpenSSL, against the bundle's root.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { connect, createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { controlClient } from "@cordon/agent/run/control-client";
import type { X509Svid } from "@cordon/core/identity/svid";
import { toPem } from "@cordon/core/identity/tls";
import { chatCall, idOf, openEstate, type Estate } from "../e2e/estate.ts";

/** Ports that were free a moment ago: a program's own must be in its configuration before it starts. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer();
          server.listen(0, "127.0.0.1", () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

interface Ports {
  /** Where the program takes mutual TLS, as the gateway's upstream. */
  readonly upstream: number;
  /** Where it takes plain HTTP and hands it to the gateway by mutual TLS. */
  readonly front: number;
}

interface Files {
  readonly root: string;
  /** Certificate chain and key, together and apart, of the upstream and of the component that calls. */
  readonly upstream: { readonly cert: string; readonly key: string; readonly both: string };
  readonly caller: { readonly cert: string; readonly key: string; readonly both: string };
}

interface Program {
  readonly name: string;
  readonly configuration: (folder: string, ports: Ports, files: Files, gatewayPort: number) => string;
  readonly args: (folder: string, file: string) => readonly string[];
}

const nginx: Program = {
  name: "nginx",
  args: (folder, file) => ["-p", folder, "-c", file, "-e", join(folder, "error.log")],
  configuration: (folder, ports, files, gatewayPort) => `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 64; }
http {
  access_log off;
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => `${kind}_temp_path ${folder}/${kind};`).join("\n  ")}
  server {
    listen 127.0.0.1:${ports.upstream} ssl;
    ssl_protocols TLSv1.3;
    ssl_certificate ${files.upstream.cert};
    ssl_certificate_key ${files.upstream.key};
    ssl_client_certificate ${files.root};
    ssl_verify_client on;
    ssl_verify_depth 3;
    location / { default_type application/json; return 200 '{"verified":"$ssl_client_verify"}'; }
  }
  server {
    listen 127.0.0.1:${ports.front};
    location / {
      proxy_pass https://127.0.0.1:${gatewayPort};
      proxy_http_version 1.1;
      proxy_ssl_protocols TLSv1.3;
      proxy_ssl_certificate ${files.caller.cert};
      proxy_ssl_certificate_key ${files.caller.key};
      proxy_ssl_trusted_certificate ${files.root};
      proxy_ssl_verify on;
      proxy_ssl_verify_depth 3;
      proxy_ssl_name localhost;
      proxy_ssl_server_name on;
    }
  }
}
`,
};

const haproxy: Program = {
  name: "haproxy",
  args: (_folder, file) => ["-f", file, "-db"],
  configuration: (_folder, ports, files, gatewayPort) => `
global
  log stderr format raw local0 err
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend upstream
  bind 127.0.0.1:${ports.upstream} ssl crt ${files.upstream.both} ca-file ${files.root} verify required ssl-min-ver TLSv1.3
  http-request return status 200 content-type application/json lf-string '{"verified":"%[ssl_c_verify]"}'
frontend front
  bind 127.0.0.1:${ports.front}
  default_backend gateway
backend gateway
  server gateway 127.0.0.1:${gatewayPort} ssl crt ${files.caller.both} ca-file ${files.root} verify required verifyhost localhost sni str(localhost) ssl-min-ver TLSv1.3
`,
};

function configuration(ports: Ports, chatPort: number): string {
  return `
version: 1
trustDomain: test.example
gateway: { listen: "127.0.0.1:0", drainSeconds: 1, dnsNames: [localhost] }
console: { enabled: false }
components:
  - { name: gateway, kind: service, boundary: api }
  - { name: assistant, kind: agent, boundary: api }
  - { name: chat, kind: endpoint, boundary: model }
upstreams:
  - { name: peer, url: "https://127.0.0.1:${ports.upstream}", authentication: { spiffe: chat } }
  - { name: plain, url: "http://127.0.0.1:${chatPort}", authentication: loopback }
routes:
  - { name: peer, kind: openai, path: /v1, models: { m: { component: chat, upstream: peer } } }
  - { name: plain, kind: openai, path: /plain, models: { m: { component: chat, upstream: plain } } }
policies:
  - { file: policies.cedar }
`;
}

const policies = `@id("assistant-infers") permit (principal == Workload::"default/agent/assistant", action == Action::"infer", resource == Component::"default/endpoint/chat");`;

async function filesOf(folder: string, name: string, svid: X509Svid) {
  const cert = svid.chain.map(toPem).join("");
  const key = svid.key.export({ type: "pkcs8", format: "pem" }).toString();
  const place = {
    cert: join(folder, `${name}.pem`),
    key: join(folder, `${name}.key`),
    both: join(folder, `${name}.both`),
  };
  await writeFile(place.cert, cert);
  await writeFile(place.key, key, { mode: 0o600 });
  await writeFile(place.both, cert + key, { mode: 0o600 });
  return place;
}

/** Plain HTTP to the program, which speaks for the component. */
function post(port: number): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const body = '{"model":"m"}';
    const headers = { "content-type": "application/json", "content-length": body.length, host: "localhost" };
    const outgoing = request({
      host: "127.0.0.1",
      port,
      path: "/plain/chat/completions",
      method: "POST",
      headers,
      agent: false,
    });
    outgoing.on("error", reject);
    outgoing.on("response", (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    outgoing.end(body);
  });
}

async function listens(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const up = await new Promise<boolean>((resolve) => {
      const socket = connect({ host: "127.0.0.1", port }, () => resolve(true));
      socket.on("error", () => resolve(false));
      socket.on("connect", () => socket.destroy());
    });
    if (up) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`nothing listens on ${port}`);
}

for (const program of [nginx, haproxy]) {
  const there = spawnSync(program.name, ["-v"]).error === undefined;
  describe(
    `${program.name} on Cordon's certificates`,
    { skip: there ? false : `${program.name} is not installed` },
    () => {
      let estate: Estate;
      let ports: Ports;
      const closing = new AsyncDisposableStack();
      before(async () => {
        const [upstream = 0, front = 0] = await freePorts(2);
        ports = { upstream, front };
        estate = closing.use(await openEstate({ configuration: ({ chat }) => configuration(ports, chat), policies }));
        const folder = join(estate.folder, program.name);
        await mkdir(folder);
        const root = join(folder, "root.pem");
        await writeFile(root, estate.cordon.control.authority.bundle().x509Authorities.map(toPem).join(""));
        const files: Files = {
          root,
          upstream: await filesOf(folder, "upstream", await estate.svidFor("endpoint", "chat")),
          caller: await filesOf(folder, "caller", await estate.svidFor("agent", "assistant")),
        };
        const file = join(folder, "program.conf");
        await writeFile(file, program.configuration(folder, ports, files, estate.cordon.gateway.port));
        const child = spawn(program.name, program.args(folder, file), { stdio: ["ignore", "ignore", "inherit"] });
        closing.defer(async () => {
          const left = new Promise((resolve) => child.once("exit", resolve));
          child.kill();
          await left;
        });
        await listens(ports.front);
      });
      after(() => closing.disposeAsync());

      it("is an upstream: each verifies the other before a byte passes", async () => {
        const answer = await estate.call(
          await estate.svidFor("agent", "assistant"),
          "/v1/chat/completions",
          chatCall({ model: "m" }),
        );
        assert.equal(answer.status, 200, answer.text);
        assert.match(answer.text, /"verified":"(?:SUCCESS|0)"/, "by its own word, it verified the gateway");
      });

      it("is a caller: what comes through it is the component whose SVID it holds", async () => {
        const answer = await post(ports.front);
        assert.equal(answer.status, 200, answer.text);
        assert.equal(estate.chat.seen.length, 1);
      });

      it("is cut off once the component is revoked", async () => {
        const client = controlClient(estate.cordon.socketPath);
        await client.revoke({ type: "workload", component: idOf("agent", "assistant"), reason: "test" });
        const answer = await post(ports.front);
        assert.ok(answer.status >= 500, `${answer.status}`);
        assert.equal(estate.chat.seen.length, 1, "nothing more reached the upstream");
      });
    },
  );
}
