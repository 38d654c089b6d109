/** What the page points at: the building on show, the witnesses of findings, the place of a fault. */

import type { Feature, Geometry } from "geojson";
import type { GeoJSONSource, Map as MapLibreMap } from "maplibre-gl";
import type { Tone } from "../order";
import type { Palette } from "./theme";

export interface Witness {
  geometry: Geometry;
  tone: Tone;
  chosen: boolean;
}

const HATCH_SIZE = 16;
const HATCH_STRIPE = 4;
const TONES = ["fail", "warn"] as const;
export const MARKS_BOTTOM = "mark-hatch";

/** Add the (empty) marks on top of the map. */
export function addMarks(map: MapLibreMap, palette: Palette): void {
  for (const tone of TONES) map.addImage(`hatch-${tone}`, hatch(palette[tone]), { pixelRatio: 2 });
  // A witness may be millimetres wide: it must not be simplified away.
  for (const id of ["mark-witness", "mark-outline", "mark-place"])
    map.addSource(id, { type: "geojson", data: collection([]), tolerance: 0, maxzoom: 24 });
  map.addLayer({
    id: "mark-hatch",
    type: "fill",
    source: "mark-witness",
    filter: ["==", ["geometry-type"], "Polygon"],
    paint: { "fill-pattern": ["concat", "hatch-", ["get", "tone"]], "fill-opacity": ["get", "weight"] },
  });
  map.addLayer({
    id: "mark-edge",
    type: "line",
    source: "mark-witness",
    layout: { "line-join": "round", "line-cap": "round" },
    paint: { "line-width": ["case", ["get", "chosen"], 3, 1.2] },
  });
  map.addLayer({
    id: "mark-outline-casing",
    type: "line",
    source: "mark-outline",
    layout: { "line-join": "round" },
    paint: { "line-width": 6, "line-opacity": 0.85 },
  });
  map.addLayer({
    id: "mark-outline",
    type: "line",
    source: "mark-outline",
    layout: { "line-join": "round" },
    paint: { "line-width": 2.5 },
  });
  map.addLayer({
    id: "mark-place",
    type: "circle",
    source: "mark-place",
    paint: { "circle-radius": 9, "circle-opacity": 0, "circle-stroke-width": 3 },
  });
  recolourMarks(map, palette);
}

export function recolourMarks(map: MapLibreMap, palette: Palette): void {
  for (const tone of TONES) map.updateImage(`hatch-${tone}`, hatch(palette[tone]));
  map.setPaintProperty("mark-edge", "line-color", ["match", ["get", "tone"], "fail", palette.fail, palette.warn]);
  map.setPaintProperty("mark-outline-casing", "line-color", palette.paper);
  map.setPaintProperty("mark-outline", "line-color", palette.accent);
  map.setPaintProperty("mark-place", "circle-stroke-color", palette.fail);
}

/** Hatch the witnesses; while one is chosen the others show their edges alone. */
export function markWitnesses(map: MapLibreMap, witnesses: readonly Witness[]): void {
  const restWeight = witnesses.some(({ chosen }) => chosen) ? 0 : 0.45;
  const features = witnesses.map(({ geometry, tone, chosen }) =>
    feature(geometry, { tone: tone === "fail" ? "fail" : "warn", chosen, weight: chosen ? 1 : restWeight }),
  );
  void map.getSource<GeoJSONSource>("mark-witness")?.setData(collection(features));
}

export function markOutline(map: MapLibreMap, geometry: Geometry | null): void {
  void map.getSource<GeoJSONSource>("mark-outline")?.setData(collection(geometry ? [feature(geometry)] : []));
}

export function markPlace(map: MapLibreMap, place: [lon: number, lat: number] | null): void {
  const features = place ? [feature({ type: "Point", coordinates: place })] : [];
  void map.getSource<GeoJSONSource>("mark-place")?.setData(collection(features));
}

/** Return diagonal stripes of one colour that tile without a seam. */
function hatch(colour: string): { width: number; height: number; data: Uint8Array } {
  const channel = (at: number): number => Number.parseInt(colour.slice(at, at + 2), 16);
  const [red, green, blue] = [channel(1), channel(3), channel(5)];
  const data = new Uint8Array(4 * HATCH_SIZE * HATCH_SIZE);
  for (let y = 0; y < HATCH_SIZE; y += 1)
    for (let x = 0; x < HATCH_SIZE; x += 1) {
      const alpha = (x + y) % HATCH_SIZE < HATCH_STRIPE ? 235 : 45;
      data.set([red, green, blue, alpha], 4 * (y * HATCH_SIZE + x));
    }
  return { width: HATCH_SIZE, height: HATCH_SIZE, data };
}

const feature = (geometry: Geometry, properties: Record<string, unknown> = {}): Feature => ({
  type: "Feature",
  properties,
  geometry,
});

const collection = (features: Feature[]) => ({ type: "FeatureCollection" as const, features });
