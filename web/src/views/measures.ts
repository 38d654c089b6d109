/** Labelled values, one a line. */

import { html, type TemplateResult } from "lit";
import type { PlaneMeasure } from "../contract";
import { metres, squareMetres } from "../format";
import type { Say } from "../messages";

export type Entry = readonly [label: string, value: unknown, testId?: string];

export const entryList = (entries: readonly Entry[]): TemplateResult => html`
  <dl class="entries">
    ${entries.map(
      ([label, value, testId]) => html`
        <div>
          <dt>${label}</dt>
          <dd data-testid=${testId ?? ""}>${value}</dd>
        </div>
      `,
    )}
  </dl>
`;

/** The areas on both bases, each with its basis named. */
export function areaEntries(area_m2: number, plane: PlaneMeasure, say: Say): Entry[] {
  const inPlane = (text: string) => html`${text} <span class="quiet">${plane.crs}</span>`;
  return [
    [say("ellipsoidArea"), html`${squareMetres(area_m2, say.language)} <span class="quiet">CGCS2000</span>`, "area"],
    [say("planeArea"), inPlane(squareMetres(plane.area_m2, say.language)), "plane-area"],
    [say("perimeter"), inPlane(metres(plane.perimeter_m, say.language)), "perimeter"],
  ];
}
