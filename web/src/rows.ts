/** The rows of a delivery: in which order they are read, how strongly each is marked, which are asked for. */

import type { Counts, UploadRow, Warning } from "./contract";

/** A delivery of more rows goes on beside the page. */
export const LARGE_ROWS = 2_000;
/** A larger file may be registered without a look at it, which takes its time. */
export const LARGE_BYTES = 20_000_000;

export type RowTone = "fail" | "warn" | "none" | "good";

/** How a row is marked, on the map as in the list. */
export function toneOfRow(row: UploadRow): RowTone {
  if (row.outcome === "refused") return "fail";
  if (row.outcome === "held" || warningsOf(row).length > 0) return "warn";
  return row.outcome === "same" ? "none" : "good";
}

/** What somebody should look at; what is only worth knowing is not. */
export const warningsOf = ({ warnings = [] }: UploadRow): Warning[] =>
  warnings.filter(({ severity }) => severity !== "info");

export const FILTERS = {
  refused: ({ outcome }: UploadRow) => outcome === "refused",
  held: ({ outcome }: UploadRow) => outcome === "held",
  warned: (row: UploadRow) => warningsOf(row).length > 0,
  new: ({ outcome }: UploadRow) => outcome === "new",
  revised: ({ outcome }: UploadRow) => outcome === "revised" || outcome === "split" || outcome === "merged",
  same: ({ outcome }: UploadRow) => outcome === "same",
} as const;

export type Filter = keyof typeof FILTERS;

export const FILTER_NAMES = Object.keys(FILTERS) as Filter[];

export const filtered = (rows: readonly UploadRow[], filter: Filter | null): readonly UploadRow[] =>
  filter === null ? rows : rows.filter(FILTERS[filter]);

/** What a report counts of all rows, listed or not. */
type Told = Counts & { warned?: number };

/** What a report counts; with warnings are also rows that are only worth knowing of. */
const COUNTED = {
  accepted: ({ outcome }: UploadRow) => outcome !== "refused" && outcome !== "held",
  refused: FILTERS.refused,
  held: FILTERS.held,
  warned: ({ warnings = [] }: UploadRow) => warnings.length > 0,
} as const;

const count = (rows: readonly UploadRow[], isOne: (row: UploadRow) => boolean): number => rows.filter(isOne).length;

const allListed = (what: keyof typeof COUNTED, listed: readonly UploadRow[], told: Told): boolean =>
  count(listed, COUNTED[what]) >= (told[what] ?? 0);

/** Whether every row is listed that somebody should look at. */
export const listsDoubtful = (listed: readonly UploadRow[], told: Told): boolean =>
  (["refused", "held", "warned"] as const).every((what) => allListed(what, listed, told));

/** Count the rows of a kind as they are reported, else as they are listed, which may be the least there are. */
export function countRows(
  filter: Filter,
  listed: readonly UploadRow[],
  told: Told | null,
): { all: number; isLeast: boolean } {
  if (told && (filter === "refused" || filter === "held")) return { all: told[filter], isLeast: false };
  const what = filter === "warned" ? "warned" : "accepted";
  return { all: count(listed, FILTERS[filter]), isLeast: told !== null && !allListed(what, listed, told) };
}

const TONE_ORDER: readonly RowTone[] = ["fail", "warn", "good", "none"];

/** Sort the worst first, rows of a kind as in the file; each with its geometry out of the preview. */
export function worstRowsFirst(rows: readonly UploadRow[], previewed: readonly UploadRow[] = []): UploadRow[] {
  const drawn = new Map(previewed.map(({ row, geometry }) => [row, geometry]));
  return rows.map((row) => ({ ...row, geometry: row.geometry ?? drawn.get(row.row) ?? null })).sort(worstFirst);
}

/** Return rows that are listed with those that are not yet, the worst first. */
export function withRows(listed: readonly UploadRow[], more: readonly UploadRow[]): UploadRow[] {
  const known = new Set(listed.map(({ row }) => row));
  return [...listed, ...more.filter(({ row }) => !known.has(row))].sort(worstFirst);
}

const worstFirst = (a: UploadRow, b: UploadRow): number => rank(a) - rank(b) || a.row - b.row;

const rank = (row: UploadRow): number => TONE_ORDER.indexOf(toneOfRow(row));
