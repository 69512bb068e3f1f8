/**
 * Builds the control plane, in order, by hand. In: a loaded configuration. Out: the store, the keys, the authority and
 * the newest snapshot, all running, with the configuration in force. What needs the ledger or the gateway's address
 * (recording changes, the local API) is opened by whoever composes the process.
 */
import type { KeyObject } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { CordonError } from "@cordon/core/errors";
import { resolveSecret } from "@cordon/core/contract/secret-reference";
import type { Configuration } from "@cordon/core/contract/configuration";
import { parseTrustDomain, type TrustDomain } from "@cordon/core/identity/spiffe-id";
import type { Instant } from "@cordon/core/instant";
import { openPolicyShadow, type PolicyShadow } from "./shadow/policy-shadow.ts";
import { compilePolicies, type CedarPolicies } from "@cordon/core/policy/cedar-engine";
import { openAuthority, type Authority } from "./authority/authority.ts";
import { openInterceptionAuthority, type InterceptionAuthority } from "./authority/interception.ts";
import type { UpstreamFiles } from "./authority/upstream-authority.ts";
import { dropExpiredRevocations, revocationsFrom } from "./authority/revocation.ts";
import { openForeignIssuers } from "./oauth/foreign-issuers.ts";
import { openFederation, type Federation } from "./federation/federation.ts";
import { openKeyVault, rewrapKeys, type KeyVault } from "./keys/key-vault.ts";
import { openRootKey, type RootKey, type RootKeyConfig } from "./keys/root-key.ts";
import { openRegistered, type RegisteredSource } from "./inspection/registered.ts";
import { applyConfiguration } from "./registry/apply-configuration.ts";
import { absoluteSecret } from "./registry/configuration-objects.ts";
import { buildSnapshot, type SnapshotDeps } from "./registry/build-snapshot.ts";
import { loadConfiguration, type LoadedConfiguration } from "./registry/load-configuration.ts";
import { secretEffects } from "./registry/secret-effects.ts";
import { followSnapshots, type SnapshotFeed } from "./registry/snapshot-feed.ts";
import { watchConfiguration, type ConfigurationWatch } from "./registry/watch-configuration.ts";
import { configuredStoreUrl } from "./store/configured-url.ts";
import { lockStateFolder } from "./store/state-folder-lock.ts";
import { openStateStore } from "./store/open-state-store.ts";
import type { StateStore } from "./store/state-store.ts";
import { writerId } from "./store/writer-id.ts";
import type { KeeperSettings } from "./supply/keeping/keeper.ts";
import { readAdmissionKey } from "./supply/admission/admission-key.ts";
import { forgetSeen, onMachine } from "./supply/served/served-files.ts";
import { heardElsewhere } from "./supply/served/watchers.ts";
import { admissionsFrom } from "./supply/admission/registry.ts";

export interface ControlPlane extends AsyncDisposable {
  readonly configuration: Configuration;
  readonly stateFolder: string;
  readonly trustDomain: TrustDomain;
  readonly store: StateStore;
  /** Names this state folder among others of the estate: its ledger, and its machine. */
  readonly writer: string;
  readonly vault: KeyVault;
  readonly sealedBy: RootKey["sealedBy"];
  readonly authority: Authority;
  /** Certifies hosts that egress looks into, to clients that trust it. */
  readonly interception: InterceptionAuthority;
  /** Whoever may admit models, where the configuration names one. */
  readonly admissionKey: KeyObject | undefined;
  /** What keeps admissions true, with absolute paths. */
  readonly keeping: KeeperSettings | undefined;
  readonly snapshots: SnapshotFeed;
  /** Cedar's official engine beside the compiled one, where it is asked for. */
  readonly shadow: PolicyShadow | undefined;
  /** Other trust domains. */
  readonly federation: Federation;
  /** Documents and marks that inspection looks for. */
  readonly registered: Pick<RegisteredSource, "current">;
  readonly watch: ConfigurationWatch;
}

export interface ControlOptions {
  /** Path of `cordon.yaml`. */
  readonly path: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => Instant;
  /** Hears of everything that went wrong without stopping the control plane. */
  readonly onProblem: (error: unknown) => void;
}

/** How often keys are looked over for renewal. */
const maintainEveryMs = 60_000;

