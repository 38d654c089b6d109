/** Meridians and parallels at a round step, as a quiet frame of reference where there is no base map. */

import type { FeatureCollection, LineString } from "geojson";
import type { GeoJSONSource, Map as MapLibreMap } from "maplibre-gl";
import { BLUEPRINT_TOP } from "./blueprint";
import type { Palette } from "./theme";

export const GRATICULE = "graticule";

const STEPS_DEG = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 18000, 36000, 72000].map((s) => s / 3600);
const LINES_ACROSS = 5;

export interface Tick {
  axis: "lon" | "lat";
  value: number;
  label: string;
  offset_px: number;
}

/** Return the smallest round step that puts at most a handful of lines across the given width. */
export function stepFor(width_deg: number): number {
  return STEPS_DEG.find((step) => width_deg / step <= LINES_ACROSS) ?? 30;
}

/** Return the multiples of the step from `low` to `high`. */
export function multiples(low: number, high: number, step: number): number[] {
  const first = Math.ceil(low / step);
  const count = Math.max(0, Math.floor(high / step) - first + 1);
  return Array.from({ length: count }, (_, index) => (first + index) * step);
}

/** Write an angle in degrees, minutes and seconds, without parts that are zero for the step. */
export function sexagesimal(value_deg: number, axis: Tick["axis"]): string {
  const total_s = Math.round(Math.abs(value_deg) * 3600);
  const [degrees, minutes, seconds] = [Math.floor(total_s / 3600), Math.floor(total_s / 60) % 60, total_s % 60];
  const pad = (part: number): string => String(part).padStart(2, "0");
  const tail = seconds > 0 ? `${pad(minutes)}′${pad(seconds)}″` : minutes > 0 ? `${pad(minutes)}′` : "";
  const side = axis === "lon" ? (value_deg < 0 ? "W" : "E") : value_deg < 0 ? "S" : "N";
  return `${degrees}°${tail}${side}`;
}

export function addGraticule(map: MapLibreMap, palette: Palette): void {
  map.addSource(GRATICULE, { type: "geojson", data: linesAround(map) });
  map.addLayer(
    {
      id: GRATICULE,
      type: "line",
      source: GRATICULE,
      paint: { "line-color": palette.grid, "line-width": 1 },
    },
    BLUEPRINT_TOP,
  );
  map.on("moveend", () => void map.getSource<GeoJSONSource>(GRATICULE)?.setData(linesAround(map)));
}

/** Return where the lines meet the edges of the view: meridians along the bottom, parallels along a side. */
export function ticksOf(map: MapLibreMap): Tick[] {
  const bounds = map.getBounds();
  const step = stepFor(bounds.getEast() - bounds.getWest());
  const meridians = multiples(bounds.getWest(), bounds.getEast(), step).map((value) => ({
    axis: "lon" as const,
    value,
    label: sexagesimal(value, "lon"),
    offset_px: map.project([value, bounds.getSouth()]).x,
  }));
  const parallels = multiples(bounds.getSouth(), bounds.getNorth(), step).map((value) => ({
    axis: "lat" as const,
    value,
    label: sexagesimal(value, "lat"),
    offset_px: map.project([bounds.getWest(), value]).y,
  }));
  return [...meridians, ...parallels];
}

/** Lines for the view and one view around it, so that panning does not run out of them. */
function linesAround(map: MapLibreMap): FeatureCollection<LineString> {
  const bounds = map.getBounds();
  const [width, height] = [bounds.getEast() - bounds.getWest(), bounds.getNorth() - bounds.getSouth()];
  const [west, east] = [bounds.getWest() - width, bounds.getEast() + width];
  const [south, north] = [Math.max(-85, bounds.getSouth() - height), Math.min(85, bounds.getNorth() + height)];
  const step = stepFor(width);
  const line = (coordinates: number[][]) => ({
    type: "Feature" as const,
    properties: {},
    geometry: { type: "LineString" as const, coordinates },
  });
  return {
    type: "FeatureCollection",
    features: [
      ...multiples(west, east, step).map((x) =>
        line([
          [x, south],
          [x, north],
        ]),
      ),
      ...multiples(south, north, step).map((y) =>
        line([
          [west, y],
          [east, y],
        ]),
      ),
    ],
  };
}
