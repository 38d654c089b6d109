/** Which part of the window the panels leave to the map. */

const MARGIN_PX = 48;

export const isNarrow = (): boolean => matchMedia("(max-width: 719px)").matches;

export interface Edges {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

/** Return how far from each edge of the window the free part of the map begins, in CSS pixels. */
export function clearEdges(): Edges {
  const panel = boxOf(".panel");
  const layers = boxOf(".layers");
  const edges = { top: MARGIN_PX, right: MARGIN_PX, bottom: MARGIN_PX, left: MARGIN_PX };
  if (isNarrow()) edges.bottom += Math.min(panel.height, innerHeight * 0.6);
  else {
    edges.left += panel.right;
    // A closed layer list is a button in the corner; it covers nothing worth avoiding.
    if (layers.height > innerHeight / 4) edges.right += innerWidth - layers.left;
  }
  return edges;
}

function boxOf(selector: string): DOMRect {
  return document.querySelector(selector)?.getBoundingClientRect() ?? new DOMRect();
}
