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

export interface UploadRow {
  row: number;
  feature: string | number;
  name: string | null;
  outcome: "new" | "same" | "revised" | "split" | "merged" | "held" | "refused";
  code: string | null;
  area_m2: number | null;
  fault: Fault | null;
}

export interface Upload {
  id: string;
  file: string;
  format: string;
  encoding: { name: string; why: Bilingual } | null;
  crs: { name: string; why: Bilingual };
  rows: number;
  accepted: number;
  refused: number;
  stored: boolean;
  notes: Bilingual[];
  results: UploadRow[];
}

export interface BuildingProperties {
  code: string;
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
