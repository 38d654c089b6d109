/** A delivered file on the map: its rows, each as it was judged, or where it would lie in each CRS that it may be in. */

import type { Feature, Position } from "geojson";
import type { ExpressionSpecification, GeoJSONSource, Map as MapLibreMap } from "maplibre-gl";
import { middleOf } from "../candidates";
import type { Bbox, Candidate, UploadRow } from "../contract";
import { toneOfRow } from "../rows";
import { MARKS_BOTTOM } from "./marks";
import type { Palette } from "./theme";

const ROWS = "delivery-rows";
const ROWS_FILL = "delivery-fill";
const ROWS_HATCH = "delivery-hatch";
const ROWS_EDGE = "delivery-edge";
const PLACES = "delivery-candidates";
const PLACES_EDGE = "candidates-edge";
const PLACES_DOT = "candidates-dot";

/** Add the (empty) delivery above the blueprint and below the marks. */
export function addDelivery(map: MapLibreMap, palette: Palette): void {
  for (const id of [ROWS, PLACES])
    map.addSource(id, { type: "geojson", data: collection([]), tolerance: 0, maxzoom: 24 });
  // An outline that crosses itself has no inside that could be filled; it can be clicked all the same.
  const opacity: ExpressionSpecification = ["match", ["get", "tone"], "fail", 0, 0.2];
  map.addLayer({ id: ROWS_FILL, type: "fill", source: ROWS, paint: { "fill-opacity": opacity } }, MARKS_BOTTOM);
  map.addLayer(
    {
      id: ROWS_HATCH,
      type: "fill",
      source: ROWS,
      filter: ["==", ["get", "tone"], "warn"],
      paint: { "fill-pattern": "hatch-warn", "fill-opacity": 0.6 },
    },
    MARKS_BOTTOM,
  );
  map.addLayer(
    {
      id: ROWS_EDGE,
      type: "line",
      source: ROWS,
      layout: { "line-join": "round" },
      paint: { "line-width": ["interpolate", ["linear"], ["zoom"], 11, 1.5, 17, 3] },
    },
    MARKS_BOTTOM,
  );
  map.addLayer({
    id: PLACES_EDGE,
    type: "line",
    source: PLACES,
    filter: ["==", ["geometry-type"], "Polygon"],
    paint: { "line-width": ["case", ["get", "chosen"], 3, 1.5] },
  });
  map.addLayer({
    id: PLACES_DOT,
    type: "circle",
    source: PLACES,
    filter: ["==", ["geometry-type"], "Point"],
    layout: { "circle-sort-key": ["case", ["get", "chosen"], 1, ["-", ["get", "rank"]]] },
    paint: { "circle-radius": 11, "circle-stroke-width": 2 },
  });
  recolourDelivery(map, palette);
}

export function recolourDelivery(map: MapLibreMap, palette: Palette): void {
  const { fail, warn, quiet, accent, paper } = palette;
  const tone: ExpressionSpecification = ["match", ["get", "tone"], "fail", fail, "warn", warn, "none", quiet, accent];
  map.setPaintProperty(ROWS_FILL, "fill-color", tone);
  map.setPaintProperty(ROWS_EDGE, "line-color", tone);
  map.setPaintProperty(PLACES_EDGE, "line-color", accent);
  map.setPaintProperty(PLACES_DOT, "circle-color", ["case", ["get", "chosen"], accent, paper]);
  map.setPaintProperty(PLACES_DOT, "circle-stroke-color", accent);
}

/** Draw the rows that have a place, the worst on top. */
export function showRows(map: MapLibreMap, worstFirst: readonly UploadRow[]): void {
  const features = worstFirst.toReversed().flatMap((row): Feature[] => {
    if (!row.geometry) return [];
    return [{ type: "Feature", properties: { row: row.row, tone: toneOfRow(row) }, geometry: row.geometry }];
  });
  void map.getSource<GeoJSONSource>(ROWS)?.setData(collection(features));
}

/** Draw where a file would lie: a box each, and a spot in its middle, for boxes are small in a country. */
export function showCandidates(map: MapLibreMap, candidates: readonly Candidate[], chosen: string | null): void {
  const features = candidates.flatMap(({ crs, box }, rank): Feature[] => {
    const properties = { crs, rank, chosen: crs === chosen };
    return [
      { type: "Feature", properties, geometry: { type: "Polygon", coordinates: [ringOf(box)] } },
      { type: "Feature", properties, geometry: { type: "Point", coordinates: middleOf(box) } },
    ];
  });
  void map.getSource<GeoJSONSource>(PLACES)?.setData(collection(features));
}

/** Return the delivered row at a point of the canvas, by its position in the file. */
export function rowAt(map: MapLibreMap, point: { x: number; y: number }): number | null {
  const [feature] = map.queryRenderedFeatures([point.x, point.y], { layers: [ROWS_FILL, ROWS_EDGE] });
  const row: unknown = feature?.properties["row"];
  return typeof row === "number" ? row : null;
}

/** Return the CRS whose spot is at a point of the canvas. */
export function candidateAt(map: MapLibreMap, point: { x: number; y: number }): string | null {
  const [feature] = map.queryRenderedFeatures([point.x, point.y], { layers: [PLACES_DOT] });
  const crs: unknown = feature?.properties["crs"];
  return typeof crs === "string" ? crs : null;
}

const ringOf = ([west, south, east, north]: Bbox): Position[] => [
  [west, south],
  [east, south],
  [east, north],
  [west, north],
  [west, south],
];

const collection = (features: Feature[]) => ({ type: "FeatureCollection" as const, features });
