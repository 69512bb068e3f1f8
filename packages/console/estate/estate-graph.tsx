/** The estate's picture, drawn. In: the picture. Out: a graph to move, zoom and walk by keyboard. */
import { useEffect, useMemo } from "react";
import { Background, Controls, MarkerType, ReactFlow, ReactFlowProvider, useReactFlow, useStore } from "@xyflow/react";
import { useComputedColorScheme } from "@mantine/core";
import { shortName } from "../words/names.ts";
import { count } from "../words/amounts.ts";
import { edgeTypes, type LinkEdge } from "./estate-edge.tsx";
import { nodeTypes, type EstateNode } from "./estate-nodes.tsx";
import type { Layout } from "./layout.ts";
import { fitted, type DrawnLink, type EstatePicture } from "./picture.ts";

interface EstateGraphProps {
  readonly picture: EstatePicture;
  readonly selected: string | undefined;
  readonly onSelect: (id: string | undefined) => void;
}

export function EstateGraph(props: EstateGraphProps) {
  return (
    <ReactFlowProvider>
      <Graph {...props} />
    </ReactFlowProvider>
  );
}

function Graph({ picture, selected, onSelect }: EstateGraphProps) {
  const scheme = useComputedColorScheme("light", { getInitialValueInEffect: false });
  const nodes = useMemo(() => nodesOf(picture.layout, selected), [picture, selected]);
  const edges = useMemo(() => picture.links.map((drawn) => edgeOf(drawn, selected)), [picture, selected]);
  return (
    <div className="graph">
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        edgeTypes={edgeTypes}
        colorMode={scheme}
        minZoom={0.2}
        maxZoom={1.6}
        nodesDraggable={false}
        nodesConnectable={false}
        deleteKeyCode={null}
        proOptions={{ hideAttribution: true }}
        onNodeClick={(_event, node) => onSelect(node.type === "component" ? node.id : undefined)}
        onPaneClick={() => onSelect(undefined)}
        onSelectionChange={({ nodes: chosen }) => {
          const id = chosen.find(({ type }) => type === "component")?.id;
          if (id !== undefined && id !== selected) onSelect(id);
        }}
        aria-label="Components in their boundaries, and the flows between them"
      >
        <Background gap={24} size={1} />
        <Controls showInteractive={false} showFitView={false} position="bottom-left" />
        <KeepInSight layout={picture.layout} />
      </ReactFlow>
    </div>
  );
}

/** The whole picture is in sight whenever its frame or its extent changes. */
function KeepInSight({ layout }: { readonly layout: Layout }) {
  const { setViewport } = useReactFlow();
  const frameWidth = useStore((state) => state.width);
  const frameHeight = useStore((state) => state.height);
  const { width, height } = layout;
  useEffect(() => {
    if (frameWidth === 0 || frameHeight === 0) return;
    void setViewport(fitted({ width, height }, { width: frameWidth, height: frameHeight }));
  }, [setViewport, frameWidth, frameHeight, width, height]);
  return null;
}

function nodesOf({ lanes, components }: Layout, selected: string | undefined): EstateNode[] {
  return [
    ...lanes.map((lane): EstateNode => {
      const { boundary, x, y, width, height } = lane;
      const fixed = { draggable: false, selectable: false, focusable: false, zIndex: -1 };
      return { id: `lane ${boundary}`, type: "lane", position: { x, y }, width, height, data: { lane }, ...fixed };
    }),
    ...components.map(({ component, x, y, width, height }): EstateNode => {
      const { id, kind } = component;
      return {
        ...{ id, type: "component", position: { x, y }, width, height, data: { component } },
        selected: id === selected,
        ariaLabel: `${kind} ${shortName(id)}`,
      };
    }),
  ];
}

function edgeOf(drawn: DrawnLink, selected: string | undefined): LinkEdge {
  const { id, source, target, effect, actions, count: times } = drawn.link;
  const aside = selected !== undefined && source !== selected && target !== selected;
  const words = `${shortName(source)} to ${shortName(target)}: ${actions.join(", ")}, ${count(times)} ${effect}`;
  const color = effect === "allowed" ? "var(--flow-allowed)" : "var(--flow-denied)";
  return {
    ...{ id, source, target, type: "link", data: { drawn, aside }, ariaLabel: words, focusable: false },
    markerEnd: { type: MarkerType.ArrowClosed, color, width: 15, height: 15 },
    zIndex: effect === "denied" ? 2 : 1,
  };
}
