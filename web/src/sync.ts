/** Keeps map, address and document in step with the state, as the views keep the panels. */

import type { Geometry } from "geojson";
import type { Map as MapLibreMap } from "maplibre-gl";
import { writeCode } from "./address";
import type { StageDifference } from "./contract";
import { showLayers } from "./map/blueprint";
import { showCandidates, showRows } from "./map/delivery";
import { GRATICULE } from "./map/graticule";
import { markOutline, markPlace, markWitnesses, type Witness } from "./map/marks";
import { sayIn } from "./messages";
import { toneOf, worstFirst } from "./order";
import { candidatesOnShow, findingsOnShow, rowsOnShow, type State } from "./state";

type Effect = (state: State) => void;

/** Return a function that carries each change of the state over to the map, and nothing that has not changed. */
export function createSync(map: MapLibreMap): Effect {
  const effects = [
    whenChanged(
      (state) => [state.language],
      ({ language }) => {
        const say = sayIn(language);
        document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
        document.title = say("title");
        map.getCanvas().setAttribute("aria-label", say("map"));
      },
    ),
    whenChanged(
      (state) => [state.layers, state.visible],
      ({ layers, visible }) => {
        showLayers(map, layers, visible);
        map.setLayoutProperty(GRATICULE, "visibility", visible.has(GRATICULE) ? "visible" : "none");
      },
    ),
    whenChanged(
      (state) => [state.language, state.system],
      // what follows the map frame by frame is drawn again with it
      () => map.triggerRepaint(),
    ),
    whenChanged(
      (state) => [findingsOnShow(state), state.chosen, state.view === "card" ? state.card?.compared : null],
      (state) => markWitnesses(map, witnesses(state)),
    ),
    whenChanged(
      (state) => [state.view === "card", state.card?.building],
      ({ view, card }) => writeCode(view === "card" ? (card?.building.properties.code ?? null) : null),
    ),
    whenChanged(
      (state) => [outlined(state)],
      (state) => markOutline(map, outlined(state)),
    ),
    whenChanged(
      (state) => [rowsOnShow(state)],
      (state) => showRows(map, rowsOnShow(state)),
    ),
    whenChanged(
      (state) => [candidatesOnShow(state), state.upload?.candidate],
      (state) => showCandidates(map, candidatesOnShow(state), state.upload?.candidate ?? null),
    ),
    whenChanged(
      (state) => [state.place],
      ({ place }) => markPlace(map, place ? [place[0], place[1]] : null),
    ),
  ];
  return (state) => effects.forEach((effect) => effect(state));
}

function whenChanged(inputs: (state: State) => unknown[], effect: Effect): Effect {
  let before: unknown[] | null = null;
  return (state) => {
    const now = inputs(state);
    if (before?.every((value, index) => value === now[index])) return;
    before = now;
    effect(state);
  };
}

/** The building whose card is shown, the delivered row that is chosen, or the corners that are typed so far. */
function outlined({ view, card, upload, drawing, entry }: State): Geometry | null {
  if (drawing) return typed(entry);
  if (view === "card") return card?.building.geometry ?? null;
  return view === "upload" ? (upload?.chosen?.geometry ?? null) : null;
}

/** What the later of two geometries has more, and what it lacks. */
function laidOver({ gained, lost }: StageDifference): Witness[] {
  const parts = [
    { geometry: gained, tone: "warn" },
    { geometry: lost, tone: "fail" },
  ] as const;
  return parts.flatMap(({ geometry, tone }) => (geometry ? [{ geometry, tone, chosen: true }] : []));
}

// one and the same line for the same corners, so that it is not drawn again
const LINES = new WeakMap<readonly unknown[], Geometry>();

function typed({ corners }: State["entry"]): Geometry | null {
  if (corners.length === 0) return null;
  const [first = []] = corners;
  const line = LINES.get(corners) ?? {
    type: "LineString",
    coordinates: [...corners, ...(corners.length === 1 ? [first] : [])],
  };
  LINES.set(corners, line);
  return line;
}

/** Failures are hatched at once, the worst on top; any other witness only while its finding is chosen. */
function witnesses(state: State): Witness[] {
  const compared = state.view === "card" ? state.card?.compared : null;
  if (compared) return laidOver(compared);
  const worstLast = worstFirst(findingsOnShow(state)).reverse();
  return worstLast.flatMap((finding) => {
    const chosen = finding === state.chosen;
    const failed = finding.outcome === "fail" || finding.outcome === "fail_within_accuracy";
    if (finding.witness === null || !(failed || chosen)) return [];
    return [{ geometry: finding.witness, tone: toneOf(finding), chosen }];
  });
}
