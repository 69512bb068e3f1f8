/** One component: what it is, what it did lately, and which routes reach it with which controls. */
import { useSyncExternalStore } from "react";
import { CloseButton } from "@mantine/core";
import type { EstateResponse } from "@cordon/core/contract/console-api";
import { useSession } from "../app/session.ts";
import { Time } from "../app/time.tsx";
import { Fact, Facts, Section } from "../live/facts.tsx";
import { effectWords } from "../live/row-words.ts";
import type { DecisionRow } from "../live/row.ts";
import { count, counted } from "../words/amounts.ts";
import { shortName } from "../words/names.ts";
import { Words } from "../words/words.tsx";
import type { Component } from "./layout.ts";

interface ComponentPanelProps {
  readonly component: Component;
  readonly estate: EstateResponse;
  readonly onClose: () => void;
}

const recentDecisions = 12;

export function ComponentPanel({ component, estate, onClose }: ComponentPanelProps) {
  const { id, kind, namespace, boundary, sensitivity, categories, description, isolated, revoked } = component;
  const routes = estate.routes.filter(({ resources }) => resources.includes(id));
  return (
    <aside className="panel" aria-label={`${kind} ${shortName(id)}`}>
      <header className="panel-head">
        <div>
          <small>{kind}</small>
          <h2>{shortName(id)}</h2>
        </div>
        <CloseButton aria-label="Close" onClick={onClose} />
      </header>
      {isolated && <p className="state-note">Isolated: Cordon refuses every call from it and to it.</p>}
      {revoked && <p className="state-note">Revoked: no identity of this component is accepted.</p>}
      <Section title="Facts">
        {description !== "" && <p>{description}</p>}
        <Facts>
          <Fact name="Identity" mono>
            {id}
          </Fact>
          <Fact name="Boundary">{boundary}</Fact>
          <Fact name="Sensitivity">{sensitivity}</Fact>
          <Fact name="Categories">{categories.length === 0 ? "none" : categories.join(", ")}</Fact>
          <Fact name="Namespace">{namespace}</Fact>
        </Facts>
      </Section>
      <Section title="Routes that reach it">
        {routes.length === 0 ? (
          <p className="dim">None: nobody can call it through the gateway.</p>
        ) : (
          routes.map((route) => <RouteControls key={`${route.namespace}/${route.name}`} route={route} />)
        )}
      </Section>
      <Section title="Flows since Cordon started">
        <Flows id={id} flows={estate.flows} />
      </Section>
      <Section title="Recent decisions">
        <Recent id={id} />
      </Section>
    </aside>
  );
}

function RouteControls({ route }: { readonly route: EstateResponse["routes"][number] }) {
  return (
    <div className="route">
      <p>
        <b>{route.name}</b> <code>{route.path}</code> <span className="dim">{route.kind}</span>
      </p>
      {route.mode === "observe" && (
        <p className="observing">
          It only observes: what policy denies is let through. {counted(route.wouldDeny ?? 0, "call", "calls")} would
          have been refused since Cordon started.
        </p>
      )}
      <ul className="sees">
        {route.controls.map((control) => (
          <li key={control}>{control}</li>
        ))}
      </ul>
      {route.unseen.length > 0 && (
        <ul className="unseen" aria-label="What these controls do not see">
          {route.unseen.map((words) => (
            <li key={words}>Not seen: {words}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Flows({ id, flows }: { readonly id: string; readonly flows: EstateResponse["flows"] }) {
  const own = flows.filter(({ principal, resource }) => principal === id || resource === id);
  if (own.length === 0) return <p className="dim">It has called nobody, and nobody has called it.</p>;
  return (
    <table className="flows">
      <thead>
        <tr>
          <th>Flow</th>
          <th>Allowed</th>
          <th>Denied</th>
          <th>Last</th>
        </tr>
      </thead>
      <tbody>
        {own.map(({ principal, action, resource, allowed, denied, lastAt }) => (
          <tr key={`${principal} ${action} ${resource}`}>
            <td>
              {principal === id ? `${action} to ${shortName(resource)}` : `${action} from ${shortName(principal)}`}
            </td>
            <td>{count(allowed)}</td>
            <td className={denied > 0 ? "red" : undefined}>{count(denied)}</td>
            <td>
              <Time at={lastAt} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Recent({ id }: { readonly id: string }) {
  const { feed } = useSession();
  const { book } = useSyncExternalStore(feed.subscribe, feed.state);
  const own = book.rows
    .filter((row): row is DecisionRow => row.type === "decision" && (row.principal === id || row.resource === id))
    .slice(0, recentDecisions);
  if (own.length === 0) return <p className="dim">None among the newest entries.</p>;
  return (
    <ol className="recent">
      {own.map((row) => (
        <li key={row.index}>
          <Time at={row.at} />
          <span className={`effect effect-${row.effect}`}>{effectWords[row.effect]}</span>
          <span>
            {row.principal === id
              ? `${row.action} to ${shortName(row.resource)}`
              : `${row.action} from ${shortName(row.principal)}`}
            <small>
              <Words text={row.words} />
            </small>
          </span>
        </li>
      ))}
    </ol>
  );
}
