/**
 * Transmits shared signals. In: events, and what receivers ask of their streams. Out: signed tokens, pushed (RFC 8935) or handed
 * out when polled (RFC 8936). Each configured receiver may have one stream; events that happen while it is paused wait for it.
 *
 * Waiting events are kept in memory, bounded: after a restart a receiver sees by the verification event that the stream began
 * anew (docs/risk.md says so).
 *
 * @see SSF 1.0, sections 7 and 8; CAEP Interoperability Profile 1.0, section 2
 */
import { randomUUID, sign, createPublicKey, type KeyObject } from "node:crypto";
import type { JsonObject } from "@cordon/core/contract/strict-json";
import type { SignalsSettings } from "@cordon/core/contract/configuration";
import { resolveSecret, type SecretEffects } from "@cordon/core/contract/secret-reference";
import { CordonError } from "@cordon/core/errors";
import { sha256Hex } from "@cordon/core/identity/certificate";
import type { Instant } from "@cordon/core/instant";
import { accessEventTypes, eventTypes } from "@cordon/core/risk/ssf/events";
import { fetchBounded } from "../fetch-bounded.ts";
import type { OutgoingEvent } from "./outgoing.ts";

export type StreamReceiver = SignalsSettings["transmit"][number];

export interface TransmitterDeps {
  readonly issuer: string;
  readonly receivers: readonly StreamReceiver[];
  /** RSA, 2048 bits or more: receivers must be able to read RS256 (CAEP Interoperability Profile, section 2.6). */
  readonly key: KeyObject;
  readonly secrets: SecretEffects;
  readonly now: () => Instant;
  readonly onProblem: (error: unknown) => void;
}

interface Stream {
  readonly id: string;
  readonly receiver: StreamReceiver;
  requested: readonly string[];
  delivered: readonly string[];
  method: "push" | "poll";
  status: "enabled" | "paused" | "disabled";
  reason: string | undefined;
  readonly waiting: Map<string, string>;
  pushing: Promise<void> | undefined;
}

const mostWaiting = 10_000;
const methods = { push: "urn:ietf:rfc:8935", poll: "urn:ietf:rfc:8936" } as const;

export type Transmitter = ReturnType<typeof openTransmitter>;

