/**
 * An agent's client: a program's own identity through the Workload API. In: the agent's socket. Out: an identity that is
 * always the newest one the agent sent, and where the gateway is.
 *
 * The agent renews; this side keeps a stream open, begins it again when it breaks, and holds the last good SVID
 * meanwhile until it expires.
 */
import { createPrivateKey } from "node:crypto";
import { connect } from "node:net";
import { Code, ConnectError, createClient, type Client } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import type { DescService } from "@bufbuild/protobuf";
import { CordonError } from "@cordon/core/errors";
import { parseSpiffeId, trustDomainOf } from "@cordon/core/identity/spiffe-id";
import { readX509Svid } from "@cordon/core/identity/x509-svid";
import type { EgressGateway } from "../node/node-state.ts";
import { Agent } from "../proto/generated/agent_pb.ts";
import { SpiffeWorkloadAPI } from "../proto/generated/workload_pb.ts";
import { systemClocks, type Clocks, type Issued, type WorkloadIdentity } from "../run/identity.ts";

/** An SVID as both APIs send it. */
export interface SentSvid {
  readonly spiffeId: string;
  readonly x509Svid: Uint8Array;
  readonly x509SvidKey: Uint8Array;
  readonly bundle: Uint8Array;
}

/** A client of one of the services on an agent's socket. */
export function agentService<S extends DescService>(socketPath: string, service: S): Client<S> {
  return createClient(
    service,
    createGrpcTransport({
      baseUrl: "http://localhost",
      nodeOptions: { createConnection: () => connect(socketPath) },
    }),
  );
}

export const workloadHeaders = { headers: { "workload.spiffe.io": "true" } } as const;

/** Where the gateway is. @throws {CordonError} */
export async function gatewayOf(socketPath: string): Promise<EgressGateway> {
  try {
    const { url, spiffeId, egress, interception } = await agentService(socketPath, Agent).gateway({});
    return { url, id: parseSpiffeId(spiffeId), egress, ...(interception === "" ? {} : { interception }) };
  } catch (error) {
    throw agentFailure(error, socketPath);
  }
}

/** This program's own identity. @param component its SPIFFE ID, where the agent has several for it */
export function openAgentIdentity(
  socketPath: string,
  component: string | undefined,
  say: (words: string) => void,
): Promise<WorkloadIdentity> {
  const api = agentService(socketPath, SpiffeWorkloadAPI);
  const stream = async function* (signal: AbortSignal) {
    for await (const { svids } of api.fetchX509SVID({}, { ...workloadHeaders, signal })) {
      const chosen = component === undefined ? svids : svids.filter(({ spiffeId }) => names(component, spiffeId));
      const [only] = chosen;
      if (only === undefined || chosen.length > 1)
        throw new CordonError(
          "COMPONENT_UNKNOWN",
          `the agent knows this program as ${svids.map(({ spiffeId }) => spiffeId).join(", ")}; say which (--as SPIFFE-ID)`,
        );
      yield only;
    }
  };
  return openStreamedIdentity(socketPath, say, stream, { patienceMs: firstPatienceMs });
}

/** How long a program that has just been started may be nobody: its launcher is telling the agent of it. */
const firstPatienceMs = 3_000;

/** Whether a SPIFFE ID is meant by itself, by `namespace/name` or by its name. */
export function names(component: string, spiffeId: string): boolean {
  const [, , , , namespace = "", , name = ""] = spiffeId.split("/");
  return [spiffeId, `${namespace}/${name}`, name].includes(component);
}

export interface StreamOptions {
  /** How long a refusal of the first SVID is not taken for an answer. */
  readonly patienceMs?: number;
  readonly clocks?: Clocks;
}

