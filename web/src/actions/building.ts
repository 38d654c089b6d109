/** Find a building by any of its names, show its card, check it. */

import { readBuilding, readChain, readFindings, resolveText } from "../api";
import { boundsOf } from "../bounds";
import type { Building, StageDifference, UploadRow } from "../contract";
import { readCorners } from "../corners";
import { flyTo } from "../map/view";
import { NO_SEARCH, type Card } from "../state";
import { problemOf, problemOfResolved, setSheet, type Page } from "./page";

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
    // what is clicked on the map was not searched for
    const found = options.fly === false ? null : store.state.search.found;
    store.set({ search: { busy: true, problem: null, found } });
    try {
      const building = await readBuilding(name);
      if (turn !== latest) return;
      store.set({ search: { busy: false, problem: null, found } });
      show(building, options);
    } catch (error) {
      if (turn === latest) store.set({ search: { busy: false, problem: problemOf(error), found } });
    }
  };

  /** Fly to coordinates at which nothing stands, and mark them. */
  const showCoordinates = (text: string): void => {
    const { lng, lat } = map.getCenter();
    const [place] = readCorners(text, store.state.system, [lng, lat]).corners;
    if (!place) return;
    const [lon = lng, north = lat] = place;
    store.set({ place: [lon, north] });
    void flyTo(map, [lon, north, lon, north], { maxZoom: 18 });
  };

  return {
    open,

    async search(text: string): Promise<void> {
      const asked = text.trim();
      if (asked === "") return;
      const turn = (latest += 1);
      store.set({ search: { ...NO_SEARCH, busy: true } });
      try {
        const found = await resolveText(asked);
        if (turn !== latest) return;
        const problem = problemOfResolved(found);
        const isPlain = found.status === "found" && found.matched?.as === "code";
        store.set({ search: { busy: false, problem, found: isPlain ? null : found } });
        if (found.status === "found" && found.code !== null) await open(found.code);
        else if (found.status === "not_found") showCoordinates(asked);
      } catch (error) {
        if (turn === latest) store.set({ search: { ...NO_SEARCH, problem: problemOf(error) } });
      }
    },

    dismissSearch(): void {
      store.set({ search: NO_SEARCH });
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
