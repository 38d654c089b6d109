/** The answers of the HTTP API, as the page reads them. Coordinates are longitude, latitude in EPSG:4490. */

import type { Geometry, MultiPolygon, Polygon } from "geojson";

export type Bbox = [west: number, south: number, east: number, north: number];

export interface Bilingual {
  zh: string;
  en: string;
}

export interface Named extends Bilingual {
  code: string;
}

export interface Session {
  office: Bilingual;
  actor: string;
  role: string;
  version: string;
  extent: Bbox | null;
}

export interface Edition {
  id: number;
  title: string;
  valid_from: string | null;
  valid_to: string | null;
  recorded_at: string;
}

export interface LayerEdition extends Edition {
  features: number;
  source: string;
  accuracy_m: number | null;
}

export interface Layer {
  code: string;
  table: string;
  name: Bilingual;
  major: Named;
  mid: Named;
  geometry: string;
  role: "constraint" | "plan" | "status" | "administrative";
  order: number;
  symbol: { fill: string; line: string; opacity: number };
  editions: LayerEdition[];
  tiles: string | null;
}

export type Outcome = "pass" | "fail" | "fail_within_accuracy" | "not_applicable" | "not_evaluated" | "manual";
export type Severity = "prohibit" | "approval" | "restrict" | "reject" | "coordinate" | "warn" | "info";
export type Certainty = "certain" | "within_accuracy" | "noise";
export type Confidence = "V" | "V2" | "K" | "P";

/** One of several measures that a finding rests on: against one feature, one side of a site, one raster. */
export interface Measure {
  label: string;
  outcome: Outcome | null;
  measured: number | null;
  required: number | null;
  margin: number | null;
}

export interface Finding {
  rule: string;
  title: Bilingual;
  outcome: Outcome;
  severity: Severity;
  advisory: boolean;
  area_m2: number | null;
  ellipsoid_area_m2: number | null;
  share: number | null;
  width_m: number | null;
  margin_m: number | null;
  measured: number | null;
  required: number | null;
  margin: number | null;
  unit: string;
  measures: Measure[];
  certainty: Certainty | null;
  reason: Bilingual | null;
  layer: { code: string; name: Bilingual };
  features: { id: number | string; name: string | null }[];
  edition: Edition | null;
  basis: { doc: string; article: string }[];
  confidence: Confidence;
  witness: Geometry | null;
}

export interface PlaneMeasure {
  crs: string;
  area_m2: number;
  perimeter_m: number;
}

/** A name under a scheme; `computed` ones follow from the footprint, the others were assigned by somebody. */
export interface Alias {
  scheme: string;
  label: Bilingual;
  value: string;
  computed: boolean;
}

/**
 * What the register holds on the ground: the building itself, those that it merges, one that a person would relate (held), or
 * another that stands in the way (refused).
 */
export type KnownBuilding =
  | { relation: "same" | "revised" | "merged"; code: string; iou: number }
  | { relation: "held"; fault: Fault }
  | { relation: "refused"; fault: Fault };

export interface CodePreview {
  code: string;
  h3: string;
  area_m2: number;
  plane: PlaneMeasure;
  building: KnownBuilding | null;
  aliases: Alias[];
  notes: Bilingual[];
  verdict: Outcome;
  findings: Finding[];
}

export interface Fault {
  kind: string;
  text: Bilingual;
  remedy: Bilingual;
  x: number | null;
  y: number | null;
  vertex: number | null;
}

/** What a check found in a row that is not refused for it; `fix` where mending is safe. */
export interface Warning extends Fault {
  severity: "error" | "warning" | "info";
  fix?: { applied: boolean; text: Bilingual; geometry: Geometry | null };
}

export interface UploadRow {
  /** Position in the file, from 0. */
  row: number;
  feature: string | number | null;
  name: string | null;
  outcome: "new" | "same" | "revised" | "split" | "merged" | "held" | "refused";
  code?: string | null;
  area_m2?: number | null;
  fault: Fault | null;
  warnings?: Warning[];
  /** In a preview alone; null where the row has none, or none with a place. */
  geometry?: Geometry | null;
}

export interface Counts {
  rows: number;
  accepted: number;
  held: number;
  refused: number;
  repeated: boolean;
}

export interface Because {
  name: string;
  why: Bilingual;
}

/** What became of a delivery, or would become of it. */
export interface Upload extends Counts {
  id: string | null;
  file: string;
  format: string;
  encoding: Because | null;
  crs: Because;
  warned: number;
  stored: boolean;
  notes: Bilingual[];
  results: UploadRow[];
}

/** What became of a delivery, without what it was: of a large one its rows are not listed. */
export type UploadResult = Counts & Pick<Upload, "id" | "results">;

export interface FoundLayer {
  name: string;
  geometry: string;
  rows: number | null;
}

