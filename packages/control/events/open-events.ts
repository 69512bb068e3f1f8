/**
 * All event sinks of a configuration. In: `events` of cordon.yaml, and the ledger to read. Out: a forwarder each, and
 * what each of them has to say for itself.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Configuration } from "@cordon/core/contract/configuration";
import { CordonError } from "@cordon/core/errors";
import type { LogEvent } from "@cordon/core/observation/log-event";
import { openEventForwarder, type EventForwarder, type EventSource, type ForwarderStatus } from "./event-forwarder.ts";
import type { EventSink } from "./event-sink.ts";
import { rotatedFileSink } from "./rotated-file-sink.ts";
import { stdoutSink } from "./stdout-sink.ts";
import { syslogSink } from "./syslog-sink.ts";

export interface EventsOptions {
  readonly configured: Configuration["events"];
  /** Folder of the `cordon.yaml`, where relative paths start. */
  readonly folder: string;
  /** Where cursors are kept. */
  readonly stateFolder: string;
  readonly source: EventSource;
  readonly log: (event: LogEvent) => void;
}

export interface Events extends AsyncDisposable {
  status(): readonly ForwarderStatus[];
}

/** @throws {CordonError} `CONFIG_INVALID` where a sink's certificate authorities cannot be read */
export async function openEvents(options: EventsOptions): Promise<Events> {
  const { configured, stateFolder, source, log } = options;
  await using opening = new AsyncDisposableStack();
  const forwarders: EventForwarder[] = [];
  for (const one of configured) {
    const sink = await openSink(one, options.folder);
    const cursorFile = join(stateFolder, "events", `${digest(sink.name)}.json`);
    const backlogEntries = one.backlogEntries;
    forwarders.push(opening.use(await openEventForwarder({ sink, source, cursorFile, backlogEntries, log })));
  }
  const owned = opening.move();
  return {
    status: () => forwarders.map((forwarder) => forwarder.status()),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function openSink(one: Configuration["events"][number], folder: string): Promise<EventSink> {
  if ("stdout" in one) return stdoutSink();
  if ("file" in one)
    return rotatedFileSink({ path: resolve(folder, one.file), maxBytes: one.maxBytes, keep: one.keep });
  if (one.caFile === undefined) return syslogSink({ url: one.syslog });
  const caFile = resolve(folder, one.caFile);
  try {
    return syslogSink({ url: one.syslog, ca: await readFile(caFile, "utf8") });
  } catch (cause) {
    throw new CordonError("CONFIG_INVALID", `\`events\`: ${caFile} cannot be read`, { cause });
  }
}

function digest(name: string): string {
  return createHash("sha256").update(name).digest("hex").slice(0, 16);
}
