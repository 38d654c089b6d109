/** All that a person can do on the page. */

import { buildingActions } from "./building";
import { draftActions } from "./draft";
import { jobActions } from "./jobs";
import type { Page } from "./page";
import { sightActions } from "./sight";
import { uploadActions } from "./upload";

export function createActions(page: Page) {
  const building = buildingActions(page);
  const jobs = jobActions(page);
  return {
    ...building,
    ...draftActions(page, (code, registered) => building.open(code, { fly: false, registered })),
    ...jobs,
    ...uploadActions(page, jobs.addJob),
    ...sightActions(page),
  };
}

export type Actions = ReturnType<typeof createActions>;
