/** What the console's tests share: a real console on a port of its own, a browser that signs, and a clock that can be set. */
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { signatureHeader, signedText, type PairRequest } from "@cordon/core/contract/console-api";
import { CordonError } from "@cordon/core/errors";
import type { LedgerEntry } from "@cordon/core/ledger/entry";
import { openStateStore } from "../../store/open-state-store.ts";
import type { StateStore } from "../../store/state-store.ts";
import { openConsole, type ConsoleOptions, type ConsoleServer } from "../console-server.ts";
import { openLiveEntries, type LiveEntries } from "../live-entries.ts";
import type { ConsoleRooms, Verdict } from "../operations.ts";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
}

export interface CallOptions {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** The `Host` header; default the console's own. */
  readonly host?: string;
}

/** What to get wrong in a signature. */
export interface Forgery {
  readonly keyId?: string;
  readonly key?: KeyObject;
  readonly method?: string;
  readonly host?: string;
  readonly target?: string;
  readonly body?: string;
  readonly timestampMs?: number;
  readonly nonce?: string;
}

export interface Browser {
  readonly keyId: string;
  readonly privateKey: KeyObject;
  signature(method: string, target: string, body?: string, forgery?: Forgery): string;
  call(target: string, options?: CallOptions): Promise<Answer>;
}

export interface Rig {
  readonly console: ConsoleServer;
  readonly store: StateStore;
  readonly live: LiveEntries;
  readonly recorded: LedgerEntry[];
  readonly logged: string[];
  readonly pages: string;
  readonly host: string;
  /** Added to the wall clock. */
  skewMs: number;
  /** When set, the ledger takes nothing. */
  isLedgerFull: boolean;
  verify: ConsoleRooms["verify"];
  call(target: string, options?: CallOptions): Promise<Answer>;
  pair(code?: string, label?: string): Promise<Browser>;
  /** Closes the console and opens it again on the same state. */
  restart(): Promise<void>;
}

export const verdict: Omit<Verdict, "type"> = { ok: true, size: 3, root: "root", findings: [], checkpoint: "note" };

