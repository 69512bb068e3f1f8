/**
 * One event as a syslog message (RFC 5424). In: an event, and whose it is. Out: the message's bytes, and their frame for
 * a stream (octet counting: RFC 5425 section 4.3, RFC 6587 section 3.4.1).
 */
import type { OutgoingEvent } from "./event-sink.ts";

export interface SyslogOrigin {
  readonly host: string;
  readonly processId: number;
}

/** RFC 5424 table 1: log audit. */
const facility = 13;
/** RFC 5424 table 2, by OCSF severity: unknown, informational, low, medium, high, critical, fatal. */
const severities = [5, 6, 5, 4, 3, 2, 1] as const;

/** `<PRI>1 TIME HOST cordon PID ocsf-CLASS - JSON`. Without a byte order mark, at which many a collector stumbles. */
export function syslogMessage(event: OutgoingEvent, origin: SyslogOrigin): Buffer {
  const priority = facility * 8 + (severities[event.severityId] ?? 5);
  const time = new Date(event.at).toISOString();
  const head = `<${priority}>1 ${time} ${token(origin.host, 255)} cordon ${origin.processId} ocsf-${event.classUid} - `;
  return Buffer.from(head + event.text);
}

/** A message on a stream: its length, a space, itself. */
export function octetCounted(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${message.length} `), message]);
}

/** A header field: printable ASCII without spaces, or `-`. */
function token(text: string, most: number): string {
  return text.replace(/[^\x21-\x7e]/g, "").slice(0, most) || "-";
}
