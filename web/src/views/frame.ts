/** What follows the map frame by frame, and so is drawn apart from the page: graticule labels and the readout. */

import type { Position } from "geojson";
import { html, nothing, render, svg, type TemplateResult } from "lit";
import type { Map as MapLibreMap } from "maplibre-gl";
import { middleOf } from "../candidates";
import type { Actions } from "../actions";
import { planeAt, SYSTEMS, systemFor, systemsAt, writePlace } from "../crs";
import { ticksOf, type Tick } from "../map/graticule";
import { sayIn, type Say } from "../messages";
import { candidatesOnShow, type State } from "../state";

const PATIENCE_MS = 400;

/** Draw labels and readout whenever the map or the pointer over it moves, and tell when tiles are on their way. */
export function createFrame(map: MapLibreMap, host: HTMLElement, readState: () => State, act: Actions): void {
  let loadingSince: number | null = null;
  let pointer: { lng: number; lat: number } | null = null;
  let scheduled = false;
  const draw = (): void => {
    scheduled = false;
    const state = readState();
    const say = sayIn(state.language);
    const ticks = state.visible.has("graticule") ? ticksOf(map) : [];
    const { lng, lat } = pointer ?? map.getCenter();
    const isLoading = loadingSince !== null && performance.now() - loadingSince >= PATIENCE_MS;
    const readout = html`
      ${isLoading ? html`<p class="map-loading" role="status" data-testid="map-loading">${say("mapLoading")}</p>` : nothing}
      ${readoutView([lng, lat], state, say, act)}
    `;
    render(html`${ticksView(ticks, spotsOf(map, state))} ${readout}`, host);
  };
  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(draw);
  };
  map.on("move", schedule);
  // what is asked for and not there yet is told after a moment, until the map rests
  map.on("dataloading", () => {
    if (loadingSince !== null) return;
    loadingSince = performance.now();
    setTimeout(schedule, PATIENCE_MS);
  });
  map.on("idle", () => {
    loadingSince = null;
    schedule();
  });
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

function ticksView(ticks: readonly Tick[], spots: readonly Spot[]): TemplateResult {
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
  `;
}

/** Where the pointer is, else the middle of the map, in the system that is chosen. */
function readoutView(place: Position, { system }: State, say: Say, act: Actions): TemplateResult {
  const used = systemFor(system, place);
  const [first, second] = writePlace(used, place);
  const isDegrees = used === "degrees";
  const text = isDegrees ? `${Number(first).toFixed(6)}°, ${Number(second).toFixed(6)}°` : `X ${first}  Y ${second}`;
  return html`
    <div class="readout">
      <output title=${say("position")} data-testid="readout">${text}</output>
      <select
        aria-label=${say("crs")}
        data-testid="readout-crs"
        @change=${(event: Event) => act.chooseSystem((event.target as HTMLSelectElement).value as State["system"])}
      >
        ${systemsAt(place).map((each) => {
          const name = each === "degrees" ? "CGCS2000" : planeAt(each, place).name;
          return html`<option value=${each} ?selected=${each === used}>${name} · ${say.of(SYSTEMS[each])}</option>`;
        })}
      </select>
    </div>
  `;
}
