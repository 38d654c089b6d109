/** Find a building by any of its names, show its card, check it. */

import { readBuilding, readFindings } from "../api";
import type { Building, UploadRow } from "../contract";
import { flyTo } from "../map/view";
import type { Card } from "../state";
import { problemOf, setSheet, type Page } from "./page";

interface OpenOptions {
  fly?: boolean;
  registered?: UploadRow["outcome"] | null;
}

export function buildingActions(page: Page) {
  const { store, map } = page;
  let latest = 0;

  const show = (building: Building, { fly = true, registered = null }: OpenOptions): void => {
    const card = { building, registered, findings: null, problem: null };
    store.set({ card, view: "card", chosen: null, place: null });
    setSheet(page, "half");
    if (fly) void flyTo(map, building.bbox, { maxZoom: 18 });
  };

  const open = async (name: string, options: OpenOptions = {}): Promise<void> => {
    const turn = (latest += 1);
    store.set({ search: { busy: true, problem: null } });
    try {
      const building = await readBuilding(name);
      if (turn !== latest) return;
      store.set({ search: { busy: false, problem: null } });
      show(building, options);
    } catch (error) {
      if (turn === latest) store.set({ search: { busy: false, problem: problemOf(error) } });
    }
  };

  const changeCard = (code: string, part: Partial<Card>): void => {
    const { card } = store.state;
    if (card?.building.properties.code === code) store.set({ card: { ...card, ...part } });
  };

  return {
    open,

    async search(text: string): Promise<void> {
      const name = text.trim();
      if (name !== "") await open(name);
    },

    dismissSearch(): void {
      store.set({ search: { busy: false, problem: null } });
    },

    async checkBuilding(code: string): Promise<void> {
      changeCard(code, { findings: "loading", problem: null });
      try {
        changeCard(code, { findings: await readFindings(code) });
      } catch (error) {
        changeCard(code, { findings: null, problem: problemOf(error) });
      }
    },

    closeCard(): void {
      const { draft, upload } = store.state;
      store.set({ card: null, chosen: null, view: draft ? "draft" : upload ? "upload" : "home" });
    },
  };
}
