/** The map itself: created once, moved, and told what to show. Only `map/` and `draw.ts` know MapLibre. */

import "maplibre-gl/dist/maplibre-gl.css";
import { Map as MapLibreMap, ScaleControl, setWorkerUrl } from "maplibre-gl";
// MapLibre 6 builds its worker's address at run time, which no bundler can see: hand it over.
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import type { Bbox } from "../contract";
import { clearEdges } from "../layout";
import { addBuildings, FILL_STRENGTH, recolourBuildings } from "./blueprint";
import { addDelivery, recolourDelivery } from "./delivery";
import { addGraticule, GRATICULE } from "./graticule";
import { addMarks, recolourMarks } from "./marks";
import { onPaletteChange, readPalette, type Palette } from "./theme";

setWorkerUrl(workerUrl);

const CHINA: Bbox = [73, 18, 135, 54];
const CLOSEST_ZOOM = 22;
const FLIGHT_MS = 500;

/** Create the north-up map of some ground with everything but the blueprint's layers on it; resolves when it can be drawn on. */
export async function createMap(container: HTMLElement, ground: Bbox | null): Promise<MapLibreMap> {
  const palette = readPalette();
  const map = new MapLibreMap({
    container,
    hash: "map",
    bounds: ground ?? CHINA,
    maxZoom: CLOSEST_ZOOM,
    maxPitch: 0,
    dragRotate: false,
    rollEnabled: false,
    pitchWithRotate: false,
    attributionControl: false,
    fadeDuration: 0,
    style: {
      version: 8,
      sources: {},
      state: { [FILL_STRENGTH]: { default: palette.fillStrength } },
      layers: [{ id: "ground", type: "background", paint: { "background-color": palette.ground } }],
    },
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new ScaleControl({ maxWidth: 120, unit: "metric" }), "bottom-right");
  await new Promise<void>((resolve) => void map.once("load", () => resolve()));
  addBuildings(map, palette);
  addGraticule(map, palette);
  addMarks(map, palette);
  addDelivery(map, palette);
  onPaletteChange((changed) => recolour(map, changed));
  return map;
}

function recolour(map: MapLibreMap, palette: Palette): void {
  map.setPaintProperty("ground", "background-color", palette.ground);
  map.setPaintProperty(GRATICULE, "line-color", palette.grid);
  map.setGlobalStateProperty(FILL_STRENGTH, palette.fillStrength);
  recolourBuildings(map, palette);
  recolourMarks(map, palette);
  recolourDelivery(map, palette);
}

/** Bring a box into the part of the map that nothing covers, once the panels have taken their new size. */
export async function flyTo(map: MapLibreMap, box: Bbox, { maxZoom = 19, animate = true } = {}): Promise<void> {
  await new Promise(requestAnimationFrame);
  map.fitBounds(box, { padding: clearEdges(), maxZoom, animate, duration: FLIGHT_MS, linear: true });
}

/** Resolve when everything asked for is drawn for the first time. */
export async function firstIdle(map: MapLibreMap): Promise<void> {
  await new Promise<void>((resolve) => {
    void map.once("idle", () => resolve());
    map.triggerRepaint();
  });
}
