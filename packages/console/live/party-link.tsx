/** A component's name that leads to its place on the estate; the whole id beneath it. */
import { placeHref } from "../app/route.ts";
import { componentName, shortName } from "../words/names.ts";

export function PartyLink({ id }: { readonly id: string }) {
  const { kind } = componentName(id);
  if (kind === "") return <span className="mono">{id}</span>;
  return (
    <span className="party-link">
      <a href={placeHref({ page: "estate", component: id })}>
        {kind} {shortName(id)}
      </a>
      <span className="mono dim">{id}</span>
    </span>
  );
}
