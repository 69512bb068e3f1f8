/**
 * Cordon with its controls taken out, to see what they cost. It exists in this benchmark only: no configuration makes
 * Cordon so. In: the configuration's path. Out: its gateway, where every decision is the same allow, and the ledger is a
 * counter that acknowledges at once and writes nothing. Peers are still verified, requests still parsed strictly and
 * digested, and each interaction still goes through the whole of the gateway.
 */
import { openOwnIdentity } from "@cordon/control/authority/own-identity";
import { digestKeys } from "@cordon/control/keys/digest-keys";
import { openControlPlane } from "@cordon/control/wire";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import type { CompiledPolicies } from "@cordon/core/policy/engine";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import { openGateway } from "@cordon/gateway/gateway";
import { openObjectOwners } from "@cordon/gateway/routes/ownership";
import { serveUnderTest } from "./process-under-test.ts";

const allowed = { id: "bench", words: "the benchmark allows all", namespace: "default" as Namespace, annotations: {} };
const evaluation = { permits: [allowed], forbids: [], errors: [] };
const policies: CompiledPolicies = { size: 1, evaluate: () => evaluation };

serveUnderTest(async (input) => {
  const { configuration: path } = input as { readonly configuration: string };
  const onProblem = (error: unknown): void => void process.stderr.write(`${String(error)}\n`);
  const owned = new AsyncDisposableStack();
  const control = owned.use(await openControlPlane({ path, env: {}, now: Date.now, onProblem }));
  const { authority, snapshots, vault, configuration } = control;
  const own = [...snapshots.current().components.values()].find(({ name }) => name === "gateway");
  if (own === undefined) throw new Error("the estate has no component `gateway`");
  const ofGateway = { id: own.id, dnsNames: [], ipAddresses: ["127.0.0.1"] };
  const identity = owned.use(await openOwnIdentity({ authority, ...ofGateway, now: Date.now, onProblem }));
  let base: Snapshot | undefined;
  let changed: Snapshot | undefined;
  const withoutPolicies = (snapshot: Snapshot): Snapshot => {
    if (snapshot !== base || changed === undefined) changed = { ...(base = snapshot), policies };
    return changed;
  };
  let entries = 0;
  const gateway = owned.use(
    await openGateway({
      options: {
        listen: { host: "127.0.0.1", port: 0 },
        limits: configuration.gateway.limits,
        drainMs: 1_000,
        connectionMaxAgeMs: 3_600_000,
        receiveTimeoutMs: 30_000,
      },
      identity,
      snapshots: {
        current: () => withoutPolicies(snapshots.current()),
        confirmedAtMs: () => snapshots.confirmedAtMs(),
        subscribe: (listener) => snapshots.subscribe((snapshot) => listener(withoutPolicies(snapshot))),
      },
      ledger: {
        append: () => Promise.resolve(entries++),
        latestCheckpoint: () => "",
        receipt: () => Promise.reject(new Error("there is no ledger")),
      },
      digestKeys: digestKeys(vault),
      content: { keep: () => Promise.reject(new Error("there is nowhere to keep content")) },
      owners: owned.use(openObjectOwners(":memory:")),
      resolveSecret: () => Promise.reject(new Error("there are no secrets")),
      now: Date.now,
      monotonicMs: () => performance.now(),
      log: () => undefined,
    }),
  );
  return { port: gateway.port, close: () => owned.disposeAsync() };
});
