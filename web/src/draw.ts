/** Drawing one footprint with Terra Draw: corner after corner, then corners that can be dragged. */

import type { Polygon, Position } from "geojson";
import type { Map as MapLibreMap } from "maplibre-gl";
import {
  TerraDraw,
  TerraDrawModeUndoRedo,
  TerraDrawPolygonMode,
  TerraDrawSelectMode,
  TerraDrawUndoRedoKeyboardShortcuts,
} from "terra-draw";
import { TerraDrawMapLibreGLAdapter } from "terra-draw-maplibre-gl-adapter";
import { MARKS_BOTTOM } from "./map/marks";
import { hex, onPaletteChange, readPalette, type Palette } from "./map/theme";

export interface DrawTool {
  /** Begin a new footprint; one drawn before is dropped. */
  start(): void;
  /** Put a footprint on the map in place of what is drawn, its corners ready to be dragged. */
  put(footprint: Polygon): void;
  /** Drop whatever is drawn and put the tool down. */
  clear(): void;
  /** Tell whether the drawn footprint, or a corner of it, is at a place. */
  isAt(place: { lng: number; lat: number }): boolean;
  /** Take back the corner drawn last. */
  undo(): void;
}

// Terra Draw's own 40 px would close a small building's ring long before its last corner.
const MOUSE_REACH_PX = 10;
const TOUCH_REACH_PX = 30;
// A tap's click comes after it, and must not land on what the page puts under the finger in answer.
const TAP_ENDS_MS = 120;
// The code is defined on 1e-8 degrees (1.1 mm), so what is sent is exactly what is coded.
const DECIMALS = 8;

/** Put the drawing tool on the map; `onFootprint` hears of each closed or changed ring. */
export function createDrawTool(map: MapLibreMap, onFootprint: (footprint: Polygon) => void): DrawTool {
  const touch = matchMedia("(pointer: coarse)").matches;
  const reach = touch ? TOUCH_REACH_PX : MOUSE_REACH_PX;
  const palette = readPalette();
  const draw = new TerraDraw({
    adapter: new TerraDrawMapLibreGLAdapter({ map, renderBelowLayerId: MARKS_BOTTOM }),
    modes: [polygonMode(reach, palette), selectMode(reach, palette)],
    undoRedo: {
      modeLevel: new TerraDrawModeUndoRedo(),
      keyboardShortcuts: new TerraDrawUndoRedoKeyboardShortcuts(),
    },
  });
  draw.on("finish", (id) => {
    const geometry = draw.getSnapshotFeature(id)?.geometry;
    if (geometry?.type !== "Polygon") return;
    // Terra Draw is still inside its own event: change its mode only afterwards.
    if (draw.getMode() === "polygon") queueMicrotask(() => draw.selectFeature(id));
    setTimeout(() => onFootprint(rounded(geometry)), touch ? TAP_ENDS_MS : 0);
  });
  onPaletteChange((changed) => {
    draw.updateModeOptions<typeof TerraDrawPolygonMode>("polygon", { styles: polygonStyles(changed) });
    draw.updateModeOptions<typeof TerraDrawSelectMode>("select", { styles: selectStyles(changed) });
  });
  draw.start();
  draw.setMode("static");
  return {
    start() {
      draw.clear();
      draw.setMode("polygon");
      map.getCanvas().focus();
    },
    put(footprint) {
      draw.clear();
      draw.setMode("select");
      const [added] = draw.addFeatures([{ type: "Feature", properties: { mode: "polygon" }, geometry: footprint }]);
      if (added?.valid && added.id !== undefined) draw.selectFeature(added.id);
    },
    clear() {
      draw.clear();
      draw.setMode("static");
    },
    isAt: (place) => draw.getFeaturesAtLngLat(place, { pointerDistance: reach }).length > 0,
    undo() {
      draw.undo();
    },
  };
}

function polygonMode(pointerDistance: number, palette: Palette): TerraDrawPolygonMode {
  // Escape is handled by the page, which also puts the tool down.
  const keyEvents = { cancel: null, finish: "Enter" };
  return new TerraDrawPolygonMode({ pointerDistance, keyEvents, styles: polygonStyles(palette) });
}

function selectMode(pointerDistance: number, palette: Palette): TerraDrawSelectMode {
  return new TerraDrawSelectMode({
    pointerDistance,
    keyEvents: null,
    flags: { polygon: { feature: { coordinates: { draggable: true, midpoints: true, deletable: true } } } },
    styles: selectStyles(palette),
  });
}

const polygonStyles = ({ accent, paper }: Palette) => ({
  fillColor: hex(accent),
  fillOpacity: 0.16,
  outlineColor: hex(accent),
  outlineWidth: 2.5,
  closingPointColor: hex(paper),
  closingPointWidth: 5,
  closingPointOutlineColor: hex(accent),
  closingPointOutlineWidth: 2.5,
});

const selectStyles = ({ accent, paper }: Palette) => ({
  selectedPolygonColor: hex(accent),
  selectedPolygonFillOpacity: 0.16,
  selectedPolygonOutlineColor: hex(accent),
  selectedPolygonOutlineWidth: 2.5,
  selectionPointColor: hex(paper),
  selectionPointWidth: 5,
  selectionPointOutlineColor: hex(accent),
  selectionPointOutlineWidth: 2.5,
  midPointColor: hex(accent),
  midPointWidth: 3,
  midPointOutlineColor: hex(paper),
  midPointOutlineWidth: 1,
});

/** Return a ring of corners as a footprint. */
export const footprintOf = (corners: readonly Position[]): Polygon => ({
  type: "Polygon",
  coordinates: [[...corners, ...corners.slice(0, 1)].map((corner) => [...corner])],
});

/** Return the corners of a drawn footprint, each once. */
export const cornersOf = ({ coordinates }: Polygon): Position[] => (coordinates[0] ?? []).slice(0, -1);

const rounded = ({ coordinates }: Polygon): Polygon => ({
  type: "Polygon",
  coordinates: coordinates.map((ring) =>
    ring.map((position) => position.map((degrees) => Number(degrees.toFixed(DECIMALS)))),
  ),
});
