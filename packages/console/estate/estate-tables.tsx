/** The estate in words: the same components and flows as the graph, for reading, searching and screen readers. */
import type { EstateResponse } from "@cordon/core/contract/console-api";
import { Time } from "../app/time.tsx";
import { count } from "../words/amounts.ts";
import { shortName } from "../words/names.ts";
import type { Flow } from "./flows.ts";
import { laneOrder, type Component } from "./layout.ts";

interface EstateTablesProps {
  readonly estate: EstateResponse;
  readonly onSelect: (id: string) => void;
}

export function EstateTables({ estate, onSelect }: EstateTablesProps) {
  const components = estate.components.toSorted(
    (a, b) => laneOrder.indexOf(a.boundary) - laneOrder.indexOf(b.boundary) || a.id.localeCompare(b.id),
  );
  const flows = estate.flows.toSorted((a, b) => b.denied - a.denied || b.allowed - a.allowed);
  return (
    <div className="tables">
      <table>
        <caption>Components</caption>
        <thead>
          <tr>
            {["Component", "Kind", "Boundary", "Sensitivity", "Categories", "State", "Description"].map((title) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {components.map((component) => (
            <ComponentLine key={component.id} component={component} onSelect={onSelect} />
          ))}
        </tbody>
      </table>
      <table>
        <caption>Flows since Cordon started</caption>
        <thead>
          <tr>
            {["Principal", "Action", "Resource", "Allowed", "Denied", "Last"].map((title) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {flows.length === 0 && (
            <tr>
              <td colSpan={6}>No call has come through the gateway yet.</td>
            </tr>
          )}
          {flows.map((flow) => (
            <FlowLine key={`${flow.principal} ${flow.action} ${flow.resource}`} flow={flow} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function ComponentLine({
  component,
  onSelect,
}: {
  readonly component: Component;
  readonly onSelect: (id: string) => void;
}) {
  const { id, kind, boundary, sensitivity, categories, isolated, revoked, description } = component;
  return (
    <tr>
      <th scope="row">
        <button type="button" className="link" title={id} onClick={() => onSelect(id)}>
          {shortName(id)}
        </button>
      </th>
      <td>{kind}</td>
      <td>{boundary}</td>
      <td>
        <span className={`label label-${sensitivity}`}>{sensitivity}</span>
      </td>
      <td>{categories.join(", ")}</td>
      <td className={isolated || revoked ? "red" : undefined}>
        {[isolated ? "isolated" : "", revoked ? "revoked" : ""].filter((word) => word !== "").join(", ") ||
          "in service"}
      </td>
      <td>{description}</td>
    </tr>
  );
}

function FlowLine({ flow }: { readonly flow: Flow }) {
  return (
    <tr>
      <th scope="row" title={flow.principal}>
        {shortName(flow.principal)}
      </th>
      <td>{flow.action}</td>
      <td title={flow.resource}>{shortName(flow.resource)}</td>
      <td>{count(flow.allowed)}</td>
      <td className={flow.denied > 0 ? "red" : undefined}>{count(flow.denied)}</td>
      <td>
        <Time at={flow.lastAt} />
      </td>
    </tr>
  );
}
