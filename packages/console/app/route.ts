/** Which page the address names: `#/estate?component=ID`. In: the fragment. Out: page and component; and back. */
import { useSyncExternalStore } from "react";

export const pages = ["live", "estate", "policy", "ledger", "risk", "grants", "people"] as const;
export type Page = (typeof pages)[number];

export interface Place {
  readonly page: Page;
  /** On the estate: whose facts are shown. */
  readonly component?: string;
  /** On the grants: which one is open. */
  readonly id?: string;
  /** On the grants: a break-glass to look at and sign, as the command line asks for it. */
  readonly ask?: string;
}

/** What the fragment names; the live page for anything that is no page. */
export function parsePlace(fragment: string): Place {
  const [path = "", query = ""] = fragment.replace(/^#\/?/, "").split("?", 2);
  const page = pages.find((each) => each === path) ?? "live";
  const asked = new URLSearchParams(query);
  const component = asked.get("component");
  const id = asked.get("id");
  const ask = asked.get("ask");
  if (page === "grants" && ask !== null && ask !== "") return { page, ask };
  if (page === "grants" && id !== null && id !== "") return { page, id };
  return component === null || component === "" ? { page } : { page, component };
}

export function placeHref({ page, component, id }: Place): string {
  if (id !== undefined) return `#/${page}?${new URLSearchParams({ id })}`;
  return component === undefined ? `#/${page}` : `#/${page}?${new URLSearchParams({ component })}`;
}

export function go(place: Place): void {
  location.hash = placeHref(place);
}

export function usePlace(): Place {
  const fragment = useSyncExternalStore(
    (changed) => {
      addEventListener("hashchange", changed);
      return () => removeEventListener("hashchange", changed);
    },
    () => location.hash,
  );
  return parsePlace(fragment);
}
