/**
 * Messages to an MCP server, the way the gateway sends them: to the very peer that the configuration names, with the
 * upstream's credential. In: an upstream, and whose identity is shown. Out: a way to send, until it is disposed of.
 */
import { resolveSecret } from "@cordon/core/contract/secret-reference";
import { CordonError } from "@cordon/core/errors";
import type { IdentitySource } from "@cordon/core/identity/svid";
import type { Snapshot, Upstream } from "@cordon/core/policy/snapshot";
import { secretEffects } from "@cordon/control/registry/secret-effects";
import { openUpstreams, upstreamTarget } from "@cordon/gateway/upstream/upstreams";
import type { SendMessage } from "./list-tools.ts";

const maxBytes = 16 * 1024 * 1024;

export interface Sender extends AsyncDisposable {
  readonly send: SendMessage;
}

/** @param identity shown to upstreams that ask for SPIFFE; with the snapshot, it says whom to believe */
export function openSender(
  upstream: Upstream,
  identity: IdentitySource,
  snapshot: Snapshot,
  env: NodeJS.ProcessEnv,
): Sender {
  const upstreams = openUpstreams({
    identity,
    snapshots: { current: () => snapshot, confirmedAtMs: () => performance.now(), subscribe: () => () => undefined },
    now: Date.now,
    monotonicMs: () => performance.now(),
    resolveSecret: (reference) => resolveSecret(reference, secretEffects(env)),
  });
  return {
    async send(headers, body) {
      const [name, value] = await upstreams.credential(upstream);
      const response = await upstreams.dispatcher(upstream).request({
        path: upstreamTarget(upstream, ""),
        method: "POST",
        headers: { ...headers, ...(name === undefined || value === undefined ? {} : { [name]: value }) },
        body,
      });
      const chunks: Buffer[] = [];
      let bytes = 0;
      for await (const chunk of response.body as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes > maxBytes)
          throw new CordonError("UPSTREAM_UNREACHABLE", `the server's answer is over ${maxBytes} bytes`);
        chunks.push(chunk);
      }
      const text = (field: string): string | undefined => {
        const found = response.headers[field];
        return typeof found === "string" ? found : undefined;
      };
      return {
        status: response.statusCode,
        contentType: text("content-type") ?? "",
        session: text("mcp-session-id"),
        text: Buffer.concat(chunks).toString("utf8"),
      };
    },
    [Symbol.asyncDispose]: () => upstreams[Symbol.asyncDispose](),
  };
}