export async function openRig(t: TestContext, options: Partial<ConsoleOptions> = {}): Promise<Rig> {
  const folder = await mkdtemp(join(tmpdir(), "cordon-console-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const pages = join(folder, "pages");
  await mkdir(join(pages, "assets"), { recursive: true });
  await writeFile(join(pages, "index.html"), "<!doctype html><title>Cordon</title>");
  await writeFile(join(pages, "assets", "main-abc123.js"), "export {};");
  const store = await openStateStore(`sqlite:${join(folder, "cordon.db")}`);
  const state = { skewMs: 0, isLedgerFull: false, verify: (async () => verdict) as ConsoleRooms["verify"] };
  const [recorded, logged, live] = [[] as LedgerEntry[], [] as string[], openLiveEntries()];
  const openServer = (): Promise<ConsoleServer> =>
    openConsole({
      listen: { host: "127.0.0.1", port: 0 },
      staticFolder: pages,
      rooms: {
        live,
        overview: () => overview,
        estate: () => ({ components: [], routes: [] }),
        segmentation: () => ({
          boundaries: [],
          exceptions: [],
          windows: [],
          observing: [],
          egress: { totals: [], more: 0 },
        }),
        receipt: async (index) => {
          if (index > 2) throw new CordonError("PROOF_INVALID", `there is no entry ${index}`);
          return `receipt of ${index}\n`;
        },
        verify: (progress, signal) => state.verify(progress, signal),
      },
      store,
      record: async (entry) => {
        if (state.isLedgerFull) throw new CordonError("LEDGER_UNAVAILABLE", "the disk is full");
        recorded.push(entry);
      },
      log: ({ event, words }) => logged.push(`${event}: ${words}`),
      now: () => Date.now() + state.skewMs,
      monotonicMs: () => performance.now() + state.skewMs,
      ...options,
    });
  let server = await openServer();
  t.after(async () => {
    await server[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  });
  const rig: Rig = Object.assign(state, {
    ...{ store, live, recorded, logged, pages },
    get console() {
      return server;
    },
    get host() {
      return `localhost:${server.port}`;
    },
    call: (target: string, call: CallOptions = {}) => exchange(server.port, rig.host, target, call),
    pair: (code = server.pairing.newCode().code, label = "a test") => pair(rig, code, label),
    restart: async () => {
      await server[Symbol.asyncDispose]();
      server = await openServer();
    },
  });
  Object.defineProperties(rig, {
    console: { get: () => server },
    host: { get: () => `localhost:${server.port}` },
  });
  return rig;
}

const overview: ReturnType<ConsoleRooms["overview"]> = {
  version: "test",
  trustDomain: "bank.example",
  revision: 1,
  mode: "enforce",
  gateway: { url: "https://127.0.0.1:8443", id: "spiffe://bank.example/ns/default/service/gateway", live: 0 },
  keysSealedBy: "file",
  policies: 1,
  ledger: { size: 3, state: "open", checkpointSize: 3 },
  problems: [],
};

export function makeKey(): { readonly privateKey: KeyObject; readonly publicKey: PairRequest["publicKey"] } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  return { privateKey, publicKey: { kty: "EC", crv: "P-256", x, y } };
}

export function pairCall(body: unknown): CallOptions {
  return { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } };
}

async function pair(rig: Rig, code: string, label: string): Promise<Browser> {
  const { privateKey, publicKey } = makeKey();
  const answer = await rig.call("/v1/pair", pairCall({ code, publicKey, label }));
  if (answer.status !== 200) throw new Error(`pairing was refused: ${answer.status} ${answer.text}`);
  const { keyId } = JSON.parse(answer.text) as { keyId: string };
  return browserOf(rig, keyId, privateKey);
}

export function browserOf(rig: Rig, keyId: string, privateKey: KeyObject): Browser {
  const signature = (method: string, target: string, body = "", forgery: Forgery = {}): string => {
    const timestampMs = forgery.timestampMs ?? Date.now() + rig.skewMs;
    const nonce = forgery.nonce ?? randomBytes(16).toString("base64url");
    const text = signedText({
      method: forgery.method ?? method,
      host: forgery.host ?? rig.host,
      target: forgery.target ?? target,
      timestampMs,
      nonce,
      bodySha256: createHash("sha256")
        .update(forgery.body ?? body)
        .digest("hex"),
    });
    const key = { key: forgery.key ?? privateKey, dsaEncoding: "ieee-p1363" as const };
    const bytes = sign("sha256", Buffer.from(text), key).toString("base64url");
    return `${forgery.keyId ?? keyId} ${timestampMs} ${nonce} ${bytes}`;
  };
  return {
    keyId,
    privateKey,
    signature,
    call: (target, { method = "GET", body, headers = {}, ...more } = {}) =>
      rig.call(target, {
        ...more,
        method,
        ...(body === undefined ? {} : { body }),
        headers: { [signatureHeader]: signature(method, target, body), ...headers },
      }),
  };
}

/** Sends one request; the answer's whole body is read. */
async function exchange(port: number, host: string, target: string, call: CallOptions): Promise<Answer> {
  const response = await open(port, call.host ?? host, target, call);
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() };
}

/** Sends one request; the body is left to be read. */
export function open(port: number, host: string, path: string, call: CallOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { host, ...call.headers };
    const request = httpRequest({
      ...{ host: "127.0.0.1", port, path, headers, agent: false, setHost: false },
      method: call.method ?? "GET",
    });
    request.once("response", resolve);
    request.once("error", reject);
    request.end(call.body);
  });
}

/** The body of a stream that the server ended or cut, in lines; `each` hears them as they come. */
export async function readLines(response: IncomingMessage, each: (line: unknown) => void = () => undefined) {
  const lines: unknown[] = [];
  let rest = "";
  try {
    for await (const chunk of response.setEncoding("utf8") as AsyncIterable<string>) {
      const parts = (rest + chunk).split("\n");
      rest = parts.pop() ?? "";
      for (const part of parts) {
        const line: unknown = JSON.parse(part);
        lines.push(line);
        each(line);
      }
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ECONNRESET") throw error;
    return { lines, isCut: true };
  }
  return { lines, isCut: false };
}

/** A decision of the gateway, as the ledger has it. */
export function decision(n: number, effect: "allow" | "deny" = "allow"): LedgerEntry {
  const entry = {
    ...{ v: 1, kind: "decision", at: n, id: `request-${n}`, namespace: "default", revision: 1 },
    principal: "spiffe://bank.example/ns/default/agent/assistant",
    credential: { assurance: "mtls", fingerprint: "00" },
    action: "infer",
    resource: "spiffe://bank.example/ns/default/endpoint/chat",
    ...{ context: {}, signals: {}, effect, reasons: [], obligations: [], risk: { tier: "low", contributions: [] } },
  };
  return entry as unknown as LedgerEntry;
}
