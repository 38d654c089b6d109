/** What went wrong: a sentence, its place, a remedy. */

import { html, nothing, type TemplateResult } from "lit";
import type { Actions } from "../actions";
import { placeOf } from "../actions/page";
import type { Problem } from "../contract";
import type { Say } from "../messages";
import { target } from "./icons";

export function problemView(problem: Problem, say: Say, act: Actions): TemplateResult {
  const place = placeOf(problem);
  const where = whereText(problem, say);
  return html`
    <div class="problem" role="alert" data-testid="problem">
      <p class="problem-title">${say.of(problem.title)}</p>
      <p>${say.of(problem.detail)}</p>
      ${where === "" ? nothing : html`<p class="quiet">${where}</p>`}
      ${problem.remedy ? html`<p class="remedy">${say.of(problem.remedy)}</p>` : nothing}
      ${
        place
          ? html`<button class="link" @click=${() => act.showPlace(...place)}>${target}${say("zoomToPlace")}</button>`
          : nothing
      }
    </div>
  `;
}

function whereText({ place }: Problem, say: Say): string {
  return [
    place.file === undefined ? "" : say("inFile", { value: place.file }),
    place.layer === undefined ? "" : say("inLayer", { value: place.layer }),
    place.feature === undefined ? "" : say("inFeature", { value: place.feature }),
    place.line === undefined ? "" : say("inLine", { value: place.line }),
    place.vertex === undefined ? "" : say("inVertex", { value: place.vertex }),
  ]
    .filter(Boolean)
    .join(" · ");
}
