/** A link: solid with its count where it was allowed, dashed red where it was denied. */
import { BaseEdge, EdgeLabelRenderer, type Edge, type EdgeProps } from "@xyflow/react";
import { linePath } from "./line.ts";
import type { DrawnLink } from "./picture.ts";

export type LinkEdge = Edge<{ readonly drawn: DrawnLink; readonly aside: boolean }, "link">;

function LinkEdgeView({ id, data, markerEnd }: EdgeProps<LinkEdge>) {
  if (data === undefined) return null;
  const { drawn, aside } = data;
  const { link, points, label, words } = drawn;
  return (
    <>
      <BaseEdge
        id={id}
        path={linePath(points)}
        className={`flow flow-${link.effect}`}
        interactionWidth={0}
        style={{ opacity: aside ? 0.14 : 1 }}
        {...(markerEnd === undefined ? {} : { markerEnd })}
      />
      <EdgeLabelRenderer>
        <div
          className={`flow-label flow-label-${link.effect}`}
          data-aside={aside}
          style={{ transform: `translate(-50%, -50%) translate(${label.x}px, ${label.y}px)` }}
        >
          {words}
        </div>
      </EdgeLabelRenderer>
    </>
  );
}

export const edgeTypes = { link: LinkEdgeView };
