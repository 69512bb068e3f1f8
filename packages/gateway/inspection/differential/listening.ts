/** Inspection that listens: what detectors are shown of a request, and nothing else. */
import { inspectionSchema, inspectionSettings } from "@cordon/core/contract/inspection-schema";
import type { SpanDetector } from "@cordon/core/inspection/finding";
import type { PartDetector } from "@cordon/core/inspection/inspect";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import { openInspection } from "../open-inspection.ts";
import { contentOf } from "../request-content.ts";
import { Screening } from "../screening.ts";
import type { ApiShape } from "../../routes/error-shapes.ts";

export interface Heard {
  /** What detectors of spans were shown: what can be masked. */
  readonly spans: readonly string[];
  /** What judges of whole texts were shown, as somebody else's than the operator's or the model's. */
  readonly judged: readonly string[];
  /** The request was refused. */
  readonly refused: boolean;
  /** The record says that it holds what nobody read. */
  readonly unread: boolean;
}

const nobody = "spiffe://example.test/agent/a" as SpiffeId;

export function heard(
  api: ApiShape,
  path: string,
  contentType: string | undefined,
  body: Uint8Array,
  address = path,
): Heard {
  const spans: string[] = [];
  const judged: string[] = [];
  const listener: SpanDetector = {
    ...{ name: "listener", version: "1", maxSpan: 1 },
    detect: (text) => (spans.push(text), []),
    openFrom: (text) => text.length,
  };
  const judge: PartDetector = {
    ...{ name: "listener", version: "1" },
    judge({ text, origin }) {
      if (origin === "user" || origin === "untrusted") judged.push(text);
      return { probability: 0, findings: [] };
    },
  };
  const inspection = openInspection({ detectors: { spans: [listener], parts: [judge] }, monotonicMs: () => 0 });
  const screening = new Screening(inspectionSettings(inspectionSchema.parse({})));
  const subject = { screening, requestId: "r", principal: nobody, resource: nobody, api, path, contentType, address };
  spans.length = 0;
  judged.length = 0;
  try {
    inspection.inspectRequest(subject, contentOf(Buffer.from(body), undefined, contentType));
    return { spans, judged, refused: false, unread: "uninspectable" in screening.request.scores };
  } catch {
    return { spans, judged, refused: true, unread: true };
  }
}
