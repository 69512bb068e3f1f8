/**
 * Connection pools and credentials of the upstreams in force. In: upstream descriptions. Out: a dispatcher, and the
 * header that carries the upstream's credential. A pool lives as long as some snapshot names its upstream.
 */
import { Pool, type Dispatcher } from "undici";
import { CordonError } from "@cordon/core/errors";
import type { SecretReference, Snapshot, Upstream } from "@cordon/core/policy/snapshot";
import { connectorTo, type Connector, type ConnectorDeps } from "./connector.ts";

export interface UpstreamDeps extends ConnectorDeps {
  readonly resolveSecret: (reference: SecretReference) => Promise<string>;
  readonly monotonicMs: () => number;
}

interface OpenUpstream {
  readonly pool: Pool;
  readonly connector: Connector;
  credential: { readonly header: readonly string[]; readonly readAtMs: number } | undefined;
}

/** A rotated credential is picked up within this time, without a restart. */
const credentialTtlMs = 30_000;

export interface Upstreams extends AsyncDisposable {
  dispatcher(upstream: Upstream): Dispatcher;
  /** Name and value of the credential header, or nothing. Asynchronous only when it has to be read. */
  credential(upstream: Upstream): readonly string[] | Promise<readonly string[]>;
  /** Follows a new snapshot: verifies peers again, closes the pools of upstreams that are gone. */
  follow(snapshot: Snapshot): void;
}

export function openUpstreams(deps: UpstreamDeps): Upstreams {
  const open = new Map<string, OpenUpstream>();
  const keys = new WeakMap<Upstream, string>();

  const keyOf = (upstream: Upstream): string => {
    let key = keys.get(upstream);
    if (key === undefined) {
      key = JSON.stringify(upstream);
      keys.set(upstream, key);
    }
    return key;
  };

  const get = (upstream: Upstream): OpenUpstream => {
    const key = keyOf(upstream);
    let found = open.get(key);
    if (found === undefined) {
      const connector = connectorTo(upstream, deps);
      const pool = new Pool(new URL(upstream.url).origin, {
        connect: connector.connect as never,
        connections: null, // a stream holds its connection for minutes: a cap starves the next caller
        pipelining: 1,
        headersTimeout: upstream.timeouts.firstByteMs,
        bodyTimeout: upstream.timeouts.idleMs,
        keepAliveTimeout: 30_000,
        allowH2: false,
      });
      found = { pool, connector, credential: undefined };
      open.set(key, found);
    }
    return found;
  };

  return {
    dispatcher: (upstream) => get(upstream).pool,
    credential(upstream) {
      const { credential } = upstream;
      if (credential === undefined) return [];
      const holder = get(upstream);
      if (holder.credential !== undefined && deps.monotonicMs() - holder.credential.readAtMs < credentialTtlMs)
        return holder.credential.header;
      return deps.resolveSecret(credential.secret).then((secret) => {
        const header = [credential.header, credential.prefix + secret];
        holder.credential = { header, readAtMs: deps.monotonicMs() };
        return header;
      });
    },
    follow(snapshot) {
      const named = new Set<string>();
      for (const route of snapshot.routes) {
        if (route.kind === "http" && route.fallback !== undefined) named.add(keyOf(route.fallback.upstream));
        if (route.kind === "http" || route.kind === "mcp" || route.kind === "s3") named.add(keyOf(route.upstream));
        else for (const target of route.models.values()) named.add(keyOf(target.upstream));
      }
      for (const [key, { pool, connector }] of open) {
        if (named.has(key)) connector.reverify(snapshot);
        else {
          open.delete(key);
          void pool.close();
        }
      }
    },
    async [Symbol.asyncDispose]() {
      const closing = [...open.values()].map(({ pool }) =>
        pool.destroy(new CordonError("DRAINING", "the gateway is closing")),
      );
      open.clear();
      await Promise.all(closing);
    },
  };
}

const basePaths = new WeakMap<Upstream, string>();

/** Base path of the upstream plus what follows the route's path. */
export function upstreamTarget(upstream: Upstream, rest: string): string {
  let base = basePaths.get(upstream);
  if (base === undefined) {
    base = new URL(upstream.url).pathname.replace(/\/$/, "");
    basePaths.set(upstream, base);
  }
  return base + rest || "/";
}
