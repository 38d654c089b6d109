/** All that a person can do on the page. */

import { buildingActions } from "./building";
import { draftActions } from "./draft";
import type { Page } from "./page";
import { sightActions } from "./sight";
import { uploadActions } from "./upload";

export function createActions(page: Page) {
  const building = buildingActions(page);
  return {
    ...building,
    ...draftActions(page, (code, registered) => building.open(code, { fly: false, registered })),
    ...uploadActions(page),
    ...sightActions(page),
  };
}

export type Actions = ReturnType<typeof createActions>;
