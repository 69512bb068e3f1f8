/**
 * What the console's page of risk shows. In: the newest entries, the state. Out: scores with their contributions, devices with
 * their posture now, sessions, incidents. Nothing is decided here.
 */
import type { RiskResponse } from "@cordon/core/contract/risk-api";
import type { DecisionEntry } from "@cordon/core/ledger/entry";
import { defaultRiskSettings } from "@cordon/core/risk/settings";
import { deviceView } from "../api/device-operations.ts";
import { openDevices } from "../devices/devices.ts";
import { listIncidents } from "../incidents/incidents.ts";
import type { PeopleDeps } from "../people/deps.ts";
import { sessionKind, sessionValue } from "../people/objects.ts";
import { readValue } from "../registry/objects.ts";
import type { LiveEntries } from "./live-entries.ts";

const mostShown = 100;

export async function riskView(
  { store, snapshot, now }: Pick<PeopleDeps, "store" | "snapshot" | "now">,
  live: Pick<LiveEntries, "from">,
  administers: boolean,
): Promise<RiskResponse> {
  const limits = (snapshot().risk ?? defaultRiskSettings).posture;
  const devices = await openDevices(store, now, () => limits.maxAgeMs).list();
  const sessions = (await store.list(sessionKind)).map((object) => ({
    id: object.name,
    ...readValue(sessionValue, object),
  }));
  return {
    scores: [...scoresOf(live)],
    devices: devices.map((device) => deviceView(device, limits, now())),
    sessions: sessions
      .filter(({ ends }) => now() < ends)
      .toSorted((a, b) => b.authenticatedAt - a.authenticatedAt)
      .map(({ passkey: _passkey, ...session }) => session),
    incidents: [...(await listIncidents({ store }))],
    administers,
  };
}

/** The newest decision of each, the person where one is behind it. */
function scoresOf(live: Pick<LiveEntries, "from">): RiskResponse["scores"] {
  const newest = new Map<string, DecisionEntry>();
  for (const { entry } of live.from(0, Number.POSITIVE_INFINITY))
    if (entry.kind === "decision") newest.set(entry.user?.id ?? entry.principal, entry);
  const scores = [...newest].map(([who, { risk, at, effect, action, resource }]) => ({
    ...{ who, tier: risk.tier, score: risk.score, at, effect, action, resource },
    contributions: risk.contributions.map((one) => ({ ...one })),
  }));
  return scores.toSorted((a, b) => b.score - a.score || b.at - a.at).slice(0, mostShown);
}
