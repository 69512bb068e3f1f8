/**
 * The `traceparent` header (W3C Trace Context, version 00). In: a header, or a span's context. Out: the other. A header
 * that is not exactly right is as good as none: the trace starts here.
 */
import type { SpanContext } from "@opentelemetry/api";

const shape = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
/** A later version may say more after these four fields; they keep their meaning (section 4.2). */
const laterShape = /^(?!00|ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.{0,256})?$/;

export function parseTraceparent(header: string | readonly string[] | undefined): SpanContext | undefined {
  if (typeof header !== "string" || header.length > 512) return undefined;
  const found = shape.exec(header) ?? laterShape.exec(header);
  if (found === null) return undefined;
  const [, traceId = "", spanId = "", flags = ""] = found;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
}

export function formatTraceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${(traceFlags & 1).toString(16).padStart(2, "0")}`;
}