export function openTransmitter(deps: TransmitterDeps) {
  const { issuer, key, now } = deps;
  const streams = new Map<string, Stream>();
  const publicKey = createPublicKey(key);
  const kid = sha256Hex(publicKey.export({ type: "spki", format: "der" })).slice(0, 16);
  let closed = false;

  const streamOf = (receiver: StreamReceiver, id: string | null): Stream => {
    const stream = streams.get(receiver.name);
    if (stream === undefined || (id !== null && stream.id !== id))
      throw new CordonError("ROUTE_UNKNOWN", "there is no such stream of yours");
    return stream;
  };

  const describe = ({ id, receiver, requested, delivered, method }: Stream): JsonObject => ({
    stream_id: id,
    iss: issuer,
    aud: receiver.audience,
    events_supported: [...accessEventTypes],
    events_requested: [...requested],
    events_delivered: [...delivered],
    delivery:
      method === "push"
        ? { method: methods.push, endpoint_url: receiver.push?.url ?? "" }
        : { method: methods.poll, endpoint_url: `${issuer}/ssf/poll` },
  });

  const token = (
    stream: Stream,
    { subject, type, payload }: OutgoingEvent,
  ): { readonly jti: string; readonly text: string } => {
    const jti = randomUUID();
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const claims = {
      ...{ iss: issuer, jti, iat: Math.floor(now() / 1000), aud: stream.receiver.audience },
      ...{ sub_id: subject, events: { [type]: payload } },
    };
    const signed = `${part({ alg: "RS256", kid, typ: "secevent+jwt" })}.${part(claims)}`;
    return { jti, text: `${signed}.${sign("sha256", Buffer.from(signed), key).toString("base64url")}` };
  };

  const enqueue = (stream: Stream, event: OutgoingEvent): void => {
    if (stream.waiting.size >= mostWaiting) {
      const [oldest] = stream.waiting.keys();
      if (oldest !== undefined) stream.waiting.delete(oldest);
      deps.onProblem(
        new CordonError(
          "UPSTREAM_UNREACHABLE",
          `the stream of ${stream.receiver.name} takes no events; the oldest was dropped`,
        ),
      );
    }
    const { jti, text } = token(stream, event);
    stream.waiting.set(jti, text);
    if (stream.method === "push" && stream.status === "enabled")
      stream.pushing ??= push(stream).finally(() => (stream.pushing = undefined));
  };

  /** In order, each until it is taken: 202 is taken, 400 will never be (RFC 8935, 2.2 and 2.3); anything else is tried again. */
  async function push(stream: Stream): Promise<void> {
    const { push: to, name } = stream.receiver;
    let failures = 0;
    while (!closed && to !== undefined && stream.status === "enabled") {
      const [first] = stream.waiting;
      if (first === undefined) return;
      const [jti, text] = first;
      try {
        const secret = to.token === undefined ? undefined : await resolveSecret(to.token, deps.secrets);
        const { status } = await fetchBounded({
          ...{ url: to.url, method: "POST", caFile: to.caFile, body: text, timeoutMs: 10_000, maxBytes: 65_536 },
          headers: {
            "content-type": "application/secevent+jwt",
            accept: "application/json",
            ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }),
          },
        });
        if (status === 400)
          deps.onProblem(new CordonError("UPSTREAM_UNREACHABLE", `${name} refuses an event that it was sent`));
        else if (status < 200 || status > 299)
          throw new CordonError("UPSTREAM_UNREACHABLE", `${name} answered ${status} to an event`);
        stream.waiting.delete(jti);
        failures = 0;
      } catch (error) {
        if (failures++ === 0) deps.onProblem(error);
        await new Promise((resolve) => setTimeout(resolve, Math.min(500 * 2 ** failures, 60_000)).unref());
      }
    }
  }

  const about = (stream: Stream, type: string, payload: JsonObject): OutgoingEvent => ({
    ...{ type, payload },
    subject: { format: "opaque", id: stream.id },
  });

  return {
    /** `/.well-known/ssf-configuration` */
    configuration: (): JsonObject => ({
      spec_version: "1_0",
      issuer,
      jwks_uri: `${issuer}/ssf/jwks`,
      delivery_methods_supported: [methods.push, methods.poll],
      configuration_endpoint: `${issuer}/ssf/stream`,
      status_endpoint: `${issuer}/ssf/status`,
      verification_endpoint: `${issuer}/ssf/verify`,
      authorization_schemes: [{ spec_urn: "urn:ietf:rfc:6750" }],
      default_subjects: "ALL",
    }),
    jwks: (): JsonObject => ({
      keys: [{ ...(publicKey.export({ format: "jwk" }) as JsonObject), kid, alg: "RS256", use: "sig" }],
    }),
    create(
      receiver: StreamReceiver,
      asked: {
        readonly events_requested?: readonly string[] | undefined;
        readonly delivery?: { readonly method: string; readonly endpoint_url?: string | undefined } | undefined;
      },
    ): JsonObject {
      if (streams.has(receiver.name)) throw new CordonError("STORE_CONFLICT", "you have a stream already");
      const { delivery, events_requested: requested = [...accessEventTypes] } = asked;
      const wantsPush = delivery?.method === methods.push;
      if (delivery !== undefined && !wantsPush && delivery.method !== methods.poll)
        throw new CordonError("REQUEST_MALFORMED", "that method of delivery is not supported");
      // Where we connect to is the configuration's to say, or a receiver could have us call anybody.
      if (wantsPush && (receiver.push === undefined || delivery.endpoint_url !== receiver.push.url))
        throw new CordonError(
          "REQUEST_MALFORMED",
          "events are pushed to the address that the configuration names, and no other",
        );
      const stream: Stream = {
        ...{
          id: randomUUID(),
          receiver,
          requested,
          delivered: accessEventTypes.filter((type) => requested.includes(type)),
        },
        ...{
          method: wantsPush ? "push" : "poll",
          status: "enabled",
          reason: undefined,
          waiting: new Map(),
          pushing: undefined,
        },
      };
      streams.set(receiver.name, stream);
      return describe(stream);
    },
    read: (receiver: StreamReceiver, id: string | null): JsonObject | JsonObject[] => {
      if (id !== null) return describe(streamOf(receiver, id));
      const stream = streams.get(receiver.name);
      return stream === undefined ? [] : [describe(stream)];
    },
    update(
      receiver: StreamReceiver,
      asked: { readonly stream_id: string; readonly events_requested?: readonly string[] | undefined },
    ): JsonObject {
      const stream = streamOf(receiver, asked.stream_id);
      if (asked.events_requested !== undefined) {
        stream.requested = asked.events_requested;
        stream.delivered = accessEventTypes.filter((type) => stream.requested.includes(type));
      }
      return describe(stream);
    },
    remove(receiver: StreamReceiver, id: string | null): void {
      const stream = streamOf(receiver, id);
      stream.status = "disabled";
      streams.delete(receiver.name);
    },
    status: (receiver: StreamReceiver, id: string | null): JsonObject => statusOf(streamOf(receiver, id)),
    setStatus(
      receiver: StreamReceiver,
      asked: { readonly stream_id: string; readonly status: Stream["status"]; readonly reason?: string | undefined },
    ): JsonObject {
      const stream = streamOf(receiver, asked.stream_id);
      [stream.status, stream.reason] = [asked.status, asked.reason];
      if (asked.status === "disabled") stream.waiting.clear();
      if (asked.status === "enabled" && stream.method === "push")
        stream.pushing ??= push(stream).finally(() => (stream.pushing = undefined));
      return statusOf(stream);
    },
    verify(receiver: StreamReceiver, asked: { readonly stream_id: string; readonly state?: string | undefined }): void {
      const stream = streamOf(receiver, asked.stream_id);
      enqueue(stream, about(stream, eventTypes.verification, asked.state === undefined ? {} : { state: asked.state }));
    },
    /** RFC 8936, section 2: what was acknowledged, or refused, is not sent again. */
    poll(
      receiver: StreamReceiver,
      asked: {
        readonly maxEvents?: number | undefined;
        readonly ack?: readonly string[] | undefined;
        readonly setErrs?: Readonly<Record<string, unknown>> | undefined;
      },
    ): JsonObject {
      const stream = streamOf(receiver, null);
      if (stream.method !== "poll") throw new CordonError("REQUEST_MALFORMED", "this stream's events are pushed");
      for (const jti of asked.ack ?? []) stream.waiting.delete(jti);
      for (const jti of Object.keys(asked.setErrs ?? {})) {
        if (stream.waiting.delete(jti))
          deps.onProblem(new CordonError("UPSTREAM_UNREACHABLE", `${receiver.name} refuses the event ${jti}`));
      }
      const most = Math.min(asked.maxEvents ?? 100, 1_000);
      const ready = stream.status === "enabled" ? [...stream.waiting].slice(0, most) : [];
      return {
        sets: Object.fromEntries(ready),
        moreAvailable: stream.status === "enabled" && stream.waiting.size > ready.length,
      };
    },
    /** Tells every stream that asked for such events. */
    send(event: OutgoingEvent): void {
      for (const stream of streams.values())
        if (stream.status !== "disabled" && stream.delivered.includes(event.type)) enqueue(stream, event);
    },
    get size() {
      return streams.size;
    },
    [Symbol.dispose]() {
      closed = true;
    },
  };
}

function statusOf({ id, status, reason }: Stream): JsonObject {
  return { stream_id: id, status, ...(reason === undefined ? {} : { reason }) };
}
