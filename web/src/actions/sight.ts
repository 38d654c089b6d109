/** What is seen and how: camera, layers, language, panels. */

import { boundsOf } from "../bounds";
import type { Finding } from "../contract";
import { writeLanguage } from "../language";
import { flyTo } from "../map/view";
import type { State } from "../state";
import { rememberVisible } from "../visibility";
import { setSheet, type Page } from "./page";

const COPIED_MS = 1600;
const NEXT_SHEET = { low: "half", half: "full", full: "low" } as const;

export function sightActions(page: Page) {
  const { store, map } = page;
  return {
    setLanguage(language: State["language"]): void {
      writeLanguage(language);
      store.set({ language });
    },

    show(view: State["view"]): void {
      store.set({ view, chosen: null, place: null });
    },

    toggleLayersPanel(): void {
      store.set({ layersOpen: !store.state.layersOpen });
    },

    cycleSheet(): void {
      store.set({ sheet: NEXT_SHEET[store.state.sheet] });
    },

    showLayers(codes: readonly string[], shown: boolean): void {
      const visible = new Set(store.state.visible);
      for (const code of codes) {
        if (shown) visible.add(code);
        else visible.delete(code);
      }
      rememberVisible(visible, store.state.layers);
      store.set({ visible });
    },

    /** Fly to a finding's witness, with its layer in sight; choosing it again lets it go. */
    choose(finding: Finding): void {
      if (store.state.chosen === finding || finding.witness === null) return store.set({ chosen: null });
      store.set({ chosen: finding, visible: new Set(store.state.visible).add(finding.layer.code) });
      setSheet(page, "half");
      void flyTo(map, boundsOf(finding.witness), { maxZoom: 19 });
    },

    showPlace(lon: number, lat: number): void {
      store.set({ place: [lon, lat] });
      void flyTo(map, [lon, lat, lon, lat], { maxZoom: 20 });
    },

    showAll(): void {
      const extent = store.state.session?.extent;
      if (extent) void flyTo(map, extent);
    },

    zoomIn(): void {
      map.zoomIn();
    },

    zoomOut(): void {
      map.zoomOut();
    },

    dismissProblem(): void {
      store.set({ problem: null });
    },

    setDropping(dropping: boolean): void {
      if (store.state.dropping !== dropping) store.set({ dropping });
    },

    /** Copy a text; where the browser forbids it, select the element that holds it, ready for Ctrl+C. */
    async copy(text: string, holder: Element | null): Promise<void> {
      try {
        await navigator.clipboard.writeText(text);
        store.set({ copied: text });
        setTimeout(() => store.set({ copied: null }), COPIED_MS);
      } catch {
        if (holder) getSelection()?.selectAllChildren(holder);
      }
    },
  };
}
