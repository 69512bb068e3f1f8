/**
 * `cordon up` as a value: control plane, ledger and gateway in one process, built in order and closed in reverse. In: a
 * configuration file. Out: a running Cordon, with what its owner needs to know about it.
 */
import { join, resolve } from "node:path";
import { openOwnIdentity } from "@cordon/control/authority/own-identity";
import { interceptionOf } from "@cordon/control/api/egress-operations";
import { openLocalApi } from "@cordon/control/api/local-api";
import type { ConsoleServer } from "@cordon/control/console/console-server";
import { configuredStoreUrl } from "@cordon/control/store/configured-url";
import { openLiveEntries, recentEntries } from "@cordon/control/console/live-entries";
import type { ModelAdmission } from "@cordon/control/node-api/model-admission";
import { openNodeApi } from "@cordon/control/node-api/open-node-api";
import { digestKeys, tokenKeys } from "@cordon/control/keys/digest-keys";
import { openOperations, type OperationsHandlers } from "@cordon/control/operations/listener";
import { spendApprovals } from "@cordon/control/grants/grants";
import { probeHandlers } from "@cordon/control/operations/probes";
import { openWatchers } from "@cordon/control/supply/served/watchers";
import { openSignals } from "@cordon/control/risk/open-signals";
import { openThreatFeeds } from "@cordon/control/risk/threat-feeds";
import { secretEffects } from "@cordon/control/registry/secret-effects";
import { recordChanges } from "@cordon/control/store/record-changes";
import { storedAdmission } from "@cordon/control/supply/admission/admission-key";
import { openControlPlane, type ControlPlane } from "@cordon/control/wire";
import { parseListenAddress } from "@cordon/core/contract/addresses";
import { resolveSecret } from "@cordon/core/contract/secret-reference";
import { CordonError } from "@cordon/core/errors";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import { formatVkey } from "@cordon/core/ledger/note";
import type { IdentitySource } from "@cordon/core/identity/svid";
import type { Instant } from "@cordon/core/instant";
import type { SpanDetector } from "@cordon/core/inspection/finding";
import { filesProblem } from "@cordon/core/policy/served-model";
import type { Component, Snapshot } from "@cordon/core/policy/snapshot";
import { openGateway, type Gateway } from "@cordon/gateway/gateway";
import { keepContent } from "@cordon/gateway/ledger/kept-content";
import { openLedger, type CheckpointSink, type Ledger } from "@cordon/gateway/ledger/ledger";
import type { GatewayEvent } from "@cordon/gateway/ports";
import { observers } from "@cordon/gateway/observation/observer";
import { openObjectOwners } from "@cordon/gateway/routes/ownership";
import { openConfiguredConsole } from "./console.ts";
import { doorStatus, openConfiguredDoors } from "./doors.ts";
import { openSharedDpop } from "./dpop.ts";
import { openConfiguredFlowSessions } from "./flow-sessions.ts";
import { openConfiguredEndpoint } from "./federation.ts";
import { openConfiguredTelemetry, openObservability, teeLog } from "./observability.ts";
import { lastEntries } from "./recent-entries.ts";
import { openOwnInspection } from "./own-inspection.ts";
import { openConfiguredKeeper } from "./keeper.ts";
import { watchedIncidents } from "./incidents.ts";
import { watchServedModels } from "./served-models.ts";
import { openConfiguredSensing } from "./sensing.ts";
import { segmentationOf } from "./segmentation.ts";
import { tokenDeskOf } from "./token-desk.ts";
import { readinessOf, statusOf } from "./status.ts";

export interface Cordon extends AsyncDisposable {
  readonly control: ControlPlane;
  /** The operator's log, and the collector's where there is one. */
  readonly log: (event: GatewayEvent) => void;
  readonly ledger: Ledger;
  readonly ledgerFolder: string;
  readonly gateway: Gateway;
  readonly gatewayId: SpiffeId;
  readonly gatewayUrl: string;
  /** The gateway's own SVID. */
  readonly identity: IdentitySource;
  readonly socketPath: string;
  /** Where operators' tools ask; nowhere unless configured. */
  readonly operationsUrl: string | undefined;
  /** Where agents of other machines ask; nowhere unless configured. */
  readonly agentsUrl: string | undefined;
  /** Where other enforcement points ask; nowhere unless configured. */
  readonly doorsUrl: string | undefined;
  /** Where other trust domains fetch our bundle; nowhere unless configured. */
  readonly endpointUrl: string | undefined;
  /** Where other systems send and fetch signals; nowhere unless configured. */
  readonly signalsUrl: string | undefined;
  /** The web console; without a server when it is switched off, or for the reason that `why` says. */
  readonly console: { readonly server: ConsoleServer | undefined; readonly why: string | undefined };
}

