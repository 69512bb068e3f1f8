/**
 * Transmits shared signals. In: events, and what receivers ask of their streams. Out: signed tokens, pushed (RFC 8935) or handed
 * out when polled (RFC 8936). Each configured receiver may have one stream; events that happen while it is paused, or while it or
 * Cordon is away, wait for it in the store.
 *
 * @see SSF 1.0, sections 7 and 8; CAEP Interoperability Profile 1.0, section 2
 */
import { randomUUID, sign, createPublicKey, type KeyObject } from "node:crypto";
import type { JsonObject } from "@cordon/core/contract/strict-json";
import type { SignalsSettings } from "@cordon/core/contract/configuration";
import type { SecretEffects } from "@cordon/core/contract/secret-reference";
import { CordonError } from "@cordon/core/errors";
import { sha256Hex } from "@cordon/core/identity/certificate";
import type { Instant } from "@cordon/core/instant";
import { accessEventTypes, eventTypes } from "@cordon/core/risk/ssf/events";
import type { WorkingRecords } from "../../store/working-records.ts";
import type { OutgoingEvent } from "./outgoing.ts";
import { openPushDelivery } from "./push-delivery.ts";
import { knownReceivers, mostWaiting, streamsIn, type OpenStreams, type StreamValue } from "./stream-store.ts";

export type StreamReceiver = SignalsSettings["transmit"][number];

export interface TransmitterDeps {
  readonly issuer: string;
  readonly receivers: readonly StreamReceiver[];
  readonly records: WorkingRecords;
  /** RSA, 2048 bits or more: receivers must be able to read RS256 (CAEP Interoperability Profile, section 2.6). */
  readonly key: KeyObject;
  readonly secrets: SecretEffects;
  readonly now: () => Instant;
  readonly onProblem: (error: unknown) => void;
}

const methods = { push: "urn:ietf:rfc:8935", poll: "urn:ietf:rfc:8936" } as const;

export type Transmitter = Awaited<ReturnType<typeof openTransmitter>>;

