/**
 * The world outside, for tests of egress: a real TLS server on loopback under an authority of its own, an estate that may
 * reach it, and `cordon run`'s proxy of one of its components. What the server answers a test scripts.
 */
import "reflect-metadata";
import { KeyObject, webcrypto } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer as createPlainServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer } from "node:https";
import { connect, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls, type TLSSocket } from "node:tls";
import * as x509 from "@peculiar/x509";
import { openEgressProxy } from "@cordon/agent/run/egress-proxy";
import { openEndpoint, type Endpoint } from "@cordon/agent/run/endpoint";
import { openGatewayLink } from "@cordon/agent/run/gateway-link";
import { systemClocks, type Issued, type WorkloadIdentity } from "@cordon/agent/run/identity";
import { newRunSecret } from "@cordon/agent/run/secret";
import { toPem } from "@cordon/core/identity/tls";
import type { DecisionEntry, OutcomeEntry } from "@cordon/core/ledger/entry";
import { configurationText, openEstate, policies, until, type Estate, type EstateOptions } from "./estate.ts";

export interface OutsideRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

export interface Outside extends AsyncDisposable {
  readonly port: number;
  /** PEM of its authority, as a file. */
  readonly caFile: string;
  readonly ca: string;
  readonly requests: OutsideRequest[];
  readonly sockets: Socket[];
  answer: (request: OutsideRequest, response: ServerResponse) => void;
  /** Hears of a request before it is here whole, and may answer it at once. */
  begun?: (request: IncomingMessage, response: ServerResponse) => void;
}

export interface OutsideOptions {
  /** Names in its certificate. */
  readonly names?: readonly string[];
  /** Its certificate has ended. */
  readonly expired?: boolean;
  readonly plain?: boolean;
}

/** A certificate under a fresh authority. */
export async function certify({ names = ["api.partner.example", "a.wild.example"], expired = false }: OutsideOptions) {
  x509.cryptoProvider.set(webcrypto);
  const algorithm = { name: "ECDSA", namedCurve: "P-256" } as const;
  const pair = () => webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const [authority, keys] = [await pair(), await pair()];
  const times = (from: number, to: number) => ({
    notBefore: new Date(Date.now() + from),
    notAfter: new Date(Date.now() + to),
  });
  const signingAlgorithm = { name: "ECDSA", hash: "SHA-256" };
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    ...{ serialNumber: "01", name: "CN=Outside", keys: authority, signingAlgorithm, ...times(-60_000, 3_600_000) },
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  const leaf = await x509.X509CertificateGenerator.create({
    ...{ serialNumber: "02", subject: "CN=server", issuer: root.subject, publicKey: keys.publicKey },
    ...{ signingKey: authority.privateKey, signingAlgorithm },
    ...(expired ? times(-120_000, -60_000) : times(-60_000, 3_600_000)),
    extensions: [
      new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: "dns" as const, value }))),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    ],
  });
  const key = KeyObject.from(keys.privateKey).export({ type: "pkcs8", format: "pem" });
  return { key, cert: leaf.toString("pem"), ca: root.toString("pem") };
}

