/** What the actions work on, and how a failed one is told. */

import type { Map as MapLibreMap } from "maplibre-gl";
import { ProblemError } from "../api";
import type { Bilingual, Fault, JobProblem, Problem, Refusal, Resolved } from "../contract";
import type { DrawTool } from "../draw";
import { isNarrow } from "../layout";
import type { Store } from "../state";

export interface Page {
  readonly store: Store;
  readonly map: MapLibreMap;
  readonly draw: DrawTool;
}

/** Return the problem an error stands for; a mistake in the page's own code is thrown on. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  throw error;
}

export function problemOfFault({ kind, text, remedy, x, y }: Fault): Problem {
  return {
    kind,
    status: 422,
    title: { zh: "图形不能登记", en: "The footprint cannot be registered" },
    detail: text,
    remedy,
    place: x === null || y === null ? {} : { x, y },
    suggestions: [],
    results: [],
  };
}

const NOT_FOUND: Bilingual = { zh: "没有找到", en: "Not found" };

/** Why a text leads to no building; null where it does, or where a person has to choose among several. */
export function problemOfResolved({ status, fault, suggestion }: Resolved): Problem | null {
  if (!fault || status === "several") return null;
  const suggestions = suggestion === null ? [] : [suggestion];
  return { ...problemOfFault(fault), title: NOT_FOUND, status: 404, suggestions };
}

const REFUSED_FILE: Bilingual = { zh: "文件还不能读", en: "The file cannot be read yet" };
const NOT_STORED: Bilingual = { zh: "没有登记", en: "Not registered" };
const NO_DETAILS = { place: {}, suggestions: [], results: [] };

export const problemOfRefusal = ({ kind, text, remedy, place }: Refusal): Problem => ({
  ...NO_DETAILS,
  kind,
  status: 422,
  title: REFUSED_FILE,
  detail: text,
  remedy,
  place,
});

export const problemOfJob = ({ kind, text, remedy, results = [] }: JobProblem): Problem => ({
  ...NO_DETAILS,
  kind,
  status: 422,
  title: NOT_STORED,
  detail: text,
  remedy: remedy.en === "" ? null : remedy,
  results,
});

export const SEVERAL_FILES: Problem = {
  ...NO_DETAILS,
  kind: "several_files",
  status: 0,
  title: REFUSED_FILE,
  detail: { zh: "一次只看一个文件。", en: "One file at a time." },
  remedy: {
    zh: "Shapefile 的 .shp、.shx、.dbf、.prj 请打包成一个 zip;其他文件逐个拖入。",
    en: "Pack the parts of a shapefile (.shp, .shx, .dbf, .prj) into one zip; drop other files one by one.",
  },
};

export const FOLDER: Problem = {
  ...SEVERAL_FILES,
  kind: "folder",
  detail: { zh: "这是一个文件夹。", en: "This is a folder." },
  remedy: { zh: "请打包成 zip 再拖入,.gdb 也是如此。", en: "Pack it into a zip and drop that; a .gdb too." },
};

/** Tell a file that leaves something to the person, for which the page has a form, from one that is at fault. */
export const isQuestion = ({ kind }: { kind: string }): boolean =>
  /^(crs_ask|crs_contradicted|layer_choice|layer_unknown|table_)/.test(kind);

export const placeOfFault = ({ x, y }: Fault): readonly [lon: number, lat: number] | null =>
  x === null || y === null ? null : [x, y];

export function placeOf({ place }: Problem): readonly [number, number] | null {
  return place.x === undefined || place.y === undefined ? null : [place.x, place.y];
}

/** Go on from the title of what came of a button, where the button itself is gone. */
export function regainFocus(): void {
  requestAnimationFrame(() => {
    if (document.activeElement === document.body) document.querySelector<HTMLElement>(".result h2")?.focus();
  });
}

/** On a phone, raise the sheet far enough to read a result, or lower it to see the map. */
export function setSheet({ store }: Page, sheet: "low" | "half"): void {
  if (isNarrow() && store.state.sheet !== sheet) store.set({ sheet });
}
