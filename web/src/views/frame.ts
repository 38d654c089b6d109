/** What follows the map frame by frame, and so is drawn apart from the page: graticule labels and the readout. */

import { html, render, svg, type TemplateResult } from "lit";
import type { Map as MapLibreMap } from "maplibre-gl";
import { middleOf } from "../candidates";
import { lonLat } from "../format";
import { ticksOf, type Tick } from "../map/graticule";
import { sayIn } from "../messages";
import { candidatesOnShow, type State } from "../state";

/** Draw labels and readout whenever the map or the pointer over it moves. */
export function createFrame(map: MapLibreMap, host: HTMLElement, readState: () => State): void {
  let pointer: { lng: number; lat: number } | null = null;
  let scheduled = false;
  const draw = (): void => {
    scheduled = false;
    const state = readState();
    const { language, visible } = state;
    const ticks = visible.has("graticule") ? ticksOf(map) : [];
    const { lng, lat } = pointer ?? map.getCenter();
    render(frameView(ticks, spotsOf(map, state), lonLat(lng, lat), sayIn(language)("position")), host);
  };
  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(draw);
  };
  map.on("move", schedule);
  map.on("idle", schedule);
  map.on("mousemove", (event) => {
    pointer = event.lngLat;
    schedule();
  });
  map.on("mouseout", () => {
    pointer = null;
    schedule();
  });
}

const SPOT_WIDTH_PX = 20;

interface Spot {
  x: number;
  y: number;
  number: number;
  isChosen: boolean;
}

/** Where the numbers of the CRSs stand that a file may be in (the map has no fonts); of spots on top of each other the uppermost. */
function spotsOf(map: MapLibreMap, state: State): Spot[] {
  const spots = candidatesOnShow(state).map(({ box, crs }, index) => {
    const { x, y } = map.project(middleOf(box));
    return { x, y, number: index + 1, isChosen: crs === state.upload?.candidate };
  });
  const uppermostFirst = spots.sort((a, b) => Number(b.isChosen) - Number(a.isChosen));
  const isFree = (spot: Spot, index: number): boolean =>
    uppermostFirst.slice(0, index).every(({ x, y }) => Math.hypot(x - spot.x, y - spot.y) > SPOT_WIDTH_PX);
  return uppermostFirst.filter(isFree);
}

function frameView(ticks: readonly Tick[], spots: readonly Spot[], position: string, hint: string): TemplateResult {
  return html`
    <svg class="ticks" aria-hidden="true">
      ${ticks.map(({ axis, offset_px, label }) =>
        axis === "lon"
          ? svg`<text x=${offset_px} y="14" text-anchor="middle">${label}</text>`
          : svg`<text class="side" x="0" y=${offset_px} dominant-baseline="middle">${label}</text>`,
      )}
      ${spots.map(
        ({ x, y, number, isChosen }) =>
          svg`<text class=${isChosen ? "spot chosen" : "spot"} x=${x} y=${y} text-anchor="middle" dominant-baseline="central">${number}</text>`,
      )}
    </svg>
    <p class="readout" title=${hint}>${position}</p>
  `;
}
