/**
 * The console of a running Cordon. In: its rooms. Out: an open console, none because it is switched off, or why it could
 * not be opened. A taken port does not keep the gateway from protecting: it is said, on the first screen and in `status`.
 */
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { revoke } from "@cordon/control/api/revocation-operations";
import { openConsole, type ConsoleServer } from "@cordon/control/console/console-server";
import type { SegmentationResponse } from "@cordon/core/contract/segmentation-api";
import type { LiveEntries } from "@cordon/control/console/live-entries";
import { readerOf } from "@cordon/control/console/reading";
import type { ConsoleRooms } from "@cordon/control/console/operations";
import type { TokenDesk } from "@cordon/control/inspection/token-desk";
import type { ControlPlane } from "@cordon/control/wire";
import { withdrawOwnIssuer } from "@cordon/control/oauth/signing-keys";
import { parseListenAddress } from "@cordon/core/contract/addresses";
import type { OverviewResponse } from "@cordon/core/contract/console-api";
import { CordonError } from "@cordon/core/errors";
import type { LedgerEntry } from "@cordon/core/ledger/entry";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { Ledger } from "@cordon/gateway/ledger/ledger";
import type { GatewayEvent } from "@cordon/gateway/ports";
import type { People, PeopleOptions } from "@cordon/control/people/open-people";
import { openConfiguredPeople } from "./people.ts";
import { openConfiguredOauth } from "./oauth.ts";
import { problemsOf } from "./problems.ts";
import type { statusOf } from "./status.ts";
import { verifyLiveLedger, type LiveLedger } from "./verify-ledger.ts";

/** `why` is there when a console should be served, and is not. */
export interface OpenedConsole extends AsyncDisposable {
  readonly server: ConsoleServer | undefined;
  readonly why: string | undefined;
}

export interface ConsoleWiring {
  readonly control: ControlPlane;
  readonly ledger: Ledger;
  readonly files: LiveLedger;
  readonly live: LiveEntries;
  readonly status: () => ReturnType<typeof statusOf>;
  readonly segmentation: () => SegmentationResponse;
  /** Folder of the `cordon.yaml`, where relative paths start. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the gateway is, and who. */
  readonly gateway: () => { readonly url: string; readonly origin: string; readonly id: SpiffeId };
  readonly log: (event: GatewayEvent) => void;
  readonly tokens: TokenDesk;
  /** Told of attempts to come in that failed. */
  readonly attemptFailed: PeopleOptions["attemptFailed"];
  readonly now: () => number;
}

/** @throws {CordonError} `CONFIG_INVALID` for what is wrong with `console` in the configuration */
export async function openConfiguredConsole(wiring: ConsoleWiring): Promise<OpenedConsole> {
  const { control, ledger, folder, log, now } = wiring;
  const { enabled, listen, origin, tls } = control.configuration.console;
  // Without it no token of an earlier configuration counts any more.
  if (!enabled || control.configuration.oauth === undefined) await withdrawOwnIssuer(control.store, now());
  if (!enabled) return opened(undefined, undefined);
  const address = parseListenAddress(listen);
  if ("problem" in address) throw new CordonError("CONFIG_INVALID", `\`console.listen\` ${address.problem}`);
  let people: People | undefined;
  try {
    const server = await openConsole({
      listen: address.ok,
      origin,
      tls: tls && { certFile: resolve(folder, tls.certFile), keyFile: resolve(folder, tls.keyFile) },
      staticFolder: consolePages(),
      rooms: consoleRooms(wiring, () => people?.unreviewed() ?? []),
      readerOf: (key) => readerOf(key, control.snapshots.current()),
      store: control.store,
      record: (entry) => ledger.append(entry),
      people: async (around) => (people = await openConfiguredPeople(wiring, around)),
      oauth: (rooms, at) => openConfiguredOauth(wiring, rooms, at),
      revoke: (component, reason, actor) => {
        const rooms = { store: control.store, snapshot: () => control.snapshots.current(), now };
        const record = (change: LedgerEntry) => ledger.append(change);
        return revoke({ ...rooms, record }, { type: "workload", component, reason }, actor);
      },
      tokens: wiring.tokens,
      log,
      now,
      monotonicMs: () => performance.now(),
    });
    return opened(server, undefined);
  } catch (error) {
    if (!(error instanceof CordonError) || !isTaken(error)) throw error;
    log({ level: "error", event: "console-unavailable", words: error.message });
    return opened(undefined, error.message);
  }
}

/** The built pages: in a checkout where the build leaves them, in the published package beside the program. */
export function consolePages(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  return import.meta.url.endsWith(".ts") ? join(here, "..", "..", "console", "dist") : join(here, "console");
}

function consoleRooms(
  { control, ledger, files, live, status, segmentation }: ConsoleWiring,
  unreviewed: () => readonly string[],
): Omit<ConsoleRooms, "store" | "readerFor"> {
  return {
    live,
    overview: () => {
      const overview = overviewOf(status());
      const taken = unreviewed();
      if (taken.length === 0) return overview;
      const words = `Taken by break-glass and not reviewed yet: ${taken.slice(0, 5).join("; ")}. Look at them under Grants.`;
      return { ...overview, problems: [...overview.problems, words] };
    },
    segmentation,
    estate: () => {
      const { components, overlays, revocations } = control.snapshots.current();
      return {
        components: [...components.values()].map(({ id, namespace, kind, name, boundary, labels, description }) => ({
          ...{ id, namespace, kind, name, boundary, description },
          sensitivity: labels.sensitivity,
          categories: [...labels.categories],
          isolated: overlays.isolated.has(id),
          revoked: revocations.workloads.has(id),
        })),
        routes: status().routes.map(
          ({ namespace, name, path, kind, mode, wouldDeny, resources, controls, unseen }) => ({
            ...{ namespace, name, path, kind, mode, wouldDeny, resources, controls, unseen },
          }),
        ),
      };
    },
    receipt: (index) => ledger.receipt(index),
    verify: (progress, signal) => verifyLiveLedger(files, progress, signal),
  };
}

function overviewOf(status: ReturnType<typeof statusOf>): OverviewResponse {
  const { version, trustDomain, revision, gateway, keysSealedBy, policies, ledger } = status;
  return {
    ...{ version, trustDomain, revision, keysSealedBy },
    mode: status.mode === "observe" ? "observe" : "enforce",
    gateway: { url: gateway.url, id: gateway.id, live: gateway.live },
    policies: policies.count,
    ledger: { size: ledger.size, state: ledger.state, checkpointSize: ledger.checkpointSize },
    problems: problemsOf(status),
  };
}

function opened(server: ConsoleServer | undefined, why: string | undefined): OpenedConsole {
  return { server, why, [Symbol.asyncDispose]: async () => server?.[Symbol.asyncDispose]() };
}

function isTaken(error: CordonError): boolean {
  return (error.cause as NodeJS.ErrnoException | undefined)?.code === "EADDRINUSE";
}
