/**
 * Who watches over a gateway: metrics, traces, a log. In: passages, as they begin and end. Out: nothing that the gateway
 * waits for. An observer that throws is a bug of the observer, and never an interaction's.
 */
import type { IncomingMessage } from "node:http";
import type { Passage } from "./passage.ts";

export interface GatewayObserver {
  /** A request came. Its headers are the caller's own words: nothing in them is to be believed. */
  begun?(passage: Passage, request: IncomingMessage): void;
  /** Header pairs that go to the upstream with the request, such as `traceparent`. */
  outgoing?(passage: Passage): readonly string[];
  /** Told once for each passage. */
  ended(passage: Passage): void;
  /** A connection was refused: there was no request yet. */
  connectionRefused?(code: string): void;
}

/** Several observers as one. What one throws is told to `failed`; the others, and the gateway, go on. */
export function observers(all: readonly GatewayObserver[], failed: (error: unknown) => void): GatewayObserver {
  const tell = (call: (observer: GatewayObserver) => void): void => {
    for (const observer of all)
      try {
        call(observer);
      } catch (error) {
        failed(error);
      }
  };
  return {
    begun: (passage, request) => tell((observer) => observer.begun?.(passage, request)),
    outgoing(passage) {
      const headers: string[] = [];
      tell((observer) => headers.push(...(observer.outgoing?.(passage) ?? [])));
      return headers;
    },
    ended: (passage) => tell((observer) => observer.ended(passage)),
    connectionRefused: (code) => tell((observer) => observer.connectionRefused?.(code)),
  };
}
