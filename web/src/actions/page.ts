/** What the actions work on, and how a failed one is told. */

import type { Map as MapLibreMap } from "maplibre-gl";
import { ProblemError } from "../api";
import type { Fault, Problem } from "../contract";
import type { DrawTool } from "../draw";
import { isNarrow } from "../layout";
import type { Store } from "../state";

export interface Page {
  readonly store: Store;
  readonly map: MapLibreMap;
  readonly draw: DrawTool;
}

/** Return the problem an error stands for; a mistake in the page's own code is thrown on. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  throw error;
}

export function problemOfFault({ kind, text, remedy, x, y }: Fault): Problem {
  return {
    kind,
    status: 422,
    title: { zh: "图形不能登记", en: "The footprint cannot be registered" },
    detail: text,
    remedy,
    place: x === null || y === null ? {} : { x, y },
    suggestions: [],
    results: [],
  };
}

export function placeOf({ place }: Problem): readonly [number, number] | null {
  return place.x === undefined || place.y === undefined ? null : [place.x, place.y];
}

/** On a phone, raise the sheet far enough to read a result, or lower it to see the map. */
export function setSheet({ store }: Page, sheet: "low" | "half"): void {
  if (isNarrow() && store.state.sheet !== sheet) store.set({ sheet });
}
