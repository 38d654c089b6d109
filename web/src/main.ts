/** Put the page together: map, drawing tool, state, views, and what the person and the address ask for. */

import { render } from "lit";
import { createActions, type Actions } from "./actions";
import { problemOf } from "./actions/page";
import { readAddress } from "./address";
import { readLayers, readSession } from "./api";
import { readSystem } from "./crs";
import { createDrawTool } from "./draw";
import { readLanguage } from "./language";
import { addLayers, buildingAt, BUILDINGS } from "./map/blueprint";
import { candidateAt, rowAt } from "./map/delivery";
import { GRATICULE } from "./map/graticule";
import { createMap, firstIdle, flyTo } from "./map/view";
import { createStore, NO_ENTRY, NO_SEARCH, type State } from "./state";
import "./styles/index.css";
import { createSync } from "./sync";
import { appView } from "./views/app";
import { createFrame } from "./views/frame";
import { readVisible } from "./visibility";

const INITIAL: State = {
  language: readLanguage(),
  session: null,
  layers: [],
  visible: new Set([BUILDINGS, GRATICULE]),
  layersOpen: innerWidth >= 1100,
  sheet: "low",
  drawing: false,
  entry: NO_ENTRY,
  system: readSystem(),
  view: "home",
  search: NO_SEARCH,
  draft: null,
  card: null,
  upload: null,
  jobs: [],
  stages: [],
  chosen: null,
  problem: null,
  copied: null,
  dropping: false,
  place: null,
};

async function start(): Promise<void> {
  // Before the map and the first drawing of the page write their own state into the address.
  const arrival = readAddress();
  const answers = Promise.all([readSession(), readLayers()]);
  // the map begins where the office works: until that is known there is nothing to show
  const ground = await answers.then(
    ([session]) => session.extent,
    () => null,
  );
  const map = await createMap(element("map"), ground);
  const app = element("app");
  const store = createStore(INITIAL, (state) => {
    render(appView(state, act), app);
    sync(state);
  });
  const draw = createDrawTool(map, (footprint) => void act.codeFootprint(footprint));
  const act = createActions({ store, map, draw });
  const sync = createSync(map);
  createFrame(map, element("frame"), () => store.state, act);

  map.on("click", ({ point, lngLat }) => {
    if (store.state.drawing || draw.isAt(lngLat)) return;
    const candidate = candidateAt(map, point);
    const row = rowAt(map, point);
    const code = buildingAt(map, point);
    if (candidate !== null) act.lookAtCandidate(candidate);
    else if (row !== null) act.chooseRowOnMap(row);
    else if (code !== null) void act.open(code, { fly: false });
  });
  map.on("mousemove", ({ point }) => {
    const { drawing, draft } = store.state;
    if (drawing || draft) return;
    const something = candidateAt(map, point) ?? rowAt(map, point) ?? buildingAt(map, point);
    map.getCanvas().style.cursor = something === null ? "" : "pointer";
  });
  listenToKeys(act, () => store.state);
  listenToDrops(act);
  addEventListener("hashchange", () => {
    const { code } = readAddress();
    if (code !== null && code !== store.state.card?.building.properties.code) void act.open(code);
  });

  store.set({});
  try {
    const [session, layers] = await answers;
    addLayers(map, layers, session.extent);
    store.set({ session, layers, visible: readVisible(layers) });
    void act.loadJobs();
    if (session.extent && !arrival.hasPosition) await flyTo(map, session.extent, { animate: false });
    if (arrival.code !== null) await act.open(arrival.code, { fly: !arrival.hasPosition });
  } catch (error) {
    store.set({ problem: problemOf(error), sheet: "half" });
  }
  await firstIdle(map);
  document.documentElement.dataset["ready"] = "true";
}

function listenToKeys(act: Actions, readState: () => State): void {
  addEventListener("keydown", ({ key }) => {
    if (key === "Escape" && readState().drawing) act.clearDraft();
  });
}

function listenToDrops(act: Actions): void {
  addEventListener("dragover", (event) => {
    event.preventDefault();
    act.setDropping(event.dataTransfer?.types.includes("Files") ?? false);
  });
  addEventListener("dragleave", ({ relatedTarget }) => {
    if (relatedTarget === null) act.setDropping(false);
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    act.setDropping(false);
    const { items = [], files = [] } = event.dataTransfer ?? {};
    const isFolder = [...items].some((item) => item.webkitGetAsEntry()?.isDirectory);
    void act.takeFiles([...files], { isFolder });
  });
}

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no element #${id}`);
  return found;
}

void start();
