/** Find a building by any of its names, show its card, check it. */

import { readBuilding, readChain, readFindings } from "../api";
import { boundsOf } from "../bounds";
import type { Building, StageDifference, UploadRow } from "../contract";
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

  const changeCard = (code: string, part: Partial<Card>): void => {
    const { card } = store.state;
    if (card?.building.properties.code === code) store.set({ card: { ...card, ...part } });
  };

  const show = (building: Building, { fly = true, registered = null }: OpenOptions): void => {
    const card = { building, registered, findings: null, chain: null, compared: null, problem: null };
    store.set({ card, view: "card", chosen: null, place: null });
    setSheet(page, "half");
    void loadChain(building.properties.code);
    if (fly) void flyTo(map, building.bbox, { maxZoom: 18 });
  };

  const loadChain = async (code: string): Promise<void> => {
    try {
      changeCard(code, { chain: await readChain(code) });
    } catch (error) {
      // who may not see the stages sees the rest of the card
      problemOf(error);
    }
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

  return {
    open,

    async search(text: string): Promise<void> {
      const name = text.trim();
      if (name !== "") await open(name);
    },

    dismissSearch(): void {
      store.set({ search: { busy: false, problem: null } });
    },

    /** Lay two geometries of the building over each other; the same ones again let it go. */
    compare(difference: StageDifference): void {
      const { card } = store.state;
      if (!card) return;
      const compared = card.compared === difference ? null : difference;
      changeCard(card.building.properties.code, { compared });
      if (compared) void flyTo(map, boundsOf(card.building.geometry), { maxZoom: 20 });
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
