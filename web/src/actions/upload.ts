/** Look at a survey file, say how it is to be read, register it, and see what became of each row. */

import { AS_IT_IS, askForUpload, previewFile, readStages, uploadFile, type Reading, type Registration } from "../api";
import { boundsOf } from "../bounds";
import { nearestFirst } from "../candidates";
import type { Bbox, Job, Preview, UploadRow } from "../contract";
import { reloadBuildings } from "../map/blueprint";
import { flyTo } from "../map/view";
import { filtered, LARGE_ROWS, listsDoubtful, withRows, worstRowsFirst, type Filter } from "../rows";
import type { UploadTask } from "../state";
import {
  FOLDER,
  placeOfFault,
  problemOf,
  problemOfRefusal,
  regainFocus,
  SEVERAL_FILES,
  setSheet,
  type Page,
} from "./page";

export const ROWS_AT_ONCE = 200;
const FIRST_STAGE = "design";
/** A file that waits for its CRS may lie in many places: the most plausible are shown together. */
const PLACES_AT_ONCE = 8;

export const NEW_TASK: Omit<UploadTask, "name"> = {
  file: null,
  reading: AS_IT_IS,
  stage: FIRST_STAGE,
  busy: null,
  look: null,
  job: null,
  result: null,
  problem: null,
  rows: [],
  rowsShown: ROWS_AT_ONCE,
  filter: null,
  chosen: null,
  candidates: [],
  candidate: null,
};

