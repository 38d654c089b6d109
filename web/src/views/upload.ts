/** A survey file, from the first look at it to its codes. */

import { html, nothing, type TemplateResult } from "lit";
import type { Actions } from "../actions";
import { isQuestion } from "../actions/page";
import { partOf } from "../api";
import type { Preview, Problem, UploadResult } from "../contract";
import { whole } from "../format";
import type { Say } from "../messages";
import { countRows, LARGE_BYTES, LARGE_ROWS, warningsOf } from "../rows";
import type { State, UploadTask } from "../state";
import { arrowDown, cross } from "./icons";
import { jobView } from "./jobs";
import { problemView } from "./problem";
import { factsView, readingForm } from "./reading";
import { rowsView } from "./rows";

export function uploadView(task: UploadTask, state: State, say: Say, act: Actions): TemplateResult {
  return html`
    <div class="close-bar">
      <button class="link" data-testid="upload-close" ?disabled=${task.busy === "sending"} @click=${act.closeUpload}>
        ${cross}${say("close")}
      </button>
    </div>
    <h2 class="building-name" tabindex="-1">${task.name}</h2>
    ${task.problem ? refusedView(task.problem, say, act) : nothing} ${stepView(task, state, say, act)}
    ${task.rows.length > 0 ? rowsView(task, say, act) : nothing}
  `;
}

/** A question is asked in the form below; its remedy is an option of the command line. */
const refusedView = (problem: Problem, say: Say, act: Actions): TemplateResult =>
  isQuestion(problem)
    ? html`<p class="note" role="status">${say.of(problem.detail)}</p>`
    : problemView(problem, say, act);

function stepView(task: UploadTask, state: State, say: Say, act: Actions): TemplateResult | typeof nothing {
  const { busy, file, look, problem, result } = task;
  const job = state.jobs.find(({ id }) => id === task.job);
  if (busy === "looking") return lookingView(task, state, say, act);
  if (result) return resultView(result, say);
  if (look?.refusal) return readingForm(task, look, say, act);
  if (problem) return file ? againView(say, act) : nothing;
  if (job) return html`${jobView(job, say, act)} ${job.state === "cancelled" && file ? againView(say, act) : nothing}`;
  if (!look) return busy === "sending" ? html`<p class="quiet busy" role="status">${say("sending")}</p>` : nothing;
  return html`${factsView(look, say)} ${readingForm(task, look, say, act)} ${registerForm(task, look, state, say, act)}`;
}

function lookingView(task: UploadTask, state: State, say: Say, act: Actions): TemplateResult {
  return html`
    <p class="quiet busy" role="status">${say("looking", { file: task.name })}</p>
    ${
      task.file && task.file.size > LARGE_BYTES
        ? html`<div class="register-file">
            <p>${say("largeFile")}</p>
            ${stageChoice(task, state, say, act)}
            <button data-testid="register-unseen" @click=${act.registerUnseen}>${say("registerUnseen")}</button>
            <p class="quiet">${say("registerAllNote")} ${say("inBackground")}</p>
          </div>`
        : nothing
    }
  `;
}

const againView = (say: Say, act: Actions): TemplateResult => html`
  <div class="row"><button class="primary" @click=${() => act.readAgain({})}>${say("lookAgain")}</button></div>
`;

function registerForm(task: UploadTask, look: Preview, state: State, say: Say, act: Actions): TemplateResult {
  const { rows, refused, held, accepted } = look;
  const [good, isSending] = [accepted + held, task.busy === "sending"];
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    void act.registerFile();
  };
  const number = (count: number) => ({ count: whole(count, say.language) });
  if (good === 0) return html`<p class="note" role="status">${say(rows === 0 ? "emptyFile" : "noneGood")}</p>`;
  const isKnown = countRows("same", task.rows, look).all === good;
  const label = isKnown ? "registerKnown" : refused > 0 ? "registerGood" : "registerAll";
  return html`
    <form class="register-file" @submit=${submit}>
      ${stageChoice(task, state, say, act)} ${fixChoice(task, say, act)}
      <button class="primary" data-testid="register-file" ?disabled=${isSending}>
        ${isSending ? say("sending") : say(label, number(good))}
      </button>
      <p class="quiet">
        ${refused > 0 ? say("registerGoodNote", number(refused)) : say("registerAllNote")}
        ${held > 0 ? say("heldNote", number(held)) : nothing} ${rows > LARGE_ROWS ? say("inBackground") : nothing}
      </p>
    </form>
  `;
}

/** Which stage's geometry it is: of the stages that have one of their own. */
function stageChoice(task: UploadTask, state: State, say: Say, act: Actions): TemplateResult | typeof nothing {
  const stages = state.stages.filter(({ requires }) => requires.geometry === "own");
  if (stages.length < 2) return nothing;
  return html`
    <label class="choice">
      <span>${say("uploadStage")}</span>
      <select name="stage" @change=${(event: Event) => act.chooseStage((event.target as HTMLSelectElement).value)}>
        ${stages.map((stage) => html`<option value=${stage.code} .selected=${stage.code === task.stage}>${say.of(stage)}</option>`)}
      </select>
    </label>
  `;
}

/** To mend what can safely be mended, where there is something; the file is looked at again then. */
function fixChoice({ reading, rows, busy }: UploadTask, say: Say, act: Actions): TemplateResult | typeof nothing {
  const isFixable = rows.some((row) => warningsOf(row).some(({ fix }) => fix));
  if (!isFixable && !reading.fix) return nothing;
  const toggle = (event: Event): void => void act.readAgain({ fix: (event.target as HTMLInputElement).checked });
  return html`
    <label class="check">
      <input type="checkbox" data-testid="fix" .checked=${reading.fix} ?disabled=${busy !== null} @change=${toggle} />
      <span>${say("fix")}</span>
    </label>
  `;
}

function resultView(result: UploadResult, say: Say): TemplateResult {
  const { id, accepted, refused, held, repeated, rows, results } = result;
  const count = (value: number) => ({ count: whole(value, say.language) });
  return html`
    <div class="done" role="status" data-testid="upload-stored">
      <p><strong>${say("uploadStored", count(accepted))}</strong></p>
      ${held > 0 ? html`<p>${say("reviewNote", count(held))}</p>` : nothing}
      ${repeated ? html`<p>${say("uploadRepeated")}</p>` : nothing}
      ${rows > results.length ? html`<p>${say("codesInFile")}</p>` : nothing}
    </div>
    ${
      id === null
        ? nothing
        : html`<div class="row">
            <a class="button primary" data-testid="coded" href=${partOf(id, "coded", say.language)} download
              >${arrowDown}${say("codedFile")}</a
            >
            ${refused > 0 ? html`<a class="button" data-testid="rejected" href=${partOf(id, "rejected", say.language)} download>${say("rejectedFile")}</a>` : nothing}
          </div>`
    }
  `;
}
