/**
 * A small real estate for end-to-end tests: Cordon as `cordon up` builds it, upstreams that record what reaches them,
 * and clients with identities. Everything is real but the upstreams' answers, which a test scripts.
 */
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent, request as undiciRequest, type Dispatcher } from "undici";
import { run as exportLedger } from "@cordon/cli/commands/ledger/export";
import { startCordon, type Cordon } from "@cordon/cli/up/wire";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import { componentId, parseTrustDomain, type SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { X509Svid } from "@cordon/core/identity/svid";
import { clientTlsOptions } from "@cordon/core/identity/tls";
import type { SpanDetector } from "@cordon/core/inspection/finding";
import type { LedgerEntry } from "@cordon/core/ledger/entry";

/** A request as an upstream saw it. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

export interface TestUpstream extends AsyncDisposable {
  readonly port: number;
  readonly seen: Seen[];
  /** Scripts the answer to every request from now on. */
  answer: (request: Seen, response: ServerResponse, raw: IncomingMessage) => void;
  /** Hears each piece of a request's body as it arrives, before the whole is there. */
  hear: (piece: Buffer) => void;
}

export async function openUpstream(): Promise<TestUpstream> {
  const seen: Seen[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      upstream.hear(chunk);
    });
    request.on("end", () => {
      const one: Seen = {
        method: request.method ?? "",
        url: request.url ?? "",
        headers: request.headers,
        body: Buffer.concat(chunks),
      };
      seen.push(one);
      upstream.answer(one, response, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const upstream: TestUpstream = {
    port: (server.address() as AddressInfo).port,
    seen,
    answer: (_request, response) => response.writeHead(200, { "content-type": "application/json" }).end("{}"),
    hear: () => undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return upstream;
}

/**
 * A clock that stands half a minute before a full minute, and goes on as the real one does; `skipAhead` sets it a quarter
 * of a second before. `closes` is that minute, and `window` a window, in YAML, that closes then and opens a minute later.
 */
export function closingClock(): {
  readonly now: () => number;
  readonly closes: number;
  readonly window: string;
  readonly skipAhead: () => void;
} {
  const closes = Math.floor(Date.now() / 60_000) * 60_000;
  let behind = Date.now() - (closes - 30_000);
  const minute = (time: number): string => `${new Date(time).getUTCMinutes()} * * * *`;
  return {
    closes,
    now: () => Date.now() - behind,
    window: `windows: [{ name: shift, timeZone: UTC, opens: "${minute(closes + 60_000)}", closes: "${minute(closes)}" }]\n`,
    skipAhead: () => void (behind = Date.now() - (closes - 250)),
  };
}

export const trustDomain = parseTrustDomain("test.example");

export function idOf(kind: Parameters<typeof componentId>[2], name: string): SpiffeId {
  return componentId(trustDomain, "default" as Namespace, kind, name);
}

export const policies = `
@id("assistant-infers") permit (principal == Workload::"default/agent/assistant", action in [Action::"infer", Action::"embed"], resource == Component::"default/endpoint/chat");
@id("assistant-falls-back") permit (principal == Workload::"default/agent/assistant", action == Action::"infer", resource == Component::"default/endpoint/spare");
@id("assistant-keeps-objects") permit (principal == Workload::"default/agent/assistant", action in [Action::"read", Action::"write"], resource == Component::"default/endpoint/chat");
@id("rival-infers") permit (principal == Workload::"default/agent/rival", action in [Action::"infer", Action::"read", Action::"write"], resource == Component::"default/endpoint/chat");
@id("pipeline-trains") permit (principal == Workload::"default/pipeline/trainer", action in [Action::"read", Action::"write"], resource == Component::"default/dataset/training-data");
@id("bearer-infers") permit (principal == Workload::"default/agent/notebook", action == Action::"infer", resource == Component::"default/endpoint/chat");
`;

export interface EstatePorts {
  readonly chat: number;
  readonly spare: number;
  readonly data: number;
}

export interface EstateOptions {
  /** The whole configuration, instead of {@link configurationText}; its policies are in `policies.cedar`. */
  readonly configuration?: (ports: EstatePorts) => string;
  readonly policies?: string;
  /** Further fields of the configuration, in YAML. */
  readonly more?: string;
  /** The same, by the ports of the upstreams. */
  readonly moreAt?: (ports: EstatePorts) => string;
  readonly stalenessSeconds?: number;
  readonly bearer?: boolean;
  /** Default: on a port that the system chooses. */
  readonly console?: string;
  readonly drainSeconds?: number;
  readonly idleMs?: number;
  readonly firstByteMs?: number;
  readonly maxBodyBytes?: number;
  /** Where egress destinations are, by name. */
  readonly resolveHost?: (host: string) => Promise<readonly string[]>;
  /** Cordon's wall clock, instead of the machine's. */
  readonly now?: () => number;
  /** Instead of the detectors that are built in. */
  readonly spanDetectors?: readonly SpanDetector[];
}

export interface Estate extends AsyncDisposable {
  readonly folder: string;
  readonly configuration: string;
  readonly cordon: Cordon;
  /** What was logged: `level event: words`. */
  readonly log: readonly string[];
  readonly chat: TestUpstream;
  readonly spare: TestUpstream;
  readonly data: TestUpstream;
  /** Issues an SVID for a component, as `cordon run` would get one. */
  svidFor(kind: Parameters<typeof componentId>[2], name: string): Promise<X509Svid>;
  /** Calls the gateway with an SVID, or with none. */
  call(svid: X509Svid | undefined, path: string, options?: CallOptions): Promise<Answer>;
  /** A dispatcher that dials the gateway with an SVID. */
  agent(svid: X509Svid | undefined): Agent;
  /** Stops Cordon and reads the ledger from its files. */
  entries(): Promise<LedgerEntry[]>;
}

export interface CallOptions {
  readonly method?: Dispatcher.HttpMethod;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

/** A parsed answer, read freely: a test that reads what is not there fails on it. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Json = any;

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
  readonly text: string;
  json(): Json;
}

export function configurationText(ports: EstatePorts, options: EstateOptions = {}): string {
  const timeouts = `{ connectMs: 2000, firstByteMs: ${options.firstByteMs ?? 5000}, idleMs: ${options.idleMs ?? 5000} }`;
  const limit = options.maxBodyBytes === undefined ? "" : `, maxBodyBytes: ${options.maxBodyBytes}`;
  return `
version: 1
trustDomain: test.example
state: ./state
staleness: { limitSeconds: ${options.stalenessSeconds ?? 60} }
gateway: { listen: "127.0.0.1:0", drainSeconds: ${options.drainSeconds ?? 1} }
console: ${options.console ?? '{ listen: "127.0.0.1:0" }'}
ledger: { checkpoints: { files: [./checkpoints] } }
components:
  - { name: gateway, kind: service, boundary: api }
  - { name: assistant, kind: agent, boundary: api }
  - { name: rival, kind: agent, boundary: api }
  - { name: notebook, kind: agent, boundary: api, bearerTokens: ${options.bearer === true} }
  - { name: trainer, kind: pipeline, boundary: pipeline }
  - { name: chat, kind: endpoint, boundary: model }
  - { name: spare, kind: endpoint, boundary: model }
  - { name: training-data, kind: dataset, boundary: data, labels: { sensitivity: restricted } }
upstreams:
  - { name: chat, url: "http://127.0.0.1:${ports.chat}/base", authentication: loopback, credential: { header: authorization, prefix: "Bearer ", secret: { env: TEST_UPSTREAM_KEY } }, timeouts: ${timeouts} }
  - { name: spare, url: "http://127.0.0.1:${ports.spare}", authentication: loopback, timeouts: ${timeouts} }
  - { name: data, url: "http://127.0.0.1:${ports.data}", authentication: loopback, timeouts: ${timeouts} }
routes:
  - { name: chat, kind: openai, path: /v1, models: { m: { component: chat, upstream: chat }, renamed: { component: chat, upstream: chat, upstreamModel: "real/name" }, brittle: { component: chat, upstream: chat, fallback: s }, s: { component: spare, upstream: spare, upstreamModel: spare-1 } }${limit} }
  - { name: claude, kind: anthropic, path: /anthropic, models: { c: { component: chat, upstream: chat } } }
  - { name: data, kind: http, path: /training-data, resource: training-data, upstream: data, actions: { GET: read, HEAD: read, PUT: write }${limit} }
policies:
  - { file: policies.cedar }
${options.more ?? ""}${options.moreAt?.(ports) ?? ""}`;
}

export const upstreamKey = "upstream-key-of-the-test";

export async function openEstate(options: EstateOptions = {}): Promise<Estate> {
  const folder = await mkdtemp(join(tmpdir(), "cordon-e2e-"));
  await using opening = new AsyncDisposableStack();
  opening.defer(() => rm(folder, { recursive: true, force: true }));
  const [chat, spare, data] = [
    opening.use(await openUpstream()),
    opening.use(await openUpstream()),
    opening.use(await openUpstream()),
  ];
  const ports = { chat: chat.port, spare: spare.port, data: data.port };
  await mkdir(folder, { recursive: true });
  const configuration = join(folder, "cordon.yaml");
  await writeFile(configuration, options.configuration?.(ports) ?? configurationText(ports, options));
  await writeFile(join(folder, "policies.cedar"), options.policies ?? policies);
  const log: string[] = [];
  const cordon = opening.use(
    await startCordon({
      path: configuration,
      env: { TEST_UPSTREAM_KEY: upstreamKey },
      version: "test",
      ...(options.resolveHost === undefined ? {} : { resolveHost: options.resolveHost }),
      ...(options.now === undefined ? {} : { now: options.now }),
      ...(options.spanDetectors === undefined ? {} : { spanDetectors: options.spanDetectors }),
      log: (event) => {
        log.push(`${event.level} ${event.event}: ${event.words}`);
        if (event.event === "interaction-failed") console.error(event.words);
      },
    }),
  );
  const agents: Agent[] = [];
  const owned = opening.move();
  let disposed: Promise<void> | undefined;

  const agent = (svid: X509Svid | undefined): Agent => {
    const tls = svid === undefined ? { rejectUnauthorized: false } : clientTlsOptions(svid);
    const made = new Agent({ connect: tls as never });
    agents.push(made);
    return made;
  };
  const stop = (): Promise<void> => {
    disposed ??= (async () => await cordon[Symbol.asyncDispose]())();
    return disposed;
  };
  return {
    folder,
    configuration,
    cordon,
    log,
    chat,
    spare,
    data,
    agent,
    async svidFor(kind, name) {
      const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const id = idOf(kind, name);
      const issued = await cordon.control.authority.issueX509Svid({
        id,
        key: { publicKey: createPublicKey(privateKey) },
      });
      return { id, chain: issued.chain, key: privateKey, notBefore: issued.notBefore, notAfter: issued.notAfter };
    },
    async call(svid, path, { method = "GET", headers = {}, body } = {}) {
      const dispatcher = agent(svid);
      try {
        const response = await undiciRequest(cordon.gatewayUrl + path, {
          dispatcher,
          method,
          headers,
          ...(body === undefined ? {} : { body }),
        });
        const bytes = Buffer.from(await response.body.arrayBuffer());
        return {
          status: response.statusCode,
          headers: response.headers,
          body: bytes,
          text: bytes.toString(),
          json: () => JSON.parse(bytes.toString()),
        };
      } finally {
        void dispatcher.destroy();
      }
    },
    async entries() {
      await stop();
      let text = "";
      const code = await exportLedger([cordon.ledgerFolder, "--format", "jsonl"], {
        stdout: (more) => void (text += more),
        stderr: () => undefined,
      });
      if (code !== 0) throw new Error(`cordon ledger export ended with ${code}`);
      return text
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { entry: LedgerEntry }).entry);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(agents.map((made) => made.destroy()));
      await stop();
      await owned.disposeAsync();
    },
  };
}

/** A chat call's options. */
export function chatCall(body: Record<string, unknown> | string): CallOptions {
  return {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  };
}

/** Waits until something holds, for at most ten seconds. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 4000; tries++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`it never came to pass: ${what}`);
}
