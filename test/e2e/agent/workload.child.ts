/**
 * A workload of its own: asks an agent for what its arguments say, and tells what it hears, one JSON value a line.
 *
 *     workload.child.ts SOCKET watch | x509 | bundles | jwt AUDIENCE | jwt-bundles | validate AUDIENCE TOKEN | bare
 *     workload.child.ts SOCKET serve | call PORT PEER | sds NAME...
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { connect, type AddressInfo } from "node:net";
import { connect as connectTls, createServer } from "node:tls";
import { create, fromBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { DiscoveryRequestSchema } from "@cordon/agent/proto/discovery";
import { SecretDiscoveryService } from "@cordon/agent/proto/secret";
import { SecretSchema } from "@cordon/agent/proto/tls";
import { SpiffeWorkloadAPI, type X509SVIDResponse } from "@cordon/agent/proto/workload";
import { parseSpiffeId, parseTrustDomain } from "@cordon/core/identity/spiffe-id";
import type { X509Svid } from "@cordon/core/identity/svid";
import { authenticatePeer, clientTlsOptions, serverTlsOptions } from "@cordon/core/identity/tls";
import type { IdentityTrust } from "@cordon/core/identity/x509-svid";

const [socketPath = "", what = "", ...args] = process.argv.slice(2);
const transport = createGrpcTransport({
  baseUrl: "http://localhost",
  nodeOptions: { createConnection: () => connect(socketPath) },
});
const client = createClient(SpiffeWorkloadAPI, transport);
const options = { headers: what === "bare" ? {} : { "workload.spiffe.io": "true" } };
const say = (event: string, facts: object = {}): void =>
  void process.stdout.write(`${JSON.stringify({ event, at: Date.now(), ...facts })}\n`);

try {
  await main();
} catch (error) {
  const { code, rawMessage } = ConnectError.from(error);
  say("refused", { code: Code[code], words: rawMessage });
}
process.exit(0);

async function main(): Promise<void> {
  switch (what) {
    case "watch": // every message until the stream ends, again and again
      for (;;) {
        try {
          for await (const message of client.fetchX509SVID({}, options)) say("svid", described(message));
          say("ended");
        } catch (error) {
          const { code } = ConnectError.from(error);
          say("broken", { code: Code[code] });
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    case "bare":
    case "x509":
      for await (const message of client.fetchX509SVID({}, options)) return say("svid", described(message));
      return;
    case "bundles":
      for await (const { bundles } of client.fetchX509Bundles({}, options))
        return say("bundles", { domains: Object.keys(bundles) });
      return;
    case "jwt":
      return say("jwt", { svids: (await client.fetchJWTSVID({ audience: args }, options)).svids.map(plain) });
    case "jwt-bundles":
      for await (const { bundles } of client.fetchJWTBundles({}, options))
        return say("jwt-bundles", {
          bundles: Object.fromEntries(Object.entries(bundles).map(([k, v]) => [k, Buffer.from(v).toString()])),
        });
      return;
    case "validate": {
      const [audience = "", svid = ""] = args;
      const { spiffeId, claims } = await client.validateJWTSVID({ audience, svid }, options);
      return say("valid", { spiffeId, claims });
    }
    case "sds": {
      const sds = createClient(SecretDiscoveryService, transport);
      const request = create(DiscoveryRequestSchema, { resourceNames: args });
      const { resources } = await sds.fetchSecrets(request);
      const secrets = resources.map(({ value }) => fromBinary(SecretSchema, value));
      return say("secrets", {
        secrets: secrets.map(({ name, type }) => ({
          name,
          case: type.case,
          pem:
            type.case === "tlsCertificate"
              ? inlined(type.value.certificateChain)
              : type.case === "validationContext"
                ? inlined(type.value.trustedCa)
                : "",
        })),
      });
    }
    case "sds-watch": {
      const sds = createClient(SecretDiscoveryService, transport);
      const names = async function* () {
        yield create(DiscoveryRequestSchema, { resourceNames: args });
        await new Promise(() => undefined);
      };
      for await (const { versionInfo } of sds.streamSecrets(names())) say("pushed", { versionInfo });
      return;
    }
    case "serve":
      return await serve();
    case "call":
      return await call(Number(args[0]), args[1] ?? "");
    default:
      throw new Error(`what is ${what}?`);
  }
}

/** The newest SVID, kept by a stream that is begun again whenever it breaks. */
interface Held {
  svid: X509Svid;
  trust: IdentityTrust;
  serial: string;
}