/** An identity out of a stream of SVIDs. Rejects with why the first did not come. */
export async function openStreamedIdentity(
  socketPath: string,
  say: (words: string) => void,
  stream: (signal: AbortSignal) => AsyncIterable<SentSvid>,
  { patienceMs = 0, clocks = systemClocks }: StreamOptions = {},
): Promise<WorkloadIdentity> {
  const patientUntil = clocks.monotonic() + patienceMs;
  const listeners = new Set<(issued: Issued) => void>();
  const closing = new AbortController();
  const first = Promise.withResolvers<Issued>();
  first.promise.catch(() => undefined);
  let held: Issued | undefined;
  let withdrawn: CordonError | undefined;
  let failing = false;

  const running = (async () => {
    while (!closing.signal.aborted) {
      try {
        for await (const sent of stream(closing.signal)) {
          held = issuedOf(sent);
          withdrawn = undefined;
          first.resolve(held);
          if (failing) say("the agent answers again");
          failing = false;
          for (const listener of listeners) listener(held);
        }
      } catch (error) {
        if (closing.signal.aborted) return;
        const failure = agentFailure(error, socketPath);
        if (held === undefined) {
          if (failure.code !== "ACCESS_DENIED" || clocks.monotonic() >= patientUntil) return first.reject(failure);
          await pause(closing.signal);
          continue;
        }
        // Refused, and not merely out of reach: what was held is withdrawn.
        if (failure.code === "ACCESS_DENIED") withdrawn = failure;
        if (!failing) say(failure.message);
        failing = true;
      }
      await pause(closing.signal);
    }
  })();
  await first.promise.catch(async (error: unknown) => {
    closing.abort();
    await running;
    throw error;
  });

  const issued = (): Issued => {
    if (withdrawn !== undefined) throw withdrawn;
    if (held !== undefined && held.svid.notAfter > clocks.wall()) return held;
    throw new CordonError(
      "SVID_EXPIRED",
      `the SVID of ${held?.svid.id ?? "this program"} has expired and the agent at ${socketPath} sends no other`,
    );
  };
  return {
    current: () => issued().svid,
    issued,
    usable: () => Promise.resolve().then(issued),
    onRotate(listener) {
      const heard = (next: Issued): void => listener(next.svid);
      listeners.add(heard);
      return () => listeners.delete(heard);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    check: () => Promise.resolve(),
    async [Symbol.asyncDispose]() {
      closing.abort();
      await running;
    },
  };
}

const againAfterMs = 200;

/** A little while, or until it is aborted. */
function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, againAfterMs);
    if (signal.aborted) done();
    else signal.addEventListener("abort", done);
  });
}

function issuedOf({ spiffeId, x509Svid, x509SvidKey, bundle }: SentSvid): Issued {
  const chain = splitDer(x509Svid);
  const { id, leaf } = readX509Svid(chain);
  if (id !== spiffeId) throw new CordonError("SVID_INVALID", "the agent sent an SVID under another name than its own");
  const trustDomain = trustDomainOf(id);
  const key = createPrivateKey({ key: Buffer.from(x509SvidKey), format: "der", type: "pkcs8" });
  return {
    svid: { id, chain, key, notBefore: leaf.notBefore, notAfter: leaf.notAfter },
    bundle: {
      trustDomain,
      x509Authorities: splitDer(bundle),
      jwtAuthorities: [],
      sequence: 0,
      refreshHintSeconds: 300,
    },
  };
}

const maxCertificates = 64;
const derSequence = 0x30;

/** Certificates that stand one after another. */
function splitDer(bytes: Uint8Array): readonly Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let rest = bytes; rest.length > 0;) {
    if (found.length >= maxCertificates) throw new CordonError("CERTIFICATE_MALFORMED", "the agent sent too many");
    const length = derLength(rest);
    found.push(rest.slice(0, length));
    rest = rest.subarray(length);
  }
  return found;
}

/** The length of the first DER element, its header included. @throws {CordonError} `CERTIFICATE_MALFORMED` */
function derLength(bytes: Uint8Array): number {
  const [type = 0, first = 0] = bytes;
  const octets = first < 0x80 ? 0 : first & 0x7f;
  let length = first < 0x80 ? first : 0;
  for (let at = 0; at < octets; at++) length = length * 256 + (bytes[2 + at] ?? 0);
  const total = 2 + octets + length;
  if (type !== derSequence || octets > 3 || total > bytes.length)
    throw new CordonError("CERTIFICATE_MALFORMED", "the agent sent something that is not a certificate");
  return total;
}

/** What went wrong with the agent, in words with the remedy. */
export function agentFailure(error: unknown, socketPath: string): CordonError {
  if (error instanceof CordonError) return error;
  const { code, rawMessage } = ConnectError.from(error);
  if (code === Code.PermissionDenied)
    return new CordonError(
      "ACCESS_DENIED",
      `the agent at ${socketPath} knows this program as nobody (${rawMessage}); its log says which selector did not hold`,
      { cause: error },
    );
  return new CordonError(
    "CONTROL_UNREACHABLE",
    `the agent at ${socketPath} does not answer (${rawMessage}); start it with \`cordon agent\`, or name its socket`,
    { cause: error },
  );
}
