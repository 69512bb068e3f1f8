/** The estate as it is drawn: places, lines and labels. In: the control plane's answer. Out: everything but the colours. */
import type { EstateResponse } from "@cordon/core/contract/console-api";
import { count } from "../words/amounts.ts";
import { linksOf, type Link } from "./flows.ts";
import { layOut, type Layout } from "./layout.ts";
import { placeLabels } from "./line.ts";
import { routeLinks, type Point, type Route } from "./routing.ts";

export interface DrawnLink extends Route {
  readonly label: Point;
  readonly words: string;
}

export interface EstatePicture {
  readonly layout: Layout;
  readonly links: readonly DrawnLink[];
}

export function drawEstate({ components, flows }: Pick<EstateResponse, "components" | "flows">): EstatePicture {
  const layout = layOut(components);
  const links = linksOf(new Set(components.map(({ id }) => id)), flows);
  const routes = routeLinks(layout, links);
  // Denials are what is looked for: they choose their label's place first.
  const inOrder = routes.toSorted((a, b) => Number(a.link.effect === "allowed") - Number(b.link.effect === "allowed"));
  const labels = placeLabels(inOrder, layout.components, ({ link }) => labelWords(link));
  return {
    layout,
    links: routes.map((route) => ({
      ...route,
      label: labels.get(route.link.id) ?? { x: 0, y: 0 },
      words: labelWords(route.link),
    })),
  };
}

/** `infer 68`, `read, write, … 1,204` */
function labelWords({ actions, count: times }: Link): string {
  return `${actions.slice(0, 2).join(", ")}${actions.length > 2 ? ", …" : ""} ${count(times)}`;
}

/** The viewport that shows the whole picture in the middle of a frame. */
export function fitted(
  { width, height }: Pick<Layout, "width" | "height">,
  frame: { readonly width: number; readonly height: number },
): { readonly x: number; readonly y: number; readonly zoom: number } {
  const margin = 20;
  const zoom = Math.max(0.2, Math.min(1.25, (frame.width - 2 * margin) / width, (frame.height - 2 * margin) / height));
  return { x: (frame.width - width * zoom) / 2, y: Math.max(margin, (frame.height - height * zoom) / 2), zoom };
}
