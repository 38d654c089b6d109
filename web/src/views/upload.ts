/** What became of an uploaded survey file, row by row. */

import { html, nothing, type TemplateResult } from "lit";
import type { Actions } from "../actions";
import type { Problem, Upload, UploadRow } from "../contract";
import { squareMetres, whole } from "../format";
import { ROW_OUTCOMES, type Say } from "../messages";
import type { UploadTask } from "../state";
import { cross, target } from "./icons";
import { entryList } from "./measures";
import { problemView } from "./problem";

export function uploadView(task: UploadTask, say: Say, act: Actions): TemplateResult {
  const { file, result, problem } = task;
  return html`
    <div class="close-bar">
      <button class="link" @click=${act.closeUpload}>${cross}${say("close")}</button>
    </div>
    <h2 class="building-name">${file.name}</h2>
    ${!result && !problem ? html`<p class="quiet busy">${say("uploading", { file: file.name })}</p>` : nothing}
    ${problem ? html`${problemView(problem, say, act)}${againForm(file, problem, say, act)}` : nothing}
    ${result ? summaryView(result, say) : nothing}
    ${rowsView(result?.results ?? problem?.results ?? [], task.rowsShown, say, act)}
  `;
}

function summaryView(result: Upload, say: Say): TemplateResult {
  const { format, encoding, crs, notes, stored } = result;
  const because = (found: { name: string; why: { zh: string; en: string } }) =>
    html`${found.name} <span class="quiet">${say.of(found.why)}</span>`;
  const [rows, accepted, refused] = [result.rows, result.accepted, result.refused].map((n) => whole(n, say.language));
  return html`
    <p class=${stored ? "done" : "note"} role="status">${say(stored ? "uploadStored" : "uploadNotStored")}</p>
    ${entryList([
      [say("rows"), say("rowCounts", { rows: rows ?? "", accepted: accepted ?? "", refused: refused ?? "" })],
      [say("format"), format],
      ...(encoding ? ([[say("encoding"), because(encoding)]] as const) : []),
      [say("crs"), because(crs)],
    ])}
    ${notes.map((note) => html`<p class="note">${say.of(note)}</p>`)}
  `;
}

/** After a refusal: state the CRS and try again, or keep the good rows only. */
function againForm(file: File, { results }: Problem, say: Say, act: Actions): TemplateResult {
  const good = results.filter((row) => row.outcome !== "refused").length;
  const upload = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const mode = (event.submitter as HTMLButtonElement).value === "good" ? "good" : "all";
    void act.upload(file, { mode, crs: String(form.get("crs") ?? "").trim() });
  };
  return html`
    <form class="register again" @submit=${upload}>
      <label class="field">
        <span class="sr-only">${say("statedCrs")}</span>
        <input name="crs" placeholder=${say("statedCrs")} autocomplete="off" />
      </label>
      <button value="all">${say("tryAgain")}</button>
      ${
        good > 0
          ? html`<button class="primary" value="good">${say("takeGood", { count: whole(good, say.language) })}</button>`
          : nothing
      }
    </form>
  `;
}

function rowsView(
  results: readonly UploadRow[],
  shown: number,
  say: Say,
  act: Actions,
): TemplateResult | typeof nothing {
  if (results.length === 0) return nothing;
  const refusedFirst = [...results].sort((a, b) => Number(b.outcome === "refused") - Number(a.outcome === "refused"));
  const hidden = results.length - shown;
  return html`
    <ul class="rows" data-testid="upload-rows">
      ${refusedFirst.slice(0, shown).map((row) => rowView(row, say, act))}
    </ul>
    ${
      hidden > 0
        ? html`<button @click=${act.showMoreRows}>${say("moreRows", { count: whole(hidden, say.language) })}</button>`
        : nothing
    }
  `;
}

function rowView(row: UploadRow, say: Say, act: Actions): TemplateResult {
  const { outcome, code, area_m2, name, feature, fault } = row;
  return html`
    <li data-outcome=${outcome}>
      <span class="row-head">
        <span class="quiet">${say("row", { row: row.row + 1 })}</span>
        <span class="row-name">${name ?? feature}</span>
        <span class="chip" data-severity=${outcome === "refused" ? "prohibit" : "info"}
          >${say.of(ROW_OUTCOMES[outcome])}</span
        >
      </span>
      ${
        code
          ? html`<span class="row-code">
              <button class="link code-text" @click=${() => act.open(code)}>${code}</button>
              ${area_m2 === null ? nothing : html`<span class="quiet">${squareMetres(area_m2, say.language)}</span>`}
            </span>`
          : nothing
      }
      ${fault ? faultView(fault, say, act) : nothing}
    </li>
  `;
}

function faultView(fault: NonNullable<UploadRow["fault"]>, say: Say, act: Actions): TemplateResult {
  const { text, remedy, x, y } = fault;
  return html`
    <span class="fault">${say.of(text)}</span>
    <span class="quiet">${say.of(remedy)}</span>
    ${
      x === null || y === null
        ? nothing
        : html`<button class="link" @click=${() => act.showPlace(x, y)}>${target}${say("zoomToPlace")}</button>`
    }
  `;
}
