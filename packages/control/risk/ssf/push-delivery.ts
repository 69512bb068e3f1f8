/**
 * Pushes waiting events to a receiver (RFC 8935), in order, each until it is taken. In: streams in the store. Out: an event leaves
 * its queue once the receiver has said 202, or that it will never take it (400). Anything else is tried again, less and less often.
 *
 * Of several processes over one store one pushes a stream at a time. Should it die in the middle, another goes on half a minute later:
 * an event may come twice, with the same `jti`, and is never lost.
 */
import { randomUUID } from "node:crypto";
import type { SignalsSettings } from "@cordon/core/contract/configuration";
import { resolveSecret, type SecretEffects } from "@cordon/core/contract/secret-reference";
import { CordonError } from "@cordon/core/errors";
import type { Instant } from "@cordon/core/instant";
import type { WorkingRecords } from "../../store/working-records.ts";
import { fetchBounded } from "../fetch-bounded.ts";
import { streamsIn, type StreamValue, type WaitingEvent } from "./stream-store.ts";

type Receiver = SignalsSettings["transmit"][number];

export interface PushOptions {
  readonly receiver: Receiver;
  readonly records: WorkingRecords;
  readonly secrets: SecretEffects;
  readonly now: () => Instant;
  readonly onProblem: (error: unknown) => void;
  /** The first pause after a failure; each one after it is twice as long. Default 1,000. */
  readonly retryMs?: number;
}

export interface PushDelivery extends AsyncDisposable {
  /** There may be something to push. */
  readonly wake: () => void;
}

const leaseMs = 30_000;
const mostPauseMs = 300_000;
const lookEveryMs = 2_000;
const batch = 20;

export function openPushDelivery(options: PushOptions): PushDelivery {
  const { receiver, records, now, onProblem, retryMs = 1_000 } = options;
  const own = randomUUID();
  const stop = new AbortController();
  let running: Promise<void> | undefined;
  let again = false;
  let failures = 0;
  let pausing: NodeJS.Timeout | undefined;

  /** What is next, where it is ours to push. */
  const take = (): Promise<readonly WaitingEvent[]> =>
    streamsIn(records, async (streams) => {
      const stream = await streams.read(receiver.name);
      if (stream?.method !== "push" || stream.status !== "enabled") return [];
      const { pusher } = stream;
      const at = now();
      // One that claims more than a lease from now was set by a clock that was wrong.
      const theirs = pusher !== undefined && pusher.id !== own && at < pusher.until && pusher.until <= at + leaseMs;
      if (theirs) return [];
      const events = await streams.waiting(receiver.name, batch);
      const renew = pusher?.id !== own || pusher.until < at + leaseMs / 2 || pusher.until > at + leaseMs;
      if (events.length > 0 && renew)
        await streams.write(receiver.name, { ...stream, pusher: { id: own, until: at + leaseMs } });
      return events;
    });
  const done = (jtis: readonly string[]): Promise<unknown> =>
    jtis.length === 0
      ? Promise.resolve()
      : streamsIn(records, async (streams) => {
          const stream = await streams.read(receiver.name);
          if (stream !== undefined) await streams.taken(receiver.name, stream, jtis);
        });

  const pushAll = async (): Promise<void> => {
    for (;;) {
      const events = await take();
      if (events.length === 0) return;
      const delivered: string[] = [];
      const startedMs = performance.now();
      try {
        for (const event of events) {
          // Slow ones take turns with renewing what says that this process pushes.
          if (stop.signal.aborted || performance.now() - startedMs > leaseMs / 3) break;
          await pushOne(options, event, stop.signal);
          delivered.push(event.jti);
          failures = 0;
        }
      } finally {
        await done(delivered);
      }
      if (stop.signal.aborted) return;
    }
  };
  const pause = (): void => {
    const ms = Math.min(retryMs * 2 ** (failures - 1), mostPauseMs);
    pausing = setTimeout(() => {
      pausing = undefined;
      wake();
    }, ms);
    pausing.unref();
  };
  const wake = (): void => {
    if (stop.signal.aborted || pausing !== undefined) return;
    again = true;
    running ??= (async () => {
      while (again && !stop.signal.aborted && pausing === undefined) {
        again = false;
        try {
          await pushAll();
        } catch (error) {
          if (stop.signal.aborted) return;
          // Said once, and again when it has failed for long.
          if (failures === 0 || failures === 8) onProblem(error);
          failures += 1;
          pause();
        }
      }
    })().finally(() => (running = undefined));
  };
  const looking = setInterval(wake, lookEveryMs);
  looking.unref();
  wake();
  return {
    wake,
    async [Symbol.asyncDispose]() {
      stop.abort();
      clearInterval(looking);
      clearTimeout(pausing);
      await running;
      // Whoever comes next need not wait.
      await streamsIn(records, async (streams) => {
        const { pusher, ...stream } = (await streams.read(receiver.name)) ?? {};
        if (pusher?.id === own) await streams.write(receiver.name, stream as StreamValue);
      }).catch(onProblem);
    },
  };
}

/** RFC 8935, sections 2.2 to 2.4. @throws {CordonError} where it is to be tried again */
async function pushOne(
  { receiver, secrets, onProblem }: PushOptions,
  { text }: WaitingEvent,
  signal: AbortSignal,
): Promise<void> {
  const { push: to, name } = receiver;
  if (to === undefined)
    throw new CordonError(
      "CONFIG_INVALID",
      `events for ${name} are to be pushed, and \`push\` of it is not configured`,
    );
  const secret = to.token === undefined ? undefined : await resolveSecret(to.token, secrets);
  const { status, body } = await fetchBounded({
    ...{ url: to.url, method: "POST", caFile: to.caFile, body: text, timeoutMs: 10_000, maxBytes: 65_536, signal },
    headers: {
      "content-type": "application/secevent+jwt",
      accept: "application/json",
      ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }),
    },
  });
  if (status >= 200 && status <= 299) return;
  if (status !== 400) throw new CordonError("UPSTREAM_UNREACHABLE", `${name} answered ${status} to an event`);
  // It will never take this one: the next must not wait behind it.
  onProblem(new CordonError("UPSTREAM_UNREACHABLE", `${name} refuses an event for good${whyOf(body)}`));
}

/** Its own words, as far as they are a code. */
function whyOf(body: Buffer): string {
  try {
    const { err } = JSON.parse(body.toString()) as { readonly err?: unknown };
    return typeof err === "string" && /^[a-z_]{1,64}$/.test(err) ? `: ${err}` : "";
  } catch {
    return "";
  }
}