/** @throws {CordonError} what keeps the control plane from starting, naming the file and the remedy */
export async function openControlPlane(options: ControlOptions): Promise<ControlPlane> {
  const { env, now, onProblem } = options;
  const loaded = await loadConfiguration(options.path);
  const { configuration, folder } = loaded;
  const trustDomain = parseTrustDomain(configuration.trustDomain);
  const stateFolder = resolve(folder, configuration.state);
  await makePrivateFolder(stateFolder);

  await using opening = new AsyncDisposableStack();
  opening.use(lockStateFolder(stateFolder));
  const writer = await writerId(stateFolder);
  const store = opening.use(
    await openStateStore(await configuredStoreUrl(configuration, { folder, stateFolder, env })),
  );
  const { root, also } = await rootKeyConfigs(loaded, env);
  const rootKey = await openRootKey(root, { stateFolder, also });
  await rewrapKeys({ store, rootKey, now });
  const vault = openKeyVault({ store, rootKey, now });
  const { svidTtlSeconds, jwtTtlSeconds, upstreamAuthority } = configuration.identity;
  const authority = await openAuthority({
    vault,
    store,
    trustDomain,
    now,
    settings: { svidTtlSeconds, jwtTtlSeconds },
    upstream: upstreamAuthority && upstreamFiles(upstreamAuthority, folder),
    onProblem,
  });

  const admissionKey = await readAdmissionKey(configuration, folder);
  let compiled: CedarPolicies | undefined;
  const shadow =
    configuration.policyShadow === undefined
      ? undefined
      : opening.use(openPolicyShadow({ ...configuration.policyShadow, now, onProblem }));
  const snapshotDeps: SnapshotDeps = {
    trustDomain,
    compile: (sources) =>
      (compiled = compilePolicies(sources, {
        trustDomain,
        ...(compiled === undefined ? {} : { previous: compiled }),
        ...(shadow === undefined ? {} : { sample: shadow.sample }),
      })),
    machine: onMachine(writer),
    readRevocations: revocationsFrom,
    ...(admissionKey && { readAdmissions: (objects) => admissionsFrom(objects, admissionKey) }),
  };
  const registered = openRegistered(env);
  const apply = async (next: LoadedConfiguration): Promise<void> => {
    const takeRegistered = await registered.read(next);
    await applyConfiguration(store, next.configuration, next.policyTexts, {
      actor: "config:cordon.yaml",
      now: now(),
      folder: next.folder,
      // A trial build with a compiler of its own: what is in force must not change before the commit.
      validate: (objects) =>
        void buildSnapshot(
          { revision: 1 as never, objects },
          { ...snapshotDeps, compile: (sources) => compilePolicies(sources, { trustDomain }) },
        ),
    });
    takeRegistered();
  };
  await apply(loaded);
  // Nobody looked here while Cordon was down: what was seen before counts for nothing, but for what other machines hear of.
  const elsewhere = await heardElsewhere(store.records, writer, now());
  await forgetSeen(store, { actor: "system:model-files", now: now(), of: (where) => !elsewhere.has(where) });
  // Asked often enough that a store which answers never lets the snapshot go stale.
  const confirmEveryMs = Math.min(1000, (configuration.staleness.limitSeconds * 1000) / 4);
  const snapshots = opening.use(await followSnapshots(store, snapshotDeps, { onProblem, confirmEveryMs }));
  const watch = opening.use(watchConfiguration({ path: options.path, initial: loaded, apply, onProblem }));
  const maintain = async (): Promise<void> => {
    await authority.maintain();
    await dropExpiredRevocations(store, now());
  };
  const maintenance = setInterval(() => void maintain().catch(onProblem), maintainEveryMs);
  maintenance.unref();
  // What another process did to the authority, and a revoked key, are news within the revision, not within a minute.
  opening.defer(snapshots.subscribe(() => void authority.maintain().catch(onProblem)));
  opening.defer(() => clearInterval(maintenance));
  const federation = opening.use(
    await openFederation({ store, snapshots, ownTrustDomain: trustDomain, now, onProblem }),
  );
  opening.use(await openForeignIssuers({ store, snapshots, now, onProblem }));
  const owned = opening.move();

  return {
    configuration,
    stateFolder,
    trustDomain,
    store,
    writer,
    vault,
    sealedBy: rootKey.sealedBy,
    authority,
    interception: openInterceptionAuthority({ vault, store, trustDomain, now }),
    admissionKey,
    keeping: keeperSettings(configuration, folder),
    snapshots,
    shadow,
    federation,
    registered,
    watch,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function makePrivateFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    throw new CordonError(
      "CONFIG_INVALID",
      `the state folder ${folder} cannot be made (${code}); set \`state\` to a folder you may write`,
      { cause },
    );
  }
}

function keeperSettings({ modelAdmission }: Configuration, folder: string): KeeperSettings | undefined {
  if (modelAdmission === undefined) return undefined;
  const { vulnerabilities, revocations, rescanHours } = modelAdmission;
  return {
    ...(vulnerabilities && { database: resolve(folder, vulnerabilities.database) }),
    maxAgeDays: vulnerabilities?.maxAgeDays ?? 7,
    ...(revocations !== undefined && { revocations: resolve(folder, revocations) }),
    rescanHours,
  };
}

function upstreamFiles(
  { certFile, keyFile, key, bundleFile }: NonNullable<Configuration["identity"]["upstreamAuthority"]>,
  folder: string,
): UpstreamFiles {
  const place = (file: string): string => resolve(folder, file);
  return {
    certFile: place(certFile),
    key: key ?? place(keyFile ?? ""),
    ...(bundleFile !== undefined && { bundleFile: place(bundleFile) }),
  };
}

async function rootKeyConfigs(
  { configuration, folder }: LoadedConfiguration,
  env: ControlOptions["env"],
): Promise<{ root: RootKeyConfig; also: RootKeyConfig[] }> {
  const { root, also } = configuration.keys;
  const resolved = async (source: typeof root): Promise<RootKeyConfig> =>
    "passphrase" in source
      ? { passphrase: await resolveSecret(absoluteSecret(source.passphrase, folder), secretEffects(env)) }
      : source;
  return { root: await resolved(root), also: await Promise.all(also.map(resolved)) };
}