export function uploadActions(page: Page, addJob: (job: Job) => void) {
  const { store, map } = page;
  let asked = new AbortController();

  const change = (part: Partial<UploadTask>): void => {
    const { upload } = store.state;
    if (upload) store.set({ upload: { ...upload, ...part } });
  };

  const fly = (box: Bbox | null, maxZoom: number): void => {
    if (box) void flyTo(map, box, { maxZoom });
  };

  const look = async (file: File, reading: Reading): Promise<void> => {
    asked.abort();
    asked = new AbortController();
    const { signal } = asked;
    const { stage = FIRST_STAGE, file: before } = store.state.upload ?? {};
    const upload = { ...NEW_TASK, name: file.name, file, reading, stage: before === file ? stage : FIRST_STAGE };
    store.set({ upload: { ...upload, busy: "looking" }, view: "upload", chosen: null, place: null });
    setSheet(page, "half");
    try {
      const found = await previewFile(file, reading, { signal });
      if (signal.aborted) return;
      if (found.refusal) {
        const candidates = nearestFirst(found.refusal.candidates ?? [], store.state.session?.extent ?? null);
        change({ busy: null, look: found, problem: problemOfRefusal(found.refusal), candidates });
        fly(around(candidates.slice(0, PLACES_AT_ONCE).map(({ box }) => box)), 18);
      } else {
        change({ busy: null, look: found, rows: worstRowsFirst(found.results) });
        fly(found.bounds, 18);
        if (!listsDoubtful(found.results, found)) void listDoubtful(file, found, signal);
      }
    } catch (error) {
      if (!signal.aborted) change({ busy: null, problem: problemOf(error) });
    }
  };

  /** Have those rows listed too that somebody should look at, behind the first ones of a large file. */
  const listDoubtful = async (file: File, look: Preview, signal: AbortSignal): Promise<void> => {
    const { reading = AS_IT_IS } = store.state.upload ?? {};
    try {
      const again = await previewFile(file, reading, { signal, onlyDoubtful: true });
      const { upload } = store.state;
      // what became of the rows counts more than what was to be expected
      if (again.refusal || upload?.look !== look || upload.result || upload.problem) return;
      change({ rows: withRows(upload.rows, again.results) });
    } catch (error) {
      // The first ones stay, and it says above them how many of how many they are.
      if (!signal.aborted) problemOf(error);
    }
  };

  const register = async ({ mode, isLarge }: { mode: Registration["mode"]; isLarge: boolean }): Promise<void> => {
    const { upload } = store.state;
    if (!upload?.file || upload.busy) return;
    const { file, reading, stage, rows: previewed } = upload;
    change({ busy: "sending", problem: null });
    try {
      if (isLarge) {
        const job = await askForUpload(file, { reading, stage, mode });
        addJob(job);
        change({ busy: null, job: job.id });
      } else {
        const result = await uploadFile(file, { reading, stage, mode });
        reloadBuildings(map);
        change({ busy: null, result, rows: worstRowsFirst(result.results, previewed), chosen: null, filter: null });
        store.set({ place: null });
      }
    } catch (error) {
      const problem = problemOf(error);
      const refused = problem.results.length > 0 ? { rows: worstRowsFirst(problem.results, previewed) } : {};
      change({ busy: null, problem, ...refused });
    }
    regainFocus();
  };

  const loadStages = async (): Promise<void> => {
    if (store.state.stages.length > 0) return;
    try {
      store.set({ stages: await readStages() });
    } catch (error) {
      // Without them the first stage is meant, and the form has no choice of stages.
      problemOf(error);
    }
  };

  const choose = (row: UploadRow | null): void => {
    const at = row && placeOfRow(row);
    change({ chosen: row });
    store.set({ place: at });
  };

  return {
    /** Look at what was chosen or dropped; nothing is stored. */
    async takeFiles(files: readonly File[], { isFolder = false } = {}): Promise<void> {
      const [file] = files;
      // What is being sent stays in sight until it is told what became of it.
      if (!file || store.state.upload?.busy === "sending") return;
      if (isFolder || files.length > 1) {
        asked.abort();
        const problem = isFolder ? FOLDER : SEVERAL_FILES;
        const name = files.map((each) => each.name).join(", ");
        store.set({ upload: { ...NEW_TASK, name, problem }, view: "upload", chosen: null, place: null });
        setSheet(page, "half");
        return;
      }
      await Promise.all([look(file, AS_IT_IS), loadStages()]);
    },

    /** Look at the same file again, read as a person says. */
    async readAgain(said: Partial<Reading>): Promise<void> {
      const { upload } = store.state;
      if (!upload?.file) return;
      await look(upload.file, { ...upload.reading, ...said });
      regainFocus();
    },

    async registerFile(): Promise<void> {
      const { look: seen } = store.state.upload ?? {};
      if (!seen || seen.refusal) return;
      // Where nothing is refused, whatever is refused after all stops the whole.
      await register({ mode: seen.refused > 0 ? "good" : "all", isLarge: seen.rows > LARGE_ROWS });
    },

    /** Register all rows of a large file or none, without having seen what would become of them. */
    async registerUnseen(): Promise<void> {
      asked.abort();
      change({ busy: null });
      await register({ mode: "all", isLarge: true });
    },

    chooseStage(stage: string): void {
      change({ stage });
    },

    /** List the rows of one kind; the same again lists all. */
    filterRows(filter: Filter): void {
      const { upload } = store.state;
      change({ filter: upload?.filter === filter ? null : filter, rowsShown: ROWS_AT_ONCE });
    },

    /** Fly to a row's place: that of its fault, else its outline. Choosing it again lets it go. */
    chooseRow(row: UploadRow): void {
      if (store.state.upload?.chosen === row) return choose(null);
      choose(row);
      const at = placeOfRow(row);
      const box: Bbox | null = row.geometry ? boundsOf(row.geometry) : at && [...at, ...at];
      setSheet(page, "half");
      fly(box, 19);
    },

    /** Choose the row whose outline was clicked, and bring it into sight in the list. */
    chooseRowOnMap(position: number): void {
      const { upload } = store.state;
      const row = upload?.rows.find((each) => each.row === position);
      if (!upload || !row) return;
      const listed = filtered(upload.rows, upload.filter);
      const filter = listed.includes(row) ? upload.filter : null;
      const index = filtered(upload.rows, filter).indexOf(row);
      change({ filter, rowsShown: Math.max(upload.rowsShown, index + 1) });
      choose(row);
      setSheet(page, "half");
      requestAnimationFrame(() =>
        document.querySelector(`[data-row="${position}"]`)?.scrollIntoView({ block: "nearest" }),
      );
    },

    /** Fly to where the file would lie in one of the CRSs that it may be in. */
    lookAtCandidate(crs: string): void {
      const { upload } = store.state;
      const found = upload?.candidates.find((each) => each.crs === crs);
      if (!found) return;
      change({ candidate: crs });
      fly(found.box, 15);
    },

    showMoreRows(): void {
      const { upload } = store.state;
      if (upload) change({ rowsShown: upload.rowsShown + ROWS_AT_ONCE });
    },

    closeUpload(): void {
      asked.abort();
      store.set({ upload: null, place: null, view: store.state.draft ? "draft" : "home" });
    },
  };
}

/** The place of a row's fault, else of the first warning that has one. */
function placeOfRow({ fault, warnings = [] }: UploadRow): readonly [number, number] | null {
  for (const each of fault ? [fault, ...warnings] : warnings) {
    const place = placeOfFault(each);
    if (place) return place;
  }
  return null;
}

function around(boxes: readonly Bbox[]): Bbox | null {
  if (boxes.length === 0) return null;
  const [west, south] = [0, 1].map((side) => Math.min(...boxes.map((box) => box[side] ?? 0)));
  const [east, north] = [2, 3].map((side) => Math.max(...boxes.map((box) => box[side] ?? 0)));
  return [west ?? 0, south ?? 0, east ?? 0, north ?? 0];
}
