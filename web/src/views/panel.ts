/** The panel: who we are, the search box, the tools, and the result of whichever was used last. */

import { html, nothing, type TemplateResult } from "lit";
import type { Actions } from "../actions";
import { FORMAT_GROUPS } from "../formats";
import type { Say } from "../messages";
import type { State } from "../state";
import { cardView } from "./card";
import { entryView } from "./corners";
import { draftView } from "./draft";
import { arrowUp, brandMark, pen } from "./icons";
import { jobsView } from "./jobs";
import { entryList } from "./measures";
import { problemView } from "./problem";
import { searchView } from "./search";
import { uploadView } from "./upload";

export function panelView(state: State, say: Say, act: Actions): TemplateResult {
  return html`
    <section
      class="panel"
      data-sheet=${state.sheet}
      data-view=${state.view}
      data-drawing=${state.drawing}
      aria-label=${say("panel")}
    >
      <button class="handle" aria-label=${say("panelHeight")} @click=${act.cycleSheet}></button>
      ${headerView(state, say, act)} ${searchView(state.search, say, act)} ${toolsView(state, say, act)}
      <div class="result">
        ${state.problem ? problemView(state.problem, say, act) : nothing} ${resultView(state, say, act)}
      </div>
    </section>
  `;
}

function headerView({ session, language }: State, say: Say, act: Actions): TemplateResult {
  return html`
    <header>
      ${brandMark}
      <div class="brand">
        <h1>${say("brand")}</h1>
        <p class="quiet">${session ? say.of(session.office) : ""}</p>
      </div>
      <button
        class="small"
        data-testid="language"
        lang=${language === "zh" ? "en" : "zh-CN"}
        aria-label=${say("otherLanguageLabel")}
        @click=${() => act.setLanguage(language === "zh" ? "en" : "zh")}
      >
        ${say("otherLanguage")}
      </button>
    </header>
  `;
}

function toolsView(state: State, say: Say, act: Actions): TemplateResult {
  if (state.drawing) return drawingView(state, say, act);
  const choose = (event: Event): void => {
    const input = event.target as HTMLInputElement;
    void act.takeFiles([...(input.files ?? [])]);
    // So that the same file, mended, can be chosen again.
    input.value = "";
  };
  return html`
    <div class="tools">
      <button class=${state.view === "home" ? "primary" : ""} data-testid="draw" @click=${act.startDrawing}>
        ${pen}${say("draw")}
      </button>
      <label class="button">
        ${arrowUp}${say("upload")}
        <input class="sr-only" type="file" data-testid="upload" @change=${choose} />
      </label>
    </div>
  `;
}

function drawingView(state: State, say: Say, act: Actions): TemplateResult {
  const touch = matchMedia("(pointer: coarse)").matches;
  return html`
    <div class="tools drawing">
      <p role="status"><strong>${say("drawing")}</strong> ${say(touch ? "drawHelpTouch" : "drawHelp")}</p>
      <button @click=${act.undoCorner}>${say("undo")}</button>
      <button data-testid="draw-cancel" @click=${act.clearDraft}>${say("cancel")} <kbd>Esc</kbd></button>
      ${entryView(state, say, act)}
    </div>
  `;
}

function resultView(state: State, say: Say, act: Actions): TemplateResult | typeof nothing {
  const { view, draft, card, upload } = state;
  if (state.drawing) return nothing;
  if (view === "draft" && draft) return draftView(draft, state, say, act);
  if (view === "card" && card) return cardView(card, state, say, act);
  if (view === "upload" && upload) return uploadView(upload, state, say, act);
  return html`${jobsView(state.jobs, say, act)} ${welcomeView(state, say)}`;
}

function welcomeView({ session }: State, say: Say): TemplateResult {
  return html`
    <section class="welcome">
      <p class="lead">${say("welcome")}</p>
      ${session && session.extent === null ? html`<p class="note">${say("emptyBlueprint")}</p>` : nothing}
      <ul>
        <li>${say("welcomeDraw")}</li>
        <li>${say("welcomeUpload")}</li>
        <li>${say("welcomeFind")}</li>
      </ul>
      ${formatsView(say)}
    </section>
  `;
}

function formatsView(say: Say): TemplateResult {
  const groups = FORMAT_GROUPS.map(({ label, names }) => [say.of(label), names.join(say("listComma"))] as const);
  return html`
    <section data-testid="formats">
      <h2>${say("formats")}</h2>
      ${entryList(groups)}
      <p class="quiet">${say("formatsNote")}</p>
    </section>
  `;
}
