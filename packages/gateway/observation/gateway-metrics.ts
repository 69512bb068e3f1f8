/**
 * The gateway's own numbers. In: passages as they end. Out: families for `/metrics`. An interaction costs a dozen
 * additions; labels are names from the configuration and closed sets of words, never what a caller sent.
 */
import type { FindingSummary } from "@cordon/core/inspection/finding-summary";
import { Counters, Histograms, type MetricFamily } from "@cordon/core/observation/metrics";
import type { GatewayObserver } from "./observer.ts";

export interface GatewayMetrics extends GatewayObserver {
  readonly families: readonly MetricFamily[];
}

/** Seconds. A decision takes microseconds, a durable write about a millisecond, a model anything up to minutes. */
const decisionBounds = [5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 5e-3, 0.025, 0.1];
const ledgerBounds = [2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 1];
const answerBounds = [1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

export function gatewayMetrics(): GatewayMetrics {
  const byRoute = ["namespace", "route"];
  const requests = new Counters(
    "cordon_requests_total",
    "Requests that were decided, by what was decided and how they ended. A fallback's attempts count each.",
    [...byRoute, "kind", "effect", "end"],
  );
  const refusals = new Counters(
    "cordon_refusals_total",
    "Connections and requests refused before a decision, by error code.",
    ["at", "code"],
  );
  const decision = new Histograms("cordon_decision_seconds", "Time that deciding took.", decisionBounds);
  const ledger = new Histograms(
    "cordon_ledger_wait_seconds",
    "From the decision until it was durable in the ledger.",
    ledgerBounds,
  );
  const firstByte = new Histograms(
    "cordon_upstream_first_byte_seconds",
    "From forwarding until the head of the upstream's answer.",
    answerBounds,
    byRoute,
  );
  const total = new Histograms(
    "cordon_request_seconds",
    "From the request's head until its end, streams whole.",
    answerBounds,
    byRoute,
  );
  const bytes = new Counters("cordon_content_bytes_total", "Bytes of content that crossed.", [...byRoute, "direction"]);
  const findings = new Counters(
    "cordon_findings_total",
    "What inspection found, by what was done about it. On a route that observes it is what would have been done.",
    [...byRoute, "direction", "category", "action"],
  );
  const seconds = (from: number, to: number): number => (to - from) / 1000;

  return {
    families: [requests, refusals, decision, ledger, firstByte, total, bytes, findings],
    ended(passage) {
      if (passage.end === "refused") return refusals.add(1, "request", passage.code);
      const { namespace, route } = passage;
      requests.add(1, namespace, route, passage.kind, passage.effect, passage.end);
      decision.observe(seconds(passage.decidingMs, passage.decidedMs));
      ledger.observe(seconds(passage.decidedMs, passage.recordedMs));
      firstByte.observe(seconds(passage.forwardedMs, passage.firstByteMs), namespace, route);
      total.observe(seconds(passage.startedMs, passage.endedMs), namespace, route);
      for (const { direction, category, action, count } of passage.findings as readonly FindingSummary[])
        findings.add(count, namespace, route, direction, category, action);
      if (passage.requestBytes > 0) bytes.add(passage.requestBytes, namespace, route, "request");
      if (passage.responseBytes > 0) bytes.add(passage.responseBytes, namespace, route, "response");
    },
    connectionRefused: (code) => refusals.add(1, "connection", code),
  };
}
