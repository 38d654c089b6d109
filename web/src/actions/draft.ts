/** Draw a footprint or type its corners, see its code and findings, register it. */

import type { Polygon, Position } from "geojson";
import { previewCode, registerFootprint } from "../api";
import { boundsOf } from "../bounds";
import type { Bilingual, UploadRow } from "../contract";
import { readAngle, readCorners, squareCorners, stepBeside, stepTo } from "../corners";
import { writeSystem, type System } from "../crs";
import { cornersOf, footprintOf } from "../draw";
import { isNarrow } from "../layout";
import { reloadBuildings } from "../map/blueprint";
import { flyTo } from "../map/view";
import { NO_ENTRY, type Draft } from "../state";
import { placeOf, problemOf, problemOfFault, setSheet, type Page } from "./page";

export type ShowRegistered = (code: string, outcome: UploadRow["outcome"]) => Promise<void>;

const LEAST_CORNERS = 3;
const ENTRY_ZOOM = 18;
const NO_MEASURE: Bilingual = {
  zh: "请填两个数：长度以米计，方位角如 90.5 或 90°30′15″。",
  en: "Give two numbers: lengths in metres, a bearing as 90.5 or 90°30′15″.",
};
const NO_RIGHT_ANGLES: Bilingual = {
  zh: "没有接近直角的边。",
  en: "No sides are nearly at right angles.",
};

