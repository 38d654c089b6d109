/** Everything the page shows, in one value; views are functions of it. */

import type { Polygon } from "geojson";
import type {
  Building,
  BuildingFindings,
  CodePreview,
  Finding,
  Layer,
  Problem,
  Session,
  Upload,
  UploadRow,
} from "./contract";
import type { Language } from "./messages";

export interface Draft {
  geometry: Polygon;
  preview: CodePreview | null;
  problem: Problem | null;
  registering: boolean;
}

export interface Card {
  building: Building;
  /** How it came to be registered just now, if it was. */
  registered: UploadRow["outcome"] | null;
  findings: BuildingFindings | "loading" | null;
  problem: Problem | null;
}

export interface UploadTask {
  file: File;
  result: Upload | null;
  problem: Problem | null;
  rowsShown: number;
}

export interface State {
  language: Language;
  session: Session | null;
  layers: readonly Layer[];
  visible: ReadonlySet<string>;
  layersOpen: boolean;
  sheet: "low" | "half" | "full";
  drawing: boolean;
  view: "home" | "draft" | "card" | "upload";
  search: { busy: boolean; problem: Problem | null };
  draft: Draft | null;
  card: Card | null;
  upload: UploadTask | null;
  chosen: Finding | null;
  problem: Problem | null;
  copied: string | null;
  dropping: boolean;
  /** Where the map points a fault out. */
  place: readonly [lon: number, lat: number] | null;
}

/** The findings that the panel lists now. */
export function findingsOnShow({ view, draft, card }: State): readonly Finding[] {
  if (view === "draft") return draft?.preview?.findings ?? NONE;
  if (view === "card" && card?.findings !== "loading") return card?.findings?.findings ?? NONE;
  return NONE;
}

// One and the same empty list, so that "nothing has changed" can be told by identity.
const NONE: readonly Finding[] = [];

export interface Store {
  readonly state: State;
  /** Change part of the state; the page is drawn once, afterwards, however many changes come together. */
  set(change: Partial<State>): void;
}

export function createStore(initial: State, draw: (state: State) => void): Store {
  let state = initial;
  let scheduled = false;
  return {
    get state() {
      return state;
    },
    set(change) {
      state = { ...state, ...change };
      if (scheduled) return;
      scheduled = true;
      queueMicrotask(() => {
        scheduled = false;
        draw(state);
      });
    },
  };
}