async function keepIdentity(onChange: (held: Held) => void): Promise<Held> {
  let held: Held | undefined;
  const first = Promise.withResolvers<Held>();
  void (async () => {
    for (;;) {
      try {
        for await (const message of client.fetchX509SVID({}, options)) {
          held = heldOf(message);
          say("rotated", { serial: held.serial });
          onChange(held);
          first.resolve(held);
        }
      } catch {
        // the agent is away: what we hold stands
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  return first.promise;
}

function heldOf({ svids: [first] }: X509SVIDResponse): Held {
  if (first === undefined) throw new Error("no SVID");
  const leaf = new X509Certificate(first.x509Svid);
  const id = parseSpiffeId(first.spiffeId);
  const trustDomain = parseTrustDomain("test.example");
  const bundle = {
    trustDomain,
    x509Authorities: splitDer(first.bundle),
    jwtAuthorities: [],
    sequence: 1,
    refreshHintSeconds: 60,
  };
  return {
    svid: {
      id,
      chain: splitDer(first.x509Svid),
      key: createPrivateKey({ key: Buffer.from(first.x509SvidKey), format: "der", type: "pkcs8" }),
      notBefore: Date.parse(leaf.validFrom),
      notAfter: Date.parse(leaf.validTo),
    },
    trust: {
      bundles: new Map([[trustDomain, bundle]]),
      revocations: { certificates: new Set(), keys: new Set(), workloads: new Set() },
    },
    serial: leaf.serialNumber,
  };
}

/** Certificates that stand one after another: each says how long it is (long form, two bytes of length). */
function splitDer(bytes: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = 4 + (bytes[at + 2] ?? 0) * 256 + (bytes[at + 3] ?? 0);
    found.push(bytes.slice(at, at + length));
    at += length;
  }
  return found;
}

/** Answers `PING` with `PONG` to peers that prove themselves; a connection each. */
async function serve(): Promise<void> {
  let now: Held | undefined;
  let server: ReturnType<typeof createServer> | undefined;
  const held = await keepIdentity((next) => {
    now = next;
    server?.setSecureContext(serverTlsOptions(next.svid));
  });
  now ??= held;
  server = createServer(serverTlsOptions(held.svid), (socket) => {
    socket.on("error", () => undefined);
    try {
      const { id } = authenticatePeer(socket, (now ?? held).trust, Date.now());
      socket.once("data", () => socket.end(`PONG ${id}`));
    } catch (error) {
      say("refused-peer", { words: String(error) });
      socket.destroy();
    }
  });
  const made = server;
  made.listen(0, "127.0.0.1", () => say("serving", { port: (made.address() as AddressInfo).port }));
  await new Promise(() => undefined);
}

/** Calls as fast as it is answered, each time over a new connection, until it is told to stop by the end of its input. */
async function call(port: number, peer: string): Promise<void> {
  let now: Held | undefined;
  const held = await keepIdentity((next) => (now = next));
  let [calls, failures, stopped] = [0, 0, false];
  process.stdin.on("end", () => (stopped = true)).resume();
  say("calling");
  while (!stopped) {
    const { svid, trust } = now ?? held;
    try {
      await pingOnce(port, svid, trust, peer);
      calls++;
    } catch (error) {
      failures++;
      say("failed", { words: String(error) });
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  say("called", { calls, failures });
}

function pingOnce(port: number, svid: X509Svid, trust: IdentityTrust, peer: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ ...clientTlsOptions(svid), host: "127.0.0.1", port, timeout: 5_000 });
    let answer = "";
    socket.once("error", reject);
    socket.once("timeout", () => socket.destroy(new Error("no answer")));
    socket.once("secureConnect", () => {
      try {
        authenticatePeer(socket, trust, Date.now(), { expected: parseSpiffeId(peer) });
        socket.write("PING");
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
    socket.on("data", (chunk: Buffer) => (answer += chunk.toString()));
    socket.once("close", () => (answer === `PONG ${svid.id}` ? resolve() : reject(new Error(`answered "${answer}"`))));
  });
}

function inlined(source: { specifier: { case?: string | undefined; value?: unknown } } | undefined): string {
  const value = source?.specifier.value;
  return value instanceof Uint8Array ? Buffer.from(value).toString() : "";
}

function plain({ spiffeId, svid, hint }: { spiffeId: string; svid: string; hint: string }): object {
  return { spiffeId, svid, hint };
}

function described(message: X509SVIDResponse): object {
  return {
    svids: message.svids.map((svid) => {
      const leaf = new X509Certificate(svid.x509Svid);
      return { id: svid.spiffeId, hint: svid.hint, serial: leaf.serialNumber, notAfter: Date.parse(leaf.validTo) };
    }),
    federated: Object.keys(message.federatedBundles),
  };
}
