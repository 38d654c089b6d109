/** The blueprint's layers and the register's buildings as vector tiles. */

import type { ExpressionSpecification, Map as MapLibreMap, VectorTileSource } from "maplibre-gl";
import type { Bbox, Layer } from "../contract";
import type { Palette } from "./theme";

export const FILL_STRENGTH = "fillStrength";
export const BUILDINGS = "buildings";
const BUILDING_TILES = "/tiles/buildings/{z}/{x}/{y}.mvt";
const BUILDINGS_FILL = "buildings-fill";
const BUILDINGS_EDGE = "buildings-edge";
const NO_EDGE_BELOW_ZOOM = 13;
// One unit of a tile is 3 cm at zoom 18: finer than a pixel of the deepest view, so deeper tiles would add nothing.
const DEEPEST_TILE_ZOOM = 18;
const FIRST_LAYER_ZOOM = 8;
const FIRST_BUILDING_ZOOM = 11;

const LINE_WIDTH: ExpressionSpecification = ["interpolate", ["linear"], ["zoom"], 10, 0.5, 14, 1, 18, 2];
const POINT_RADIUS: ExpressionSpecification = ["interpolate", ["linear"], ["zoom"], 10, 1.5, 14, 3, 18, 6];
const DESIGN_IS_LIGHTER: ExpressionSpecification = ["match", ["get", "stage"], "design", 0.45, 0.78];

/** Put the register's buildings on the map, above everything added below `BUILDINGS_FILL` later. */
export function addBuildings(map: MapLibreMap, palette: Palette): void {
  map.addSource(BUILDINGS, {
    type: "vector",
    tiles: [absolute(BUILDING_TILES)],
    minzoom: FIRST_BUILDING_ZOOM,
    maxzoom: DEEPEST_TILE_ZOOM,
  });
  map.addLayer({
    id: BUILDINGS_FILL,
    type: "fill",
    source: BUILDINGS,
    "source-layer": BUILDINGS,
    paint: { "fill-color": palette.building, "fill-opacity": DESIGN_IS_LIGHTER, "fill-antialias": false },
  });
  map.addLayer({
    id: BUILDINGS_EDGE,
    type: "line",
    source: BUILDINGS,
    "source-layer": BUILDINGS,
    minzoom: NO_EDGE_BELOW_ZOOM,
    paint: { "line-color": palette.buildingEdge, "line-width": LINE_WIDTH },
  });
}

export function recolourBuildings(map: MapLibreMap, palette: Palette): void {
  map.setPaintProperty(BUILDINGS_FILL, "fill-color", palette.building);
  map.setPaintProperty(BUILDINGS_EDGE, "line-color", palette.buildingEdge);
}

/** Fetch the buildings' tiles anew, after the register has changed. */
export function reloadBuildings(map: MapLibreMap): void {
  const source = map.getSource<VectorTileSource>(BUILDINGS);
  source?.setTiles([absolute(`${BUILDING_TILES}?asked=${Date.now()}`)]);
}

/** Put the layers that hold data on the map, in drawing order, below the buildings. */
export function addLayers(map: MapLibreMap, layers: readonly Layer[], bounds: Bbox | null): void {
  const loaded = layers.filter((layer) => layer.editions.length > 0).sort((a, b) => a.order - b.order);
  for (const layer of loaded) addLayer(map, layer, bounds);
}

function addLayer(map: MapLibreMap, { code, symbol, tiles }: Layer, bounds: Bbox | null): void {
  if (tiles === null) return;
  map.addSource(code, {
    type: "vector",
    tiles: [absolute(tiles)],
    minzoom: FIRST_LAYER_ZOOM,
    maxzoom: DEEPEST_TILE_ZOOM,
    ...(bounds && { bounds }),
  });
  const shared = { source: code, "source-layer": code };
  map.addLayer(
    {
      ...shared,
      id: `${code}-fill`,
      type: "fill",
      filter: ["==", ["geometry-type"], "Polygon"],
      paint: {
        "fill-color": symbol.fill,
        "fill-opacity": ["*", symbol.opacity, ["global-state", FILL_STRENGTH]],
        "fill-antialias": false,
      },
    },
    BUILDINGS_FILL,
  );
  map.addLayer(
    {
      ...shared,
      id: `${code}-line`,
      type: "line",
      filter: ["!=", ["geometry-type"], "Point"],
      paint: { "line-color": symbol.line, "line-width": LINE_WIDTH },
    },
    BUILDINGS_FILL,
  );
  map.addLayer(
    {
      ...shared,
      id: `${code}-point`,
      type: "circle",
      filter: ["==", ["geometry-type"], "Point"],
      paint: { "circle-color": symbol.line, "circle-radius": POINT_RADIUS },
    },
    BUILDINGS_FILL,
  );
}

/** Show exactly the layers named (`BUILDINGS` is one of the names); hidden layers fetch no tiles. */
export function showLayers(map: MapLibreMap, layers: readonly Layer[], visible: ReadonlySet<string>): void {
  const show = (id: string, shown: boolean): void => {
    if (map.getLayer(id)) map.setLayoutProperty(id, "visibility", shown ? "visible" : "none");
  };
  for (const { code } of layers)
    for (const part of ["fill", "line", "point"]) show(`${code}-${part}`, visible.has(code));
  for (const id of [BUILDINGS_FILL, BUILDINGS_EDGE]) show(id, visible.has(BUILDINGS));
}

/** Return the code of the building at a point of the canvas, if there is one. */
export function buildingAt(map: MapLibreMap, point: { x: number; y: number }): string | null {
  const [feature] = map.queryRenderedFeatures([point.x, point.y], { layers: [BUILDINGS_FILL] });
  const code: unknown = feature?.properties["code"];
  return typeof code === "string" ? code : null;
}

export const BLUEPRINT_TOP = BUILDINGS_FILL;

// MapLibre asks for whole addresses; URL would escape the braces of the template.
const absolute = (path: string): string => location.origin + path;
