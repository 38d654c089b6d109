/** Everything the page shows, in one value; views are functions of it. */

import type { Polygon, Position } from "geojson";
import type { Reading } from "./api";
import type {
  Bilingual,
  Building,
  BuildingFindings,
  Candidate,
  Chain,
  CodePreview,
  Finding,
  Job,
  Layer,
  Preview,
  Problem,
  RefusedFile,
  Resolved,
  Session,
  Stage,
  StageDifference,
  UploadResult,
  UploadRow,
} from "./contract";
import type { System } from "./crs";
import type { Language } from "./messages";
import type { Filter } from "./rows";

/** Corners that are typed, before they close. */
export interface Entry {
  corners: readonly Position[];
  fault: Bilingual | null;
}

export interface Draft {
  geometry: Polygon;
  /** Where right angles were made: what it was, and how far its corners were moved at most. */
  squared: { before: Polygon; moved_m: number } | null;
  /** What is wrong with a corner that was typed. */
  fault: Bilingual | null;
  preview: CodePreview | null;
  problem: Problem | null;
  registering: boolean;
}

export interface Card {
  building: Building;
  /** How it came to be registered just now, if it was. */
  registered: UploadRow["outcome"] | null;
  findings: BuildingFindings | "loading" | null;
  /** Null until it is there, and for those who may not see it. */
  chain: Chain | null;
  /** Two of its geometries that are laid over each other. */
  compared: StageDifference | null;
  problem: Problem | null;
}

export interface UploadTask {
  name: string;
  /** Null where the result of a job of an earlier visit is shown. */
  file: File | null;
  reading: Reading;
  stage: string;
  busy: "looking" | "sending" | null;
  look: Preview | RefusedFile | null;
  /** The id of the job that does it, where one does. */
  job: string | null;
  result: UploadResult | null;
  problem: Problem | null;
  /** Those of the result, else of the preview, the worst first. */
  rows: readonly UploadRow[];
  rowsShown: number;
  filter: Filter | null;
  chosen: UploadRow | null;
  /** The CRSs that the file may be in, the most plausible first, and the one that is looked at. */
  candidates: readonly Candidate[];
  candidate: string | null;
}

export interface Search {
  busy: boolean;
  problem: Problem | null;
  /** What the text led to, where that was not one building by its own code. */
  found: Resolved | null;
}

export interface State {
  language: Language;
  session: Session | null;
  layers: readonly Layer[];
  visible: ReadonlySet<string>;
  layersOpen: boolean;
  sheet: "low" | "half" | "full";
  drawing: boolean;
  entry: Entry;
  /** In which coordinates are told and typed. */
  system: System;
  view: "home" | "draft" | "card" | "upload";
  search: Search;
  draft: Draft | null;
  card: Card | null;
  upload: UploadTask | null;
  /** The own uploads that go on beside the page, and those that ended lately, the newest first. */
  jobs: readonly Job[];
  stages: readonly Stage[];
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

/** The ways to read the file that the panel lists now, for a person to choose among, in its order. */
export const candidatesOnShow = ({ view, upload }: State): readonly Candidate[] =>
  view === "upload" && upload ? upload.candidates : NONE;

/** The delivered rows that the map shows now. */
export const rowsOnShow = ({ view, upload }: State): readonly UploadRow[] =>
  view === "upload" && upload ? upload.rows : NONE;

export const NO_SEARCH: Search = { busy: false, problem: null, found: null };

export const NO_ENTRY: Entry = { corners: [], fault: null };

// One and the same empty list, so that "nothing has changed" can be told by identity.
const NONE: readonly never[] = [];

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
