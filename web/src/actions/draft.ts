/** Draw a footprint, see its code and findings, register it. */

import type { Polygon } from "geojson";
import { previewCode, registerFootprint } from "../api";
import { boundsOf } from "../bounds";
import type { UploadRow } from "../contract";
import { isNarrow } from "../layout";
import { reloadBuildings } from "../map/blueprint";
import { flyTo } from "../map/view";
import type { Draft } from "../state";
import { placeOf, problemOf, problemOfFault, setSheet, type Page } from "./page";

export type ShowRegistered = (code: string, outcome: UploadRow["outcome"]) => Promise<void>;

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
    store.set({ draft: null, card: null, drawing: false, chosen: null, place: null, view });
  };

  return {
    startDrawing(): void {
      drop();
      store.set({ drawing: true, problem: null });
      setSheet(page, "low");
      draw.start();
    },

    undoCorner(): void {
      draw.undo();
      map.getCanvas().focus();
    },

    clearDraft: drop,

    /** Ask what a closed or changed footprint would be; an earlier question still open is withdrawn. */
    async codeFootprint(geometry: Polygon): Promise<void> {
      asked.abort();
      asked = new AbortController();
      const { signal } = asked;
      const draft = { geometry, preview: null, problem: null, registering: false };
      store.set({ draft, drawing: false, chosen: null, place: null, view: "draft" });
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