export interface Preview extends Upload {
  refusal: null;
  layers: FoundLayer[];
  layer: string;
  columns: { name: string; kind: string; filled: number; samples: string[] }[];
  bounds: Bbox | null;
}

/** One way to read the numbers of a file that does not say its CRS. */
export interface Candidate {
  /** What to state for it. */
  crs: string;
  name: string;
  box: Bbox;
  /** Where that is to the ground that the office works on. */
  place: "inside" | "partly" | "outside" | "unknown";
  score: number;
  reason: Bilingual;
}

export interface Refusal extends Fault {
  place: Problem["place"];
  candidates?: Candidate[];
}

/** A file that is refused as a whole. */
export interface RefusedFile {
  file: string;
  layers: FoundLayer[];
  refusal: Refusal;
}

export interface JobProblem {
  kind: string;
  text: Bilingual;
  remedy: Bilingual;
  results?: UploadRow[];
}

/** Where a job stands, as each of its events tells. */
export interface Standing {
  state: "waiting" | "running" | "cancelling" | "done" | "failed" | "cancelled";
  text: Bilingual;
  step: Named | null;
  done: number | null;
  total: number | null;
  result: (Counts & { upload: string }) | null;
  problem: JobProblem | null;
}

export interface Job extends Standing {
  id: string;
  file: string;
  actor: string;
  changed_at: string;
}

export interface Stage extends Named {
  requires: { geometry: "own" | "current" | "none" };
}

/** A building's entry into a stage. */
export interface StageEntry {
  id: number;
  occurred_on: string;
  /** Whether the day is known only to be no later than this. */
  at_latest: boolean;
  recorded_at: string;
  office: Bilingual;
  actor: string;
  certificate: string | null;
  documents: string[];
  height_m: number | null;
  floor_area_m2: number | null;
  geometry: { version: number; area_m2: number } | null;
  withdrawn_at: string | null;
}

export interface EntryInBrief {
  entry: number;
  stage: string;
  occurred_on: string;
  version: number;
}

/** How far the geometry of one stage may differ from that of an earlier one, and how far it does. */
export interface JudgedTolerance {
  id: string;
  title: Bilingual;
  measure: string;
  outcome: Outcome;
  severity: string;
  value: number | null;
  limit: number | null;
}

export interface StageDifference {
  from: EntryInBrief;
  to: EntryInBrief;
  measures: Record<string, number | null>;
  gained: Geometry | null;
  lost: Geometry | null;
  findings: JudgedTolerance[];
}

export interface Due {
  deadline: string;
  label: Bilingual;
  due_on: string;
  overdue_days: number;
  state: string;
}

/** What a building has gone through, what may come next, and what is due. */
export interface Chain {
  building: string;
  day: string;
  stages: (Named & { entries: StageEntry[] })[];
  next: string[];
  deadlines: Due[];
  differences: StageDifference[];
}

export interface BuildingProperties {
  code: string;
  life: { state: string; reason: string | null; closed_on: string | null };
  lineage: { predecessors: string[]; successors: string[]; living: string[] };
  h3: string;
  area_m2: number;
  plane: PlaneMeasure;
  stage: Named;
  generation: number;
  name: string | null;
  office: Bilingual;
  version: number;
  recorded_at: string;
  aliases: Alias[];
  events: {
    kind: string;
    label: Bilingual;
    occurred_at: string | null;
    recorded_at: string;
    actor: string;
    version: number | null;
  }[];
}

export interface Building {
  type: "Feature";
  id: string;
  bbox: Bbox;
  geometry: MultiPolygon | Polygon;
  properties: BuildingProperties;
}

/** By which of its names a building was found. */
export interface Matched {
  as: string;
  label: Bilingual;
  text: string;
  unit: string | null;
  ended_on: string | null;
  how: Bilingual | null;
  distance_m: number | null;
}

export interface FoundBuilding {
  code: string;
  name: string | null;
  stage: Named;
  life: BuildingProperties["life"];
  matched: Matched;
}

/** What a text leads to: a building, several of them, or a sentence why to none. */
export interface Resolved {
  asked: string;
  status: "found" | "several" | "not_found" | "invalid";
  code: string | null;
  matched: Matched | null;
  candidates: FoundBuilding[];
  /** How many candidates are not listed. */
  more: number;
  suggestion: string | null;
  fault: Fault | null;
}

export interface BuildingFindings {
  code: string;
  as_of: string;
  verdict: Outcome;
  findings: Finding[];
}

/** What went wrong, in both languages: a sentence, a remedy, a place. */
export interface Problem {
  kind: string;
  status: number;
  title: Bilingual;
  detail: Bilingual;
  remedy: Bilingual | null;
  place: {
    file?: string;
    layer?: string;
    feature?: string | number;
    line?: number;
    vertex?: number;
    x?: number;
    y?: number;
  };
  suggestions: string[];
  results: UploadRow[];
}
