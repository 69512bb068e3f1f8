/** The estate: who stands in which boundary, who called whom, and what was refused. A graph, and the same as tables. */
import { useMemo, useState } from "react";
import { SegmentedControl } from "@mantine/core";
import { go } from "../app/route.ts";
import { useSession } from "../app/session.ts";
import { usePolled } from "../app/use-polled.ts";
import { count, counted } from "../words/amounts.ts";
import { ComponentPanel } from "./component-panel.tsx";
import { EstateGraph } from "./estate-graph.tsx";
import { EstateTables } from "./estate-tables.tsx";
import { drawEstate } from "./picture.ts";

const pollMs = 2_000;
/** In a narrower window the graph is too small to read, and the tables come first. */
const graphWidth = 700;

export function EstatePage({ selected }: { readonly selected: string | undefined }) {
  const { client } = useSession();
  const { value: estate, problem } = usePolled(client.estate, pollMs);
  const [form, setForm] = useState<"graph" | "tables">(() => (innerWidth < graphWidth ? "tables" : "graph"));
  const picture = useMemo(() => drawEstate(estate ?? { components: [], flows: [] }), [estate]);
  if (estate === undefined)
    return (
      <div className="empty">
        <h2>Reading the estate</h2>
        {problem !== undefined && <p>{problem.message}</p>}
      </div>
    );
  if (estate.components.length === 0)
    return (
      <div className="empty">
        <h2>Nothing is registered yet</h2>
        <p>
          List what you run under <code>components</code> in <code>cordon.yaml</code>; a saved file takes effect at
          once. To check it first: <code>cordon config check</code>
        </p>
      </div>
    );
  const component = estate.components.find(({ id }) => id === selected);
  const select = (id: string | undefined): void =>
    go(id === undefined ? { page: "estate" } : { page: "estate", component: id });
  const allowed = estate.flows.reduce((sum, flow) => sum + flow.allowed, 0);
  const denied = estate.flows.reduce((sum, flow) => sum + flow.denied, 0);

  return (
    <section className="estate" aria-label="Estate" data-panel={component !== undefined}>
      <div className="estate-bar">
        <SegmentedControl
          size="xs"
          aria-label="Form"
          data={[
            { value: "graph", label: "Graph" },
            { value: "tables", label: "Tables" },
          ]}
          value={form}
          onChange={(value) => setForm(value)}
        />
        <p>
          {counted(estate.components.length, "component", "components")},{" "}
          {counted(estate.routes.length, "route", "routes")}. Since Cordon started: <b>{count(allowed)}</b> allowed,{" "}
          <b className={denied > 0 ? "red" : ""}>{count(denied)}</b> denied.
        </p>
        {form === "graph" && (
          <ul className="legend" aria-label="Legend">
            <li className="legend-allowed">allowed</li>
            <li className="legend-denied">denied</li>
            <li className="legend-out">isolated or revoked</li>
          </ul>
        )}
      </div>
      <div className="estate-body">
        {form === "graph" ? (
          <EstateGraph picture={picture} selected={component?.id} onSelect={select} />
        ) : (
          <EstateTables estate={estate} onSelect={select} />
        )}
        {component !== undefined && (
          <ComponentPanel component={component} estate={estate} onClose={() => select(undefined)} />
        )}
      </div>
    </section>
  );
}
