/** The rows of a delivery, one by one: what is wrong and how to mend it, what code it has. */

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { Actions } from "../actions";
import { MOST_ROWS } from "../api";
import type { Fault, UploadRow, Warning } from "../contract";
import { squareMetres, whole } from "../format";
import { ROW_FILTERS, ROW_OUTCOMES, type Say } from "../messages";
import { countRows, FILTER_NAMES, filtered, toneOfRow, type Filter } from "../rows";
import type { UploadTask } from "../state";

const FILTER_TONES: Record<Filter, string> = {
  refused: "fail",
  held: "warn",
  warned: "warn",
  new: "good",
  revised: "good",
  same: "none",
};
const GLYPHS: Record<Filter, string> = { refused: "✕", held: "?", warned: "!", new: "+", revised: "~", same: "=" };

export function rowsView(task: UploadTask, say: Say, act: Actions): TemplateResult {
  const { rows, filter, rowsShown, chosen, look, problem, result } = task;
  const listed = filtered(rows, filter);
  const hidden = listed.length - rowsShown;
  const number = (count: number): string => whole(count, say.language);
  // what is refused as a whole lists the rows for which it is, and no others
  const told = problem ? null : (result ?? (look && !look.refusal ? look : null));
  return html`
    <section class="delivery">
      <h2>${say("rowsByOutcome")}</h2>
      <p class="quiet" data-testid="rows-listed">
        ${told && told.rows > rows.length ? say("rowsListed", { shown: number(rows.length), count: number(told.rows), first: number(MOST_ROWS) }) : nothing}
        ${say("rowsFromZero")}
      </p>
      <div class="filters" role="group" aria-label=${say("rowsByOutcome")}>
        ${FILTER_NAMES.map((name) => filterView(name, countRows(name, rows, told), filter, say, act))}
      </div>
      <ul class="rows" data-testid="upload-rows">
        ${repeat(
          listed.slice(0, rowsShown),
          ({ row }) => row,
          (row) => rowView(row, row === chosen, task.result !== null, say, act),
        )}
      </ul>
      ${
        hidden > 0
          ? html`<button @click=${act.showMoreRows}>${say("moreRows", { count: whole(hidden, say.language) })}</button>`
          : nothing
      }
    </section>
  `;
}

/** A count that is also the legend of the map, and lists its rows alone when pressed. */
function filterView(
  name: Filter,
  { all, isLeast }: { all: number; isLeast: boolean },
  chosen: Filter | null,
  say: Say,
  act: Actions,
): TemplateResult | typeof nothing {
  if (all === 0) return nothing;
  return html`
    <button
      class="filter"
      data-filter=${name}
      data-tone=${FILTER_TONES[name]}
      aria-pressed=${name === chosen}
      @click=${() => act.filterRows(name)}
    >
      <span class="mark" data-tone=${FILTER_TONES[name]} aria-hidden="true">${GLYPHS[name]}</span>
      ${say.of(ROW_FILTERS[name])} <strong>${isLeast ? "≥ " : ""}${whole(all, say.language)}</strong>
    </button>
  `;
}

function rowView(row: UploadRow, chosen: boolean, isStored: boolean, say: Say, act: Actions): TemplateResult {
  const { outcome, name, feature, fault, warnings = [] } = row;
  const tone = toneOfRow(row);
  const severity = outcome === "refused" ? "prohibit" : tone === "warn" ? "warn" : "info";
  return html`
    <li data-outcome=${outcome} data-tone=${tone} data-row=${row.row}>
      <button aria-pressed=${chosen} title=${say("showWitness")} @click=${() => act.chooseRow(row)}>
        <span class="row-head">
          <span class="quiet">${say("row", { row: row.row })}</span>
          <span class="row-name">${name ?? feature}</span>
          <span class="chip" data-severity=${severity}>${say.of(ROW_OUTCOMES[outcome])}</span>
        </span>
        ${fault ? faultView(fault, outcome === "held" ? "warning" : "fault", say) : nothing}
        ${warnings.map((warning) => warningView(warning, say))}
      </button>
      ${codeView(row, isStored, say, act)}
    </li>
  `;
}

/** The code, which is a way to the building once that is registered. */
function codeView(
  { code, area_m2 }: UploadRow,
  isStored: boolean,
  say: Say,
  act: Actions,
): TemplateResult | typeof nothing {
  if (!code) return nothing;
  return html`
    <span class="row-code">
      ${
        isStored
          ? html`<button class="link code-text" translate="no" @click=${() => act.open(code)}>${code}</button>`
          : html`<span class="code-text" translate="no">${code}</span>`
      }
      ${area_m2 == null ? nothing : html`<span class="quiet">${squareMetres(area_m2, say.language)}</span>`}
    </span>
  `;
}

const faultView = ({ text, remedy }: Fault, name: string, say: Say): TemplateResult => html`
  <span class=${name}>${say.of(text)}</span>
  <span class="quiet">${say.of(remedy)}</span>
`;

function warningView({ severity, text, remedy, fix }: Warning, say: Say): TemplateResult {
  return html`
    <span class=${severity === "info" ? "" : "warning"}>${say.of(text)}</span>
    <span class="quiet"
      >${fix ? html`${say(fix.applied ? "fixed" : "fixable")}${say.of(fix.text)}` : say.of(remedy)}</span
    >
  `;
}
