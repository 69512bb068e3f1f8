/** What stands in the picture: lanes, and components with their kind, sensitivity and state. */
import { Handle, Position, type Node, type NodeProps } from "@xyflow/react";
import { shortName } from "../words/names.ts";
import type { Boundary, Component, Lane } from "./layout.ts";

export type EstateNode = Node<{ readonly lane: Lane }, "lane"> | Node<{ readonly component: Component }, "component">;

/** What each boundary is for, in the fewest words. */
const laneWords: Readonly<Record<Boundary, string>> = {
  api: "where requests come in",
  pipeline: "where models are made",
  model: "where models answer",
  data: "where data lies",
};

function LaneNode({ data: { lane } }: NodeProps<Extract<EstateNode, { type?: "lane" }>>) {
  return (
    <div className="lane">
      <header>
        <b>{lane.boundary}</b> boundary
        <span>{laneWords[lane.boundary]}</span>
      </header>
      {lane.components === 0 && <p>Nothing is registered here.</p>}
    </div>
  );
}

function ComponentNode({ data: { component }, selected }: NodeProps<Extract<EstateNode, { type?: "component" }>>) {
  const { id, kind, sensitivity, categories, isolated, revoked } = component;
  const state = revoked ? "revoked" : isolated ? "isolated" : undefined;
  return (
    <div className="component" data-selected={selected} data-state={state} data-sensitivity={sensitivity}>
      <Ports />
      <div className="component-head">
        <span>{kind}</span>
        {state !== undefined && <strong className="component-state">{state}</strong>}
      </div>
      <div className="component-name" title={id}>
        {shortName(id)}
      </div>
      <div className="component-labels">
        <span className={`label label-${sensitivity}`}>{sensitivity}</span>
        {categories.slice(0, 2).map((category) => (
          <span key={category} className="label">
            {category}
          </span>
        ))}
        {categories.length > 2 && <span className="label">+{categories.length - 2}</span>}
      </div>
    </div>
  );
}

/** A graph's edge needs a place to begin and end; where the line really does is the router's business. */
function Ports() {
  return (
    <>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </>
  );
}

export const nodeTypes = { lane: LaneNode, component: ComponentNode };
