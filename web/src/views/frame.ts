/** What follows the map frame by frame, and so is drawn apart from the page: graticule labels and the readout. */

import { html, render, svg, type TemplateResult } from "lit";
import type { Map as MapLibreMap } from "maplibre-gl";
import { lonLat } from "../format";
import { ticksOf, type Tick } from "../map/graticule";
import { sayIn } from "../messages";
import type { State } from "../state";

/** Draw labels and readout whenever the map or the pointer over it moves. */
export function createFrame(map: MapLibreMap, host: HTMLElement, readState: () => State): void {
  let pointer: { lng: number; lat: number } | null = null;
  let scheduled = false;
  const draw = (): void => {
    scheduled = false;
    const { language, visible } = readState();
    const ticks = visible.has("graticule") ? ticksOf(map) : [];
    const { lng, lat } = pointer ?? map.getCenter();
    render(frameView(ticks, lonLat(lng, lat), sayIn(language)("position")), host);
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

function frameView(ticks: readonly Tick[], position: string, hint: string): TemplateResult {
  return html`
    <svg class="ticks" aria-hidden="true">
      ${ticks.map(({ axis, offset_px, label }) =>
        axis === "lon"
          ? svg`<text x=${offset_px} y="14" text-anchor="middle">${label}</text>`
          : svg`<text class="side" x="0" y=${offset_px} dominant-baseline="middle">${label}</text>`,
      )}
    </svg>
    <p class="readout" title=${hint}>${position}</p>
  `;
}
