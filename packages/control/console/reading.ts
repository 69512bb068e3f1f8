/**
 * What somebody may read in the console. In: whose key asks. Out: everything, or what belongs to their own namespace. Whoever
 * paired a browser with a code from the terminal holds this machine's control plane; administrators and auditors see all; others
 * see their own team's, and what they did themselves.
 */
import type { EstateResponse, OverviewResponse } from "@cordon/core/contract/console-api";
import type { SegmentationResponse } from "@cordon/core/contract/segmentation-api";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import { parseSpiffeId, type SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { ChangeEntry, LedgerEntry } from "@cordon/core/ledger/entry";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import { administratorsGroup, isIn } from "../people/deps.ts";
import type { ConsoleKey } from "./console-keys.ts";

/** The group whose members read everything and change nothing; the namespace `default`'s. */
export const auditorsGroup = "default/auditors";

export type Reader =
  | { readonly sees: "all" }
  | {
      readonly sees: "own";
      readonly id: SpiffeId;
      readonly namespace: Namespace;
      /** Whether a component or a person is of their namespace. */
      readonly owns: (id: string) => boolean;
    };

const nobody: Reader = Object.freeze({
  sees: "own",
  id: "spiffe://invalid/nobody" as SpiffeId,
  namespace: "" as Namespace,
  owns: () => false,
});
const everything: Reader = Object.freeze({ sees: "all" });

/** Of now: groups and locks are looked up each time. */
export function readerOf(
  { user }: Pick<ConsoleKey, "user">,
  { users, components }: Pick<Snapshot, "users" | "components">,
): Reader {
  if (user === undefined) return everything;
  const id = parseSpiffeId(user);
  const known = users?.get(id);
  if (known === undefined || known.locked !== undefined) return nobody;
  if (isIn(known, administratorsGroup) || isIn(known, auditorsGroup)) return everything;
  const { namespace } = known;
  const owns = (one: string): boolean =>
    (components.get(one as SpiffeId)?.namespace ?? users?.get(one as SpiffeId)?.namespace) === namespace;
  return { sees: "own", id, namespace, owns };
}

/** An entry as they may read it; `undefined`: not at all. */
export function readable(reader: Reader, entry: LedgerEntry): LedgerEntry | undefined {
  if (reader.sees === "all") return entry;
  const { id, namespace, owns } = reader;
  switch (entry.kind) {
    case "decision":
      if (entry.principal === id || entry.user?.id === id) return entry;
      // Who administers is not their team's business, though Cordon's own component lies in some namespace.
      if (entry.action === "administer") return undefined;
      return entry.namespace === namespace || owns(entry.principal) ? entry : undefined;
    case "outcome":
      return entry.namespace === namespace ? entry : undefined;
    case "discovery":
      return owns(entry.principal) ? entry : undefined;
    case "change":
      return readableChange(namespace, entry);
    case "refusal":
    case "writer":
      return undefined;
  }
}

/** What a namespace itself holds. Keys, sessions, codes and accounts lie in some namespace too, and are nobody's to read. */
const teamKinds: ReadonlySet<string> = new Set([
  ...(["component", "upstream", "route", "tunnel", "data-door", "egress", "policy"] as const),
  ...(["window", "exception", "grant-rule", "grant"] as const),
]);

function readableChange(namespace: Namespace, entry: ChangeEntry): ChangeEntry | undefined {
  const objects = entry.objects.filter((object) => object.namespace === namespace && teamKinds.has(object.kind));
  if (objects.length === 0) return undefined;
  if (objects.length === entry.objects.length) return entry;
  const { words: _, ...rest } = entry; // they speak of all of it
  return { ...rest, objects };
}

/** Components, routes and flows of their namespace; of a flow that crosses it, the other end by its name alone. */
export function readableEstate(reader: Reader, estate: EstateResponse): EstateResponse {
  if (reader.sees === "all") return estate;
  const { namespace } = reader;
  return {
    components: estate.components.filter((one) => one.namespace === namespace),
    routes: estate.routes.filter((one) => one.namespace === namespace),
    flows: estate.flows.filter(({ principal, resource }) => reader.owns(principal) || reader.owns(resource)),
  };
}

export function readableSegmentation(reader: Reader, all: SegmentationResponse): SegmentationResponse {
  if (reader.sees === "all") return { ...all, egress: shownEgress(all.egress.totals) };
  const own = (name: string): boolean => name.startsWith(`${reader.namespace}/`);
  return {
    boundaries: all.boundaries.map(({ name, mode }) => ({ name, mode, components: 0, wouldDeny: 0 })),
    exceptions: all.exceptions.filter(({ principal, resource }) => reader.owns(principal) || reader.owns(resource)),
    windows: all.windows.filter(({ namespace }) => namespace === reader.namespace),
    observing: all.observing.filter(({ name }) => own(name)),
    egress: shownEgress(
      all.egress.totals.filter(({ principal, namespace }) => namespace === reader.namespace || reader.owns(principal)),
    ),
  };
}

/** More pairs than this are counted: the page is asked for every few seconds. */
const mostTotals = 200;

function shownEgress(totals: SegmentationResponse["egress"]["totals"]): SegmentationResponse["egress"] {
  return { totals: totals.slice(0, mostTotals), more: Math.max(0, totals.length - mostTotals) };
}

/** What is wrong names components and people: others are told that something is, and who can see what. */
export function readableOverview(reader: Reader, overview: OverviewResponse): OverviewResponse {
  if (reader.sees === "all" || overview.problems.length === 0) return overview;
  const many = overview.problems.length;
  const words = `${many === 1 ? "Something needs" : `${many} things need`} an administrator's attention.`;
  return { ...overview, problems: [words] };
}

/** Until it is known who they are. */
export function unknownReader({ user }: Pick<ConsoleKey, "user">): Reader {
  return user === undefined ? everything : nobody;
}
