/** The CRSs that a file may be in: as plausible as the server says; of equal ones the nearest to what is stored first. */

import type { Bbox, Candidate } from "./contract";

export function nearestFirst(candidates: readonly Candidate[], extent: Bbox | null): Candidate[] {
  return candidates.toSorted((a, b) => b.score - a.score || (extent ? apart(a.box, extent) - apart(b.box, extent) : 0));
}

/** How many degrees the middles of two boxes are apart; an order, and no distance. */
const apart = (a: Bbox, b: Bbox): number => {
  const [[x, y], [u, v]] = [middleOf(a), middleOf(b)];
  return Math.hypot(x - u, y - v);
};

export const middleOf = ([west, south, east, north]: Bbox): [lon: number, lat: number] => [
  (west + east) / 2,
  (south + north) / 2,
];