export async function openOutside(options: OutsideOptions = {}): Promise<Outside> {
  const { key, cert, ca } = await certify(options);
  const folder = await mkdtemp(join(tmpdir(), "cordon-outside-"));
  const caFile = join(folder, "ca.pem");
  await writeFile(caFile, ca);
  const sockets: Socket[] = [];
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("error", () => undefined);
    outside.begun?.(request, response);
    request.on("end", () => {
      const { method = "", url = "", headers, rawHeaders } = request;
      const seen = { method, url, headers, rawHeaders, body: Buffer.concat(chunks).toString() };
      outside.requests.push(seen);
      if (!response.writableEnded) outside.answer(seen, response);
    });
  };
  const server = options.plain === true ? createPlainServer(listener) : createServer({ key, cert }, listener);
  server.on("connection", (socket: Socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const outside: Outside = {
    port: (server.address() as AddressInfo).port,
    ...{ ca, caFile, sockets },
    requests: [],
    answer: (_request, response) =>
      void response.writeHead(200, { "content-type": "application/json" }).end('{"said":"from outside"}'),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
  return outside;
}

/** A component's identity as its agent would hold it. */
export async function identityOf(estate: Estate, name: string): Promise<WorkloadIdentity> {
  const held: Issued = {
    svid: await estate.svidFor("agent", name),
    bundle: estate.cordon.control.authority.bundle(),
  };
  return {
    current: () => held.svid,
    issued: () => held,
    usable: () => Promise.resolve(held),
    check: () => Promise.resolve(),
    onChange: () => () => undefined,
    onRotate: () => () => undefined,
    async [Symbol.asyncDispose]() {},
  };
}

export const egressPermits = `${policies}
@id("assistant-out") permit (principal == Workload::"default/agent/assistant", action == Action::"egress", resource == Component::"default/external/partner");
`;

export interface OutsideEstateOptions extends OutsideOptions {
  readonly who?: string;
  /** The destinations, in YAML flow items, given the server's port and its authority's file. */
  readonly destinations: (outside: Outside) => readonly string[];
  readonly policies?: string;
  readonly more?: string;
  readonly estate?: EstateOptions;
}

export interface OutsideEstate extends AsyncDisposable {
  readonly outside: Outside;
  readonly estate: Estate;
  readonly endpoint: Endpoint;
  readonly secret: string;
  /** What was refused, in the proxy's words. */
  readonly said: string[];
  /** Names that were looked up. */
  readonly asked: string[];
  readonly answers: Map<string, readonly string[]>;
  /** Address of the proxy, with its password. */
  readonly proxy: string;
  /** PEM of the interception authority, as a file. */
  readonly trustFile: string;
  readonly trust: string;
  /** A CONNECT by hand. */
  connect(target: string): Promise<{ readonly status: number; readonly text: string; readonly socket: Socket }>;
  /** TLS over a CONNECT, that trusts the interception authority alone. */
  tls(target: string, servername: string, alpn?: readonly string[]): Promise<TLSSocket>;
  /** Bytes over such TLS; resolves with all that came until the other side ended, or `enough` held. */
  say(target: string, bytes: string, enough?: (text: string) => boolean): Promise<string>;
  ledger(): Promise<{ readonly decisions: readonly DecisionEntry[]; readonly outcomes: readonly OutcomeEntry[] }>;
}

export async function openOutsideEstate(options: OutsideEstateOptions): Promise<OutsideEstate> {
  await using stack = new AsyncDisposableStack();
  const outside = stack.use(await openOutside(options));
  const asked: string[] = [];
  const answers = new Map([
    ["api.partner.example", ["127.0.0.1"]],
    ["a.wild.example", ["127.0.0.1"]],
  ]);
  const estate = stack.use(
    await openEstate({
      ...options.estate,
      policies: options.policies ?? egressPermits,
      resolveHost: async (host) => {
        asked.push(host);
        return answers.get(host) ?? [];
      },
      configuration: (ports) =>
        `${configurationText(ports, options.estate).replace(
          "  - { name: training-data,",
          "  - { name: partner, kind: external, boundary: api }\n  - { name: training-data,",
        )}egress:
  destinations:
${options
  .destinations(outside)
  .map((item) => `    - { ${item} }\n`)
  .join("")}${options.more ?? ""}`,
    }),
  );
  const said: string[] = [];
  const secret = newRunSecret();
  const way = {
    identity: await identityOf(estate, options.who ?? "assistant"),
    gateway: { url: estate.cordon.gatewayUrl, id: estate.cordon.gatewayId },
    clocks: systemClocks,
  };
  const egress = stack.use(openEgressProxy({ ...way, secret, say: (words) => said.push(words) }));
  const endpoint = stack.use(
    await openEndpoint({
      ...{ link: stack.use(openGatewayLink(way.identity, way.gateway)), secret, egress },
      checkpoints: { begin: async () => ({ seen: () => undefined }) } as never,
    }),
  );
  const port = "port" in endpoint.address ? endpoint.address.port : 0;
  const trust = (await estate.cordon.control.interception.certificates()).map(toPem).join("");
  const trustFile = join(estate.folder, "interception.pem");
  await writeFile(trustFile, trust);
  const sockets: Socket[] = [];
  stack.defer(() => sockets.forEach((socket) => socket.destroy()));
  const credentials = Buffer.from(`cordon:${secret}`).toString("base64");
  const connectTo: OutsideEstate["connect"] = async (target) => {
    const socket = connect({ host: "127.0.0.1", port });
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\nProxy-Authorization: Basic ${credentials}\r\n\r\n`);
    let text = "";
    const onData = (chunk: Buffer): void => void (text += chunk.toString("latin1"));
    socket.on("data", onData);
    await until(() => text.includes("\r\n\r\n") || socket.destroyed, `an answer to ${target}`);
    socket.off("data", onData);
    return { status: Number(text.split(" ")[1]), text, socket };
  };
  const tls: OutsideEstate["tls"] = async (target, servername, alpn = ["http/1.1"]) => {
    const { socket } = await connectTo(target);
    const secured = connectTls({ socket, servername, ca: trust, ALPNProtocols: [...alpn] });
    sockets.push(secured);
    await new Promise<void>((resolve, reject) => {
      secured.once("secureConnect", resolve).once("error", reject);
      secured.once("close", () => reject(new Error("closed")));
    });
    secured.on("error", () => undefined);
    return secured;
  };
  const owned = stack.move();
  return {
    ...{ outside, estate, endpoint, secret, said, asked, answers, trust, trustFile, tls, connect: connectTo },
    proxy: `http://cordon:${secret}@127.0.0.1:${port}`,
    async say(target, bytes, enough = () => false) {
      const secured = await tls(target, target.split(":")[0] ?? "");
      let text = "";
      let over = false;
      secured.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
      secured.once("close", () => (over = true)).once("end", () => (over = true));
      secured.write(bytes, "latin1");
      await until(() => over || enough(text), `an answer to ${bytes.slice(0, 60)}`);
      secured.destroy();
      return text;
    },
    async ledger() {
      const entries = await estate.entries();
      return {
        decisions: entries.filter((one): one is DecisionEntry => one.kind === "decision"),
        outcomes: entries.filter((one): one is OutcomeEntry => one.kind === "outcome"),
      };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