export interface CordonOptions {
  readonly path: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** One line an event, for the operator. */
  readonly log: (event: GatewayEvent) => void;
  readonly version: string;
  /** Looks for these instead of what is built in; for tests. */
  readonly spanDetectors?: readonly SpanDetector[];
  /** Listens here instead of where the configuration says; tests use port 0. */
  readonly listen?: string;
  /** Looks names of egress destinations up, instead of the system; for tests. */
  readonly resolveHost?: (host: string) => Promise<readonly string[]>;
  /** The wall clock; tests drive it. */
  readonly now?: () => Instant;
}

/** HTTP connections are told to close once they are this old, so that a peer proves itself again. */
const connectionMaxAgeMs = 3_600_000;
const receiveTimeoutMs = 30_000;

/** @throws {CordonError} what keeps Cordon from starting, with the remedy */
export async function startCordon(options: CordonOptions): Promise<Cordon> {
  const { env, now = Date.now } = options;
  await using opening = new AsyncDisposableStack();
  const telemetry = await openConfiguredTelemetry(options);
  if (telemetry !== undefined) opening.use(telemetry);
  const log = teeLog(options.log, telemetry?.log);
  const onProblem = (error: unknown): void =>
    log({ level: "error", event: "control-problem", words: error instanceof Error ? error.message : String(error) });
  /** A damaged past is found by verifying; it is no reason not to start. */
  const noEntries = (error: unknown): [] => {
    onProblem(error);
    return [];
  };
  const control = opening.use(await openControlPlane({ path: options.path, env, now, onProblem }));
  const { configuration, stateFolder, vault, authority, snapshots, trustDomain } = control;

  const folder = resolve(options.path, "..");
  const observability = opening.use(openObservability({ control, folder, traces: telemetry?.observer, log, now }));
  const ledgerFolder = join(stateFolder, "ledger");
  const origin = `${trustDomain}/${control.writer}`;
  const privateKey = await vault.logKey();
  const copyFolders = configuration.ledger.checkpoints.files.map((copy) => resolve(folder, copy));
  const files = { folder: ledgerFolder, origin, vkey: formatVkey(origin, privateKey), copyFolders };
  const ledger = opening.use(
    await openLedger({
      folder: ledgerFolder,
      origin,
      privateKey,
      checkpointEveryMs: configuration.ledger.checkpoints.everySeconds * 1000,
      sinks: [
        observability.checkpoints,
        ...copyFolders.map((copy): CheckpointSink => ({ kind: "files", folder: copy })),
      ],
      now,
    }),
  );
  const live = openLiveEntries(await lastEntries(files, ledger.latestCheckpoint(), recentEntries).catch(noEntries));
  const incidents = watchedIncidents({ control, record: (entry) => ledger.append(entry), log, now, onProblem });
  opening.defer(snapshots.subscribe(incidents.follow));
  incidents.follow(snapshots.current());
  ledger.hear((index, entry) => {
    if (configuration.console.enabled) live.hear(index, entry);
    incidents.hear(entry);
  }, onProblem);
  await observability.openEvents(ledger, files);
  opening.use(
    recordChanges({ store: control.store, ledger, cursorFile: join(stateFolder, "changes.cursor"), onProblem }),
  );

  const component = gatewayComponent(snapshots.current(), configuration.gateway.component);
  const listen = listenAddress(options.listen ?? configuration.gateway.listen);
  const names = {
    dnsNames: configuration.gateway.dnsNames,
    ipAddresses: isWildcard(listen.host) ? ["127.0.0.1"] : [listen.host],
  };
  const identity = opening.use(await openOwnIdentity({ authority, id: component.id, ...names, now, onProblem }));
  const owners = opening.use(openObjectOwners(join(stateFolder, "owners.db")));
  const sensing = opening.use(
    await openConfiguredSensing({
      ...{ risk: configuration.risk, folder, records: control.store.records, now, onProblem },
      gateway: origin.slice(origin.lastIndexOf("/") + 1),
    }),
  );
  let consoleUrl: string | undefined;
  const inspecting = opening.use(
    openOwnInspection({ spanDetectors: options.spanDetectors, registered: control.registered, env, log }),
  );
  const storeUrl = await configuredStoreUrl(configuration, { folder: resolve(options.path, ".."), stateFolder, env });
  const dpop = opening.use(
    await openSharedDpop({
      ...{ records: control.store.shortLived, vault, storeUrl, stateFolder, now, onProblem },
      asksNonces: configuration.gateway.dpopNonces,
    }),
  );
  const flows = opening.use(
    await openConfiguredFlowSessions({
      ...{ records: control.store.records, stateFolder, now, onProblem },
      storeUrl,
    }),
  );
  const gateway = opening.use(
    await openGateway({
      options: {
        listen,
        url: (port) =>
          configuration.gateway.url ?? `https://${configuration.gateway.dnsNames[0] ?? "localhost"}:${port}`,
        limits: configuration.gateway.limits,
        drainMs: configuration.gateway.drainSeconds * 1000,
        connectionMaxAgeMs,
        receiveTimeoutMs,
      },
      identity,
      snapshots,
      ledger,
      digestKeys: digestKeys(vault),
      tokenKeys: tokenKeys(vault),
      content: {
        keep: async (namespace, digest, bytes) =>
          void (await keepContent(join(stateFolder, "content"), await vault.contentKey(namespace), digest, bytes)),
      },
      owners,
      flows,
      ...dpop,
      interception: control.interception,
      resolveSecret: (reference) => resolveSecret(reference, secretEffects(env)),
      refreshTrust: (domain) => control.federation.refresh(domain),
      inspection: inspecting.inspection,
      sensing,
      stepUpUrl: () => (consoleUrl === undefined ? undefined : `${consoleUrl}/#/step-up`),
      now,
      monotonicMs: () => performance.now(),
      log,
      observer: observers(
        [...(observability.observer === undefined ? [] : [observability.observer]), { ended: incidents.inspected }],
        onProblem,
      ),
      ...(options.resolveHost === undefined ? {} : { resolveHost: options.resolveHost }),
      spendApprovals: (ids) => spendApprovals({ store: control.store, now }, ids),
    }),
  );
  const gatewayUrl = `https://${isWildcard(gateway.host) ? "127.0.0.1" : gateway.host}:${gateway.port}`;
  const openOperationsAt = async (at: string | undefined, handlers: OperationsHandlers) =>
    at === undefined
      ? undefined
      : await openOperations({ listen: listenAddress(at, "operations.listen"), handlers, onFailure: onProblem });
  const operations = await openOperationsAt(configuration.operations?.listen, {
    ...probeHandlers(() => readinessOf({ control, ledger, identity, now })),
    ...observability.handlers({ ledger, gateway, identity, version: options.version }),
  });
  if (operations !== undefined) opening.use(operations);
  control.shadow?.hear(({ at, words, details }) => {
    log({ level: "error", event: "policy-shadow-disagrees", words: `${words}: ${details}` });
    const revision = snapshots.current().revision;
    const said = `${words}: ${details}`.slice(0, 4_000);
    ledger
      .append({ v: 1, kind: "change", at, revision, actor: "system:policy-shadow", words: said, objects: [] })
      .catch(onProblem);
  });
  const doors = await openConfiguredDoors(control, {
    ...{ ledger, now, onFailure: onProblem, id: component.id, flows },
    refused: (error, from) =>
      log({ level: "warn", event: "enforcement-point-refused", words: error.message, code: error.code, from }),
  });
  if (doors !== undefined) opening.use(doors);
  const keeper = await openConfiguredKeeper({ control, ledger, log, now, onProblem });
  if (keeper !== undefined) opening.use(keeper);
  const status = () => ({
    ...statusOf({
      control,
      ledger,
      gateway,
      gatewayUrl,
      gatewayId: component.id,
      identity,
      version: options.version,
      now,
    }),
    doors: doorStatus(control, doors),
    policyShadow: control.shadow?.status(),
    events: observability.events(),
    keeping: keeper?.problems() ?? [],
    encoder: { why: inspecting.encoderProblem() },
    metrics: { url: operations === undefined ? undefined : `${operations.url}/metrics` },
  });
  const tokens = tokenDeskOf({ control, ledger, identity, sensing, now });
  const console = opening.use(
    await openConfiguredConsole({
      segmentation: () => segmentationOf(control, gateway, now()),
      ...{ control, ledger, files, live, status, folder, env, log, now },
      gateway: () => ({ url: gatewayUrl, origin: gateway.origin, id: component.id }),
      tokens,
      attemptFailed: (attempt) => sensing.failed(attempt, now()),
    }),
  );
  consoleUrl = console.server?.url;
  const watchers = openWatchers({ records: control.store.records, machine: control.writer, now });
  opening.use(watchServedModels({ control, watchers, now, onProblem }));
  const admission: ModelAdmission = {
    ...storedAdmission(control.store, control.admissionKey, now),
    filesProblem: (served) => filesProblem(snapshots.current(), served),
  };
  const agents =
    configuration.agents === undefined
      ? undefined
      : opening.use(
          await openNodeApi({
            ...{ settings: configuration.agents, folder, authority, snapshots, trustDomain, now },
            store: control.store,
            watchers,
            admission,
            gateway: async () => ({
              ...{ url: gatewayUrl, id: component.id },
              ...(await interceptionOf({ interception: control.interception, snapshot: () => snapshots.current() })),
            }),
            record: (change) => ledger.append(change),
            attestationFailed: incidents.attestationFailed,
            refused: (error, from) =>
              log({ level: "warn", event: "agent-refused", words: error.message, code: error.code, from }),
            onFailure: onProblem,
          }),
        );
  const agentsUrl =
    agents === undefined ? undefined : `https://${isWildcard(agents.host) ? "127.0.0.1" : agents.host}:${agents.port}`;
  const endpoint = await openConfiguredEndpoint(control, identity, folder, onProblem);
  if (endpoint !== undefined) opening.use(endpoint);
  const tell = (event: string) => (words: string) => log({ level: "info", event, words });
  const room = { folder, env, store: control.store, now, onProblem };
  opening.use(await openThreatFeeds({ ...room, lists: configuration.risk.threats, onRead: tell("threats-read") }));
  const signals =
    configuration.signals === undefined
      ? undefined
      : opening.use(
          await openSignals({
            ...{ ...room, settings: configuration.signals, vault, snapshot: () => snapshots.current() },
            onEvent: tell("signal-received"),
          }),
        );
  const socketPath = join(stateFolder, "control.sock");
  opening.use(
    await openLocalApi({
      socketPath,
      authority,
      store: control.store,
      snapshot: () => snapshots.current(),
      gateway: () => ({ url: gatewayUrl, id: component.id }),
      status: () => ({ ...status(), console: { url: console.server?.url, why: console.why } }),
      console: console.server,
      agentsUrl,
      admission,
      admissionKey: control.admissionKey,
      keeper,
      federation: control.federation,
      ...{ interception: control.interception, egressTotals: gateway.egressTotals, flows },
      tokens,
      endpoint: endpoint && {
        ...{ url: endpoint.url, profile: endpoint.profile },
        ...(endpoint.profile === "https_spiffe" && { id: component.id }),
      },
      record: (change) => ledger.append(change),
      now,
      onFailure: onProblem,
    }),
  );
  const owned = opening.move();
  return {
    control,
    log,
    ledger,
    ledgerFolder,
    gateway,
    gatewayId: component.id,
    gatewayUrl,
    identity,
    socketPath,
    operationsUrl: operations?.url,
    agentsUrl,
    doorsUrl: doors?.url,
    endpointUrl: endpoint?.url,
    signalsUrl: signals?.url,
    console,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function gatewayComponent(snapshot: Snapshot, reference: string): Component {
  const [first = "", second] = reference.split("/");
  const [namespace, name] = second === undefined ? ["default", first] : [first, second];
  const found = [...snapshot.components.values()].find(
    (component) => component.namespace === namespace && component.name === name,
  );
  if (found === undefined)
    throw new CordonError(
      "CONFIG_INVALID",
      `\`gateway.component\` is \`${reference}\`, but no such component is registered; add it under \`components\``,
    );
  return found;
}

function listenAddress(text: string, field = "gateway.listen"): { readonly host: string; readonly port: number } {
  const parsed = parseListenAddress(text);
  if ("problem" in parsed) throw new CordonError("CONFIG_INVALID", `\`${field}\` ${parsed.problem}`);
  return parsed.ok;
}

function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}