export async function openTransmitter(deps: TransmitterDeps) {
  const { issuer, key, now, records } = deps;
  const publicKey = createPublicKey(key);
  const kid = sha256Hex(publicKey.export({ type: "spki", format: "der" })).slice(0, 16);
  const named = new Set(deps.receivers.map(({ name }) => name));
  // Whoever is no longer configured hears nothing more, and nothing waits for them.
  for (const gone of await knownReceivers(records))
    if (!named.has(gone)) await streamsIn(records, (streams) => streams.remove(gone));
  await using opening = new AsyncDisposableStack();
  const pushing = new Map(
    deps.receivers.flatMap((receiver) =>
      receiver.push === undefined
        ? []
        : [[receiver.name, opening.use(openPushDelivery({ ...deps, receiver }))] as const],
    ),
  );
  const owned = opening.move();

  const streamOf = async (streams: OpenStreams, { name }: StreamReceiver, id: string | null): Promise<StreamValue> => {
    const stream = await streams.read(name);
    if (stream === undefined || (id !== null && stream.id !== id))
      throw new CordonError("ROUTE_UNKNOWN", "there is no such stream of yours");
    return stream;
  };
  /** Reads or changes a receiver's stream; what is to be pushed then is. */
  const onStream = async <T>(
    receiver: StreamReceiver,
    id: string | null,
    work: (streams: OpenStreams, stream: StreamValue) => Promise<T>,
  ): Promise<T> => {
    const done = await streamsIn(records, async (streams) => work(streams, await streamOf(streams, receiver, id)));
    pushing.get(receiver.name)?.wake();
    return done;
  };

  const describe = (receiver: StreamReceiver, { id, requested, method }: StreamValue): JsonObject => ({
    stream_id: id,
    iss: issuer,
    aud: receiver.audience,
    events_supported: [...accessEventTypes],
    events_requested: [...requested],
    events_delivered: deliveredOf(requested),
    delivery:
      method === "push"
        ? { method: methods.push, endpoint_url: receiver.push?.url ?? "" }
        : { method: methods.poll, endpoint_url: `${issuer}/ssf/poll` },
  });

  const tokenOf = ({ audience }: StreamReceiver, jti: string, { subject, type, payload }: OutgoingEvent): string => {
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const claims = {
      ...{ iss: issuer, jti, iat: Math.floor(now() / 1000), aud: audience },
      ...{ sub_id: subject, events: { [type]: payload } },
    };
    const signed = `${part({ alg: "RS256", kid, typ: "secevent+jwt" })}.${part(claims)}`;
    return `${signed}.${sign("sha256", Buffer.from(signed), key).toString("base64url")}`;
  };
  const enqueue = async (
    streams: OpenStreams,
    receiver: StreamReceiver,
    stream: StreamValue,
    event: OutgoingEvent,
  ): Promise<StreamValue> => {
    const dropped = await streams.append(receiver.name, stream, (jti) => ({
      jti,
      text: tokenOf(receiver, jti, event),
    }));
    if (dropped)
      deps.onProblem(
        new CordonError(
          "UPSTREAM_UNREACHABLE",
          `the stream of ${receiver.name} takes no events, and ${mostWaiting} wait; the oldest was dropped`,
        ),
      );
    return { ...stream, next: stream.next + 1 };
  };

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
    async create(
      receiver: StreamReceiver,
      asked: {
        readonly events_requested?: readonly string[] | undefined;
        readonly delivery?: { readonly method: string; readonly endpoint_url?: string | undefined } | undefined;
      },
    ): Promise<JsonObject> {
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
      const method = wantsPush ? "push" : "poll";
      const stream: StreamValue = { id: randomUUID(), requested: [...requested], method, status: "enabled", next: 1 };
      await streamsIn(records, async (streams) => {
        if ((await streams.read(receiver.name)) !== undefined)
          throw new CordonError("STORE_CONFLICT", "you have a stream already");
        await streams.write(receiver.name, stream);
      });
      return describe(receiver, stream);
    },
    async read(receiver: StreamReceiver, id: string | null): Promise<JsonObject | JsonObject[]> {
      if (id !== null) return onStream(receiver, id, async (_, stream) => describe(receiver, stream));
      const stream = await streamsIn(records, (streams) => streams.read(receiver.name));
      return stream === undefined ? [] : [describe(receiver, stream)];
    },
    update: (
      receiver: StreamReceiver,
      asked: { readonly stream_id: string; readonly events_requested?: readonly string[] | undefined },
    ): Promise<JsonObject> =>
      onStream(receiver, asked.stream_id, async (streams, stream) => {
        const { events_requested: requested = stream.requested } = asked;
        const next = { ...stream, requested: [...requested] };
        await streams.write(receiver.name, next);
        return describe(receiver, next);
      }),
    remove: (receiver: StreamReceiver, id: string | null): Promise<void> =>
      onStream(receiver, id, (streams) => streams.remove(receiver.name)),
    status: (receiver: StreamReceiver, id: string | null): Promise<JsonObject> =>
      onStream(receiver, id, async (_, stream) => statusOf(stream)),
    setStatus: (
      receiver: StreamReceiver,
      asked: {
        readonly stream_id: string;
        readonly status: StreamValue["status"];
        readonly reason?: string | undefined;
      },
    ): Promise<JsonObject> =>
      onStream(receiver, asked.stream_id, async (streams, { reason: before, ...stream }) => {
        const { status, reason = status === stream.status ? before : undefined } = asked;
        const next: StreamValue = { ...stream, status, ...(reason === undefined ? {} : { reason }) };
        await streams.write(receiver.name, next);
        if (status === "disabled") await streams.empty(receiver.name);
        return statusOf(next);
      }),
    verify: (
      receiver: StreamReceiver,
      asked: { readonly stream_id: string; readonly state?: string | undefined },
    ): Promise<void> =>
      onStream(receiver, asked.stream_id, async (streams, stream) => {
        const payload = asked.state === undefined ? {} : { state: asked.state };
        const subject = { format: "opaque", id: stream.id };
        await enqueue(streams, receiver, stream, { type: eventTypes.verification, payload, subject });
      }),
    /** RFC 8936, section 2: what was acknowledged, or refused, is not sent again. */
    poll: (
      receiver: StreamReceiver,
      asked: {
        readonly maxEvents?: number | undefined;
        readonly ack?: readonly string[] | undefined;
        readonly setErrs?: Readonly<Record<string, unknown>> | undefined;
      },
    ): Promise<JsonObject> =>
      onStream(receiver, null, async (streams, stream) => {
        if (stream.method !== "poll") throw new CordonError("REQUEST_MALFORMED", "this stream's events are pushed");
        await streams.taken(receiver.name, stream, asked.ack ?? []);
        const refused = await streams.taken(receiver.name, stream, Object.keys(asked.setErrs ?? {}));
        if (refused > 0)
          deps.onProblem(new CordonError("UPSTREAM_UNREACHABLE", `${receiver.name} refuses ${refused} events`));
        const most = Math.min(asked.maxEvents ?? 100, 1_000);
        if (stream.status !== "enabled") return { sets: {}, moreAvailable: false };
        const ready = await streams.waiting(receiver.name, most + 1);
        const sets = Object.fromEntries(ready.slice(0, most).map(({ jti, text }) => [jti, text]));
        return { sets, moreAvailable: ready.length > most };
      }),
    /**
     * Tells every stream that asked for such events, together with the revision that they come of. What was told already, here or
     * by another process, is not told again.
     */
    async send(events: readonly OutgoingEvent[], revision: number): Promise<void> {
      await streamsIn(records, async (streams) => {
        if (((await streams.cursor()) ?? -1) >= revision) return;
        for (const receiver of deps.receivers) {
          let stream = await streams.read(receiver.name);
          if (stream === undefined || stream.status === "disabled") continue;
          const delivered = deliveredOf(stream.requested);
          for (const event of events)
            if (delivered.includes(event.type)) stream = await enqueue(streams, receiver, stream, event);
        }
        await streams.moveCursor(revision);
      });
      for (const delivery of pushing.values()) delivery.wake();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function deliveredOf(requested: readonly string[]): string[] {
  return accessEventTypes.filter((type) => requested.includes(type));
}

function statusOf({ id, status, reason }: Pick<StreamValue, "id" | "status" | "reason">): JsonObject {
  return { stream_id: id, status, ...(reason === undefined ? {} : { reason }) };
}
