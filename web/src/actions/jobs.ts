/** Uploads that go on beside the page: follow them as they go, end them, show what became of them. */

import { cancelJob, listenToJob, MOST_ROWS, readJob, readJobs, readUpload } from "../api";
import type { Job, Standing, UploadResult } from "../contract";
import { reloadBuildings } from "../map/blueprint";
import { worstRowsFirst } from "../rows";
import { NEW_TASK } from "./upload";
import { problemOf, problemOfJob, setSheet, type Page } from "./page";

// A browser opens six lines to a host, and the map needs some of them.
const LINES_AT_ONCE = 2;
const STATES = ["waiting", "running", "cancelling", "done", "failed", "cancelled"] as const;
const LATELY_MS = 24 * 3_600_000;
const ENDED_AT_MOST = 3;

export const hasEnded = ({ state }: Standing): boolean => STATES.indexOf(state) >= STATES.indexOf("done");

export function jobActions(page: Page) {
  const { store, map } = page;
  const lines = new Map<string, EventSource>();

  const change = (id: string, part: Partial<Job>): void => {
    store.set({ jobs: store.state.jobs.map((job) => (job.id === id ? { ...job, ...part } : job)) });
  };

  /** Listen to those that come next. */
  const follow = (): void => {
    const next = store.state.jobs.filter((job) => !hasEnded(job) && !lines.has(job.id)).toReversed();
    for (const { id } of next.slice(0, Math.max(0, LINES_AT_ONCE - lines.size))) listen(id);
  };

  const listen = (id: string): void => {
    const line = listenToJob(id);
    lines.set(id, line);
    const hear = ({ data }: MessageEvent<string>): void => {
      const standing = JSON.parse(data) as Standing;
      change(id, standing);
      if (hasEnded(standing)) end(id);
    };
    for (const state of STATES) line.addEventListener(state, hear);
    // A line that is broken opens itself again; one that is closed was refused, or has nothing more to tell.
    line.addEventListener("error", () => line.readyState === EventSource.CLOSED && void ask(id));
  };

  const hangUp = (id: string): void => {
    lines.get(id)?.close();
    lines.delete(id);
  };

  const ask = async (id: string): Promise<void> => {
    hangUp(id);
    try {
      const job = await readJob(id);
      change(id, job);
      if (hasEnded(job)) end(id);
    } catch (error) {
      problemOf(error);
      store.set({ jobs: store.state.jobs.filter((job) => job.id !== id) });
    }
  };

  const end = (id: string): void => {
    hangUp(id);
    const job = store.state.jobs.find((each) => each.id === id);
    if (job?.state === "done") reloadBuildings(map);
    if (job && store.state.upload?.job === id) void show(job);
    follow();
  };

  /** Put what became of a job where the upload is shown. */
  const show = async (job: Job): Promise<void> => {
    const { upload } = store.state;
    if (upload?.job !== job.id) return;
    const shown = (part: Partial<typeof upload>): void => {
      const now = store.state.upload;
      if (now?.job === job.id) store.set({ upload: { ...now, ...part }, place: null });
    };
    const { rows: previewed } = upload;
    if (job.problem) {
      const problem = problemOfJob(job.problem);
      shown({ problem, ...(problem.results.length > 0 && { rows: worstRowsFirst(problem.results, previewed) }) });
      return;
    }
    if (!job.result) return;
    try {
      const result = await resultOf(job.result);
      shown({ result, rows: worstRowsFirst(result.results, previewed), filter: null, chosen: null });
    } catch (error) {
      shown({ problem: problemOf(error) });
    }
  };

  return {
    /** List the own jobs that go on, and the last that ended, and listen to what becomes of them. */
    async loadJobs(): Promise<void> {
      try {
        const { session } = store.state;
        const own = (await readJobs()).filter(({ actor }) => actor === session?.actor);
        const lately = own.filter((job) => hasEnded(job) && Date.now() - Date.parse(job.changed_at) < LATELY_MS);
        const kept = new Set(lately.slice(0, ENDED_AT_MOST));
        store.set({ jobs: own.filter((job) => !hasEnded(job) || kept.has(job)) });
        follow();
      } catch (error) {
        // Who may not see jobs has none to be shown.
        problemOf(error);
      }
    },

    addJob(job: Job): void {
      store.set({ jobs: [job, ...store.state.jobs] });
      follow();
    },

    async cancelJob(id: string): Promise<void> {
      try {
        const job = await cancelJob(id);
        change(id, job);
        if (hasEnded(job)) end(id);
      } catch (error) {
        store.set({ problem: problemOf(error) });
      }
    },

    /** Show a job where uploads are shown: how far it has come, or what became of it. */
    openJob(job: Job): void {
      if (store.state.upload?.job !== job.id) store.set({ upload: { ...NEW_TASK, name: job.file, job: job.id } });
      store.set({ view: "upload", chosen: null, place: null });
      setSheet(page, "half");
      if (hasEnded(job)) void show(job);
    },
  };
}

/** The report of an upload; of a large one its numbers alone. */
async function resultOf({ upload: id, ...counts }: NonNullable<Job["result"]>): Promise<UploadResult> {
  return counts.rows > MOST_ROWS ? { ...counts, id, results: [] } : readUpload(id);
}
