/** The whole page above the map. */

import { html, nothing, type TemplateResult } from "lit";
import type { Actions } from "../actions";
import { sayIn } from "../messages";
import type { State } from "../state";
import { frame, minus, plus } from "./icons";
import { layersView } from "./layers";
import { panelView } from "./panel";

export function appView(state: State, act: Actions): TemplateResult {
  const say = sayIn(state.language);
  return html`
    ${panelView(state, say, act)} ${layersView(state, say, act)}
    <div class="zoom" role="group" aria-label=${say("map")}>
      <button aria-label=${say("zoomIn")} title=${say("zoomIn")} @click=${act.zoomIn}>${plus}</button>
      <button aria-label=${say("zoomOut")} title=${say("zoomOut")} @click=${act.zoomOut}>${minus}</button>
      <button aria-label=${say("showAll")} title=${say("showAll")} @click=${act.showAll}>${frame}</button>
    </div>
    ${state.dropping ? html`<div class="drop" aria-hidden="true"><p>${say("dropHere")}</p></div>` : nothing}
  `;
}
