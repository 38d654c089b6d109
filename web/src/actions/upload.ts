/** Upload a survey file and show what became of each row. */

import { uploadFile, type UploadOptions } from "../api";
import type { Upload } from "../contract";
import { reloadBuildings } from "../map/blueprint";
import type { UploadTask } from "../state";
import { problemOf, setSheet, type Page } from "./page";

const ROWS_AT_ONCE = 200;

export function uploadActions(page: Page) {
  const { store, map } = page;
  const change = (file: File, part: Partial<UploadTask>): Upload | null => {
    const { upload } = store.state;
    if (upload?.file === file) store.set({ upload: { ...upload, ...part } });
    return part.result ?? null;
  };

  return {
    async upload(file: File, options: UploadOptions = { mode: "all" }): Promise<void> {
      const upload = { file, result: null, problem: null, rowsShown: ROWS_AT_ONCE };
      store.set({ upload, view: "upload", chosen: null, place: null });
      setSheet(page, "half");
      try {
        const result = await uploadFile(file, options);
        change(file, { result });
        if (result.stored) reloadBuildings(map);
      } catch (error) {
        change(file, { problem: problemOf(error) });
      }
    },

    showMoreRows(): void {
      const { upload } = store.state;
      if (upload) store.set({ upload: { ...upload, rowsShown: upload.rowsShown + ROWS_AT_ONCE } });
    },

    closeUpload(): void {
      store.set({ upload: null, place: null, view: store.state.draft ? "draft" : "home" });
    },
  };
}
