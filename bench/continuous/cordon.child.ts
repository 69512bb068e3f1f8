/**
 * One Cordon under test, as `cordon up` builds it, in a process of its own. In: where its configuration is; then what to
 * issue and what to change, by message. Out: its port, identities, and when each change was asked for.
 */
import { createHash, createPublicKey } from "node:crypto";
import { startCordon } from "@cordon/cli/up/wire";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import { componentId } from "@cordon/core/identity/spiffe-id";
import { nowMs } from "./clock.ts";

export interface Start {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
}

export type Ask =
  | { readonly ask: "issue"; readonly component: string; readonly publicKey: string }
  | { readonly ask: "change"; readonly kind: ChangeKind; readonly component: string }
  | { readonly ask: "live" }
  | { readonly ask: "stop" };

export type ChangeKind = "revocation" | "isolation" | "session-revoked" | "isolation-of-resource";

if (process.send !== undefined) process.once("message", (start: Start) => void run(start));

async function run({ path, env }: Start): Promise<void> {
  const cordon = await startCordon({
    ...{ path, env, version: "bench" },
    log: (event) => {
      if (event.level === "error") process.stderr.write(`${event.event}: ${event.words}\n`);
    },
  });
  const { store, authority, trustDomain } = cordon.control;
  const idOf = (name: string) => componentId(trustDomain, "default" as Namespace, "agent", name);

  const change = async (kind: ChangeKind, component: string): Promise<number> => {
    const id = idOf(component);
    const common = { reason: "benchmark", at: Date.now() };
    const of = { namespace: "default" as Namespace };
    const hash = createHash("sha256").update(id).digest("hex");
    const [key, value] = {
      revocation: [
        { kind: "revocation", namespace: "default" as Namespace, name: `workload-${hash}` },
        { type: "workload", id, ...common },
      ],
      isolation: [
        { kind: "isolation", ...of, name: component },
        { component: id, reason: "benchmark", since: Date.now() },
      ],
      "session-revoked": [
        { kind: "subject", ...of, name: hash },
        { subject: `default/agent/${component}`, sessionsRevoked: { source: "benchmark", ...common } },
      ],
      "isolation-of-resource": [
        { kind: "isolation", ...of, name: "chat" },
        {
          component: componentId(trustDomain, "default" as Namespace, "endpoint", "chat"),
          reason: "benchmark",
          since: Date.now(),
        },
      ],
    }[kind] as [Parameters<Parameters<Parameters<typeof store.transact>[2]>[0]["put"]>[0], unknown];
    const askedAt = nowMs();
    await store.transact("benchmark", Date.now(), (transaction) => transaction.put(key, value, "api"));
    return askedAt;
  };

  process.on("message", (message: Ask) => {
    void (async () => {
      switch (message.ask) {
        case "issue": {
          const publicKey = createPublicKey(message.publicKey);
          const svid = await authority.issueX509Svid({ id: idOf(message.component), key: { publicKey } });
          const { id, chain, notBefore, notAfter } = svid;
          return process.send?.({
            id,
            chain: chain.map((each) => Buffer.from(each).toString("base64")),
            notBefore,
            notAfter,
          });
        }
        case "change":
          return process.send?.({ askedAt: await change(message.kind, message.component) });
        case "live":
          return process.send?.({ live: cordon.gateway.liveCount(), rssBytes: process.memoryUsage.rss() });
        case "stop":
          await cordon[Symbol.asyncDispose]();
          process.exit(0);
      }
    })().catch((error: unknown) => {
      process.send?.({ error: String((error as Error).stack) });
    });
  });
  process.send?.({ port: cordon.gateway.port });
}