export function draftActions(page: Page, showRegistered: ShowRegistered) {
  const { store, map, draw } = page;
  let asked = new AbortController();
  const change = (part: Partial<Draft>): void => {
    if (store.state.draft) store.set({ draft: { ...store.state.draft, ...part } });
  };
  const drop = (): void => {
    asked.abort();
    draw.clear();
    const view = store.state.upload ? "upload" : "home";
    store.set({ draft: null, card: null, drawing: false, entry: NO_ENTRY, chosen: null, place: null, view });
  };

  /** Ask what a closed or changed footprint would be; an earlier question still open is withdrawn. */
  const codeFootprint = async (geometry: Polygon, squared: Draft["squared"] = null): Promise<void> => {
    asked.abort();
    asked = new AbortController();
    const { signal } = asked;
    const draft = { geometry, squared, fault: null, preview: null, problem: null, registering: false };
    store.set({ draft, drawing: false, entry: NO_ENTRY, chosen: null, place: null, view: "draft" });
    setSheet(page, "half");
    if (isNarrow()) void flyTo(map, boundsOf(geometry), { maxZoom: map.getZoom() });
    try {
      const preview = await previewCode(geometry, signal);
      if (!signal.aborted) change({ preview });
    } catch (error) {
      if (signal.aborted) return;
      const problem = problemOf(error);
      change({ problem });
      store.set({ place: placeOf(problem) });
    }
  };

  const putAndCode = (geometry: Polygon, squared: Draft["squared"] = null): void => {
    draw.put(geometry);
    void codeFootprint(geometry, squared);
  };

  const closeEntry = (): void => {
    const { corners } = store.state.entry;
    if (corners.length < LEAST_CORNERS) return;
    const footprint = footprintOf(corners);
    void flyTo(map, boundsOf(footprint), { maxZoom: Math.max(map.getZoom(), ENTRY_ZOOM) });
    putAndCode(footprint);
  };

  /** Take corners behind those that are typed; one that is the first again closes the ring. */
  const addCorners = (added: readonly Position[]): void => {
    const { entry } = store.state;
    // a ring is typed or clicked, not both
    if (entry.corners.length === 0) draw.clear();
    const corners = [...entry.corners, ...added];
    const [first, last] = [corners[0], corners.at(-1)];
    const isClosed = corners.length > LEAST_CORNERS && first?.every((value, axis) => value === last?.[axis]);
    store.set({ entry: { corners: isClosed ? corners.slice(0, -1) : corners, fault: null } });
    if (isClosed) return closeEntry();
    void flyTo(map, boundsOf({ type: "LineString", coordinates: [...corners] }), {
      maxZoom: Math.max(map.getZoom(), ENTRY_ZOOM),
    });
  };

  const refuseEntry = (fault: Bilingual): void => store.set({ entry: { ...store.state.entry, fault } });

  const here = (): Position => {
    const { lng, lat } = map.getCenter();
    return [lng, lat];
  };

  const near = (): Position => store.state.entry.corners.at(-1) ?? here();

  return {
    startDrawing(): void {
      drop();
      store.set({ drawing: true, problem: null });
      setSheet(page, "low");
      draw.start();
    },

    undoCorner(): void {
      const { entry } = store.state;
      if (entry.corners.length > 0) store.set({ entry: { corners: entry.corners.slice(0, -1), fault: null } });
      else draw.undo();
      if (store.state.entry.corners.length === 0 && entry.corners.length > 0) draw.start();
      map.getCanvas().focus();
    },

    clearDraft: drop,

    codeFootprint: (geometry: Polygon): Promise<void> => codeFootprint(geometry),

    closeEntry,

    chooseSystem(system: System): void {
      writeSystem(system);
      store.set({ system });
    },

    /** Take corners as coordinates, one a line; returns whether all could be read. */
    typeCorners(text: string): boolean {
      const { corners, fault } = readCorners(text, store.state.system, near());
      if (fault) refuseEntry(fault);
      else addCorners(corners);
      return fault === null;
    },

    /** Take the corner at a distance and a bearing from the last one. */
    typeStep(length: string, bearing: string): boolean {
      const last = store.state.entry.corners.at(-1);
      const [length_m, bearing_deg] = [readAngle(length), readAngle(bearing)];
      const isRead = last !== undefined && length_m !== null && length_m > 0 && bearing_deg !== null;
      if (isRead) addCorners([stepTo(last, length_m, bearing_deg, store.state.system)]);
      else refuseEntry(NO_MEASURE);
      return isRead;
    },

    /** Take the corner so far along the last side, from its end on, and so far to its right. */
    typeBeside(along: string, right: string): boolean {
      const [from, to] = store.state.entry.corners.slice(-2);
      const [along_m, right_m] = [readAngle(along || "0"), readAngle(right || "0")];
      const isRead = from !== undefined && to !== undefined && along_m !== null && right_m !== null;
      if (isRead && (along_m !== 0 || right_m !== 0))
        addCorners([stepBeside(from, to, along_m, right_m, store.state.system)]);
      else refuseEntry(NO_MEASURE);
      return isRead;
    },

    /** Put one corner of the drawn footprint where the two coordinates are. */
    moveCorner(index: number, first: string, second: string): void {
      const { draft, system } = store.state;
      if (!draft) return;
      const corners = cornersOf(draft.geometry);
      const { corners: read, fault } = readCorners(`${first} ${second}`, system, corners[index] ?? here());
      const [corner] = read;
      if (corner) putAndCode(footprintOf(corners.with(index, corner)));
      else change({ fault });
    },

    removeCorner(index: number): void {
      const { draft } = store.state;
      if (draft) putAndCode(footprintOf(cornersOf(draft.geometry).toSpliced(index, 1)));
    },

    /** Make the angles of the drawn footprint right that nearly are. */
    squareDraft(): void {
      const { draft, system } = store.state;
      if (!draft) return;
      const squared = squareCorners(cornersOf(draft.geometry), system);
      if (squared) putAndCode(footprintOf(squared.corners), { before: draft.geometry, moved_m: squared.moved_m });
      else change({ fault: NO_RIGHT_ANGLES });
    },

    undoSquare(): void {
      const before = store.state.draft?.squared?.before;
      if (before) putAndCode(before);
    },

    async register(name: string): Promise<void> {
      const { draft } = store.state;
      if (!draft || draft.registering) return;
      change({ registering: true, problem: null });
      try {
        const [row] = (await registerFootprint(draft.geometry, name.trim())).results;
        if (row?.code) {
          reloadBuildings(map);
          drop();
          await showRegistered(row.code, row.outcome);
        } else if (row?.fault) change({ problem: problemOfFault(row.fault) });
      } catch (error) {
        const problem = problemOf(error);
        const fault = problem.results[0]?.fault;
        change({ problem: fault ? problemOfFault(fault) : problem });
      } finally {
        change({ registering: false });
      }
    },
  };
}
