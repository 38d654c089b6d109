/** The drawn footprint: provisional code, areas, findings, and the way to register it. */

import { html, nothing, type TemplateResult } from "lit";
import type { Actions } from "../actions";
import { problemOfFault } from "../actions/page";
import type { CodePreview } from "../contract";
import type { Say } from "../messages";
import type { Draft, State } from "../state";
import { aliasesView } from "./aliases";
import { codeView } from "./code";
import { cornersView } from "./corners";
import { findingsView } from "./findings";
import { textOf } from "./forms";
import { areaEntries, entryList } from "./measures";
import { problemView } from "./problem";

export function draftView(draft: Draft, state: State, say: Say, act: Actions): TemplateResult {
  const { preview, problem } = draft;
  return html`
    ${problem ? problemView(problem, say, act) : nothing} ${preview ? previewView(preview, state, say, act) : nothing}
    ${!preview && !problem ? html`<p class="quiet busy">${say("coding")}</p>` : nothing}
    ${cornersView(draft, state.system, say, act)} ${registerForm(draft, say, act)}
    ${preview ? findingsView({ findings: preview.findings, verdict: preview.verdict, chosen: state.chosen }, say, act) : nothing}
    ${preview ? aliasesView(preview.aliases, say) : nothing}
  `;
}

function previewView(preview: CodePreview, state: State, say: Say, act: Actions): TemplateResult {
  const code = {
    code: preview.code,
    label: say("provisional"),
    note: say("provisionalNote"),
    provisional: true,
    testId: "code",
    copied: state.copied,
  };
  return html`
    ${codeView(code, say, act)}
    ${entryList([
      ...areaEntries(preview.area_m2, preview.plane, say),
      [say("registerState"), knownView(preview, say, act), "known"],
    ])}
    ${
      preview.building?.relation === "refused" ? problemView(problemOfFault(preview.building.fault), say, act) : nothing
    }
    ${preview.notes.map((note) => html`<p class="note">${say.of(note)}</p>`)}
  `;
}

function knownView({ building }: CodePreview, say: Say, act: Actions): TemplateResult {
  if (!building) return html`${say("unknownBuilding")}`;
  if (building.relation === "refused") return html`<span class="fault">${say("groundTaken")}</span>`;
  if (building.relation === "held") return html`<span class="fault">${say.of(building.fault.text)}</span>`;
  const { code, relation, iou } = building;
  return html`
    ${say(relation === "same" ? "knownSame" : "knownRevised")}
    <button class="link code-text" @click=${() => act.open(code)}>${code}</button>
    <span class="quiet">${say("overlapMeasure", { value: iou.toFixed(3) })}</span>
  `;
}

function registerForm({ preview, registering }: Draft, say: Say, act: Actions): TemplateResult {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    void act.register(textOf(form, "name"));
  };
  return html`
    <form class="register" @submit=${submit}>
      <p class="quiet">${say("editHint")}</p>
      <label class="field">
        <span class="sr-only">${say("name")}</span>
        <input name="name" placeholder=${say("name")} autocomplete="off" maxlength="200" />
      </label>
      <button
        class="primary"
        data-testid="register"
        ?disabled=${!preview || preview.building?.relation === "refused" || registering}
      >
        ${say(registering ? "registering" : "register")}
      </button>
      <button type="button" data-testid="clear" @click=${act.clearDraft}>${say("clear")}</button>
    </form>
  `;
}
