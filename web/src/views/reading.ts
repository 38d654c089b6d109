/** What a file is, how that is known, and how else it may be read. */

import { html, nothing, type TemplateResult } from "lit";
import type { Actions } from "../actions";
import type { Reading } from "../api";
import type { Because, Bilingual, Candidate, FoundLayer, Preview, RefusedFile } from "../contract";
import { whole } from "../format";
import { CANDIDATE_PLACES, type MessageKey, type Say } from "../messages";
import type { UploadTask } from "../state";
import { textOf } from "./forms";
import { entryList, type Entry } from "./measures";

const CANDIDATES_AT_ONCE = 8;
// a format may come "in zip"
const TABLES = /^(CSV|Excel|CASS)/;
const DRAWINGS = /^(DXF|DWG)/;
const UNITS = ["m", "dm", "cm", "mm", "km", "in", "ft"] as const;
/** The roles that a column may have, as they are sent. */
const ROLES = { north: "columnNorth", east: "columnEast", feature: "columnFeature", wkt: "columnWkt" } as const;

const KINDS: readonly (readonly [RegExp, MessageKey])[] = [
  [/polygon|surface/i, "polygons"],
  [/line|curve/i, "lines"],
  [/point/i, "points"],
];

export function factsView(look: Preview, say: Say): TemplateResult {
  const { format, encoding, crs, layer, layers, rows, notes, columns } = look;
  const because = ({ name, why }: Because) => html`${name} <span class="quiet">${say.of(why)}</span>`;
  const entries: Entry[] = [
    [say("format"), format, "format"],
    ...(encoding ? [[say("encoding"), because(encoding)] as const] : []),
    [say("crs"), because(crs), "crs"],
    ...(layers.length > 1 ? [[say("layer"), layer] as const] : []),
  ];
  return html`
    <div role="status" data-testid="preview">
      <p class="preview-note">${say("previewNote")}</p>
      <p><strong>${say("rowsInAll", { count: whole(rows, say.language) })}</strong>${verdictOf(look, say)}</p>
    </div>
    ${entryList(entries)} ${notes.length > 0 ? folded(say("remarks"), notes.length, remarkList(notes, say)) : nothing}
    ${columns.length > 0 ? folded(say("columns"), columns.length, entryList(columns.map((column) => columnEntry(column, say)))) : nothing}
  `;
}

function verdictOf({ accepted, held, refused, warned }: Preview, say: Say): string {
  const counts = [
    ["rowsGood", accepted],
    ["rowsHeld", held],
    ["rowsRefused", refused],
    ["rowsWarned", warned],
  ] as const;
  const told = counts.filter(([, count]) => count > 0);
  return told.map(([key, count]) => say(key, { count: whole(count, say.language) })).join(say("listComma"));
}

const remarkList = (notes: readonly Bilingual[], say: Say): TemplateResult => html`
  <ul class="remarks">
    ${notes.map((note) => html`<li>${say.of(note)}</li>`)}
  </ul>
`;

function columnEntry({ name, filled, samples }: Preview["columns"][number], say: Say): Entry {
  const count = say("columnFilled", { filled: whole(filled, say.language) });
  return [name, html`${samples.join(say("listComma"))} <span class="quiet">${count}</span>`];
}

const folded = (title: string, count: number, content: TemplateResult): TemplateResult => html`
  <details class="group">
    <summary>${title} <span class="count">${count}</span></summary>
    ${content}
  </details>
`;

/** Say how the file is to be read, and look at it again: what it asks for stands open, the rest is folded. */
export function readingForm(task: UploadTask, look: Preview | RefusedFile, say: Say, act: Actions): TemplateResult {
  const { refusal } = look;
  const { candidates } = task;
  const asksLayer = refusal?.kind === "layer_choice" || refusal?.kind === "layer_unknown";
  const asksColumns = refusal?.kind.startsWith("table_") ?? false;
  const isTable = asksColumns || (!refusal && TABLES.test(look.format)) || task.reading.columns.length > 0;
  const isDrawing = refusal ? /^(dxf|dwg)_/.test(refusal.kind) : DRAWINGS.test(look.format);
  const asked = [
    candidates.length > 0 ? candidateChoice(task, say, act) : nothing,
    asksLayer ? layerChoice(look.layers, say) : nothing,
    asksColumns ? columnChoice(task, say) : nothing,
  ].filter((part) => part !== nothing);
  const rest = html`
    ${!asksLayer && look.layers.length > 1 ? layerSelect(look.layers, task, say) : nothing} ${crsField(task, say)}
    ${isTable && !asksColumns ? columnChoice(task, say) : nothing} ${isDrawing ? drawingFields(task, say) : nothing}
  `;
  const again = html`
    <button class=${refusal ? "primary" : ""} data-testid="look-again" ?disabled=${task.busy !== null}>
      ${task.candidate === null ? say("lookAgain") : say("lookIn", { crs: task.candidate })}
    </button>
  `;
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    void act.readAgain(readingSaid(new FormData(event.currentTarget as HTMLFormElement)));
  };
  return html`
    <form class="reading" @submit=${submit}>
      ${asked}
      ${
        refusal && asked.length === 0
          ? rest
          : html`<details class="group">
              <summary>${say("readOtherwise")}</summary>
              <div class="fields">${rest} ${refusal ? nothing : again}</div>
            </details>`
      }
      ${refusal ? html`<div class="submit-bar">${again}</div>` : nothing}
    </form>
  `;
}

/** What the form says, of what it asks; a CRS that is typed counts before one that is chosen. */
function readingSaid(form: FormData): Partial<Reading> {
  const said = (name: string): string => textOf(form, name).trim();
  const asked = (["layer", "closing_m", "drawing_unit"] as const).filter((name) => form.has(name));
  const columns = Object.keys(ROLES).flatMap((role) => (said(role) === "" ? [] : [`${role}=${said(role)}`]));
  return {
    ...Object.fromEntries(asked.map((name) => [name, said(name)])),
    ...(form.has("north") && { columns }),
    crs: said("otherCrs") || said("crs"),
  };
}

function candidateChoice(task: UploadTask, say: Say, act: Actions): TemplateResult {
  const [first, more] = [task.candidates.slice(0, CANDIDATES_AT_ONCE), task.candidates.slice(CANDIDATES_AT_ONCE)];
  const list = (members: readonly Candidate[], from: number) => html`
    <ul class="choices" data-testid="candidates">
      ${members.map((candidate, index) => candidateView(candidate, from + index, task.candidate, say, act))}
    </ul>
  `;
  return html`
    <fieldset>
      <legend>${say(task.candidates.length === 1 ? "confirmCrs" : "chooseCrs")}</legend>
      ${list(first, 1)}
      ${
        more.length > 0
          ? html`<details class="group" ?open=${more.some(({ crs }) => crs === task.candidate)}>
              <summary>${say("moreCandidates", { count: more.length })}</summary>
              ${list(more, first.length + 1)}
            </details>`
          : nothing
      }
    </fieldset>
  `;
}

function candidateView(
  candidate: Candidate,
  number: number,
  chosen: string | null,
  say: Say,
  act: Actions,
): TemplateResult {
  const { crs, place, reason } = candidate;
  const where = CANDIDATE_PLACES[place];
  return html`
    <li>
      <label class="choice-body">
        <input
          type="radio"
          name="crs"
          value=${crs}
          .checked=${crs === chosen}
          @change=${() => act.lookAtCandidate(crs)}
        />
        <span class="badge" aria-hidden="true">${number}</span>
        <span class="choice-name">${crs}</span>
        ${where ? html`<span class="chip" data-severity=${place === "outside" ? "warn" : "info"}>${say.of(where)}</span>` : nothing}
        <span class="quiet">${say.of(reason)}</span>
      </label>
    </li>
  `;
}

function layerChoice(layers: readonly FoundLayer[], say: Say): TemplateResult {
  return html`
    <fieldset>
      <legend>${say("chooseLayer")}</legend>
      <ul class="choices" data-testid="layers-found">
        ${layers.map(
          ({ name, geometry, rows }) => html`
            <li>
              <label class="choice-body">
                <input type="radio" name="layer" value=${name} required />
                <span class="choice-name">${name}</span>
                <span class="quiet">${layerFacts(geometry, rows, say)}</span>
              </label>
            </li>
          `,
        )}
      </ul>
    </fieldset>
  `;
}

function layerFacts(geometry: string, rows: number | null, say: Say): string {
  const kind = KINDS.find(([pattern]) => pattern.test(geometry));
  const facts = [
    kind ? say(kind[1]) : geometry,
    rows === null ? "" : say("layerRows", { count: whole(rows, say.language) }),
  ];
  return facts.filter(Boolean).join(" · ");
}

function layerSelect(layers: readonly FoundLayer[], { look, reading }: UploadTask, say: Say): TemplateResult {
  const read = reading.layer || (look && !look.refusal ? look.layer : "");
  return html`
    <label class="choice">
      <span>${say("layer")}</span>
      <select name="layer">
        ${read === "" ? html`<option value="">${say("fromTheFile")}</option>` : nothing}
        ${layers.map(({ name }) => html`<option value=${name} .selected=${name === read}>${name}</option>`)}
      </select>
    </label>
  `;
}

/** Where there are candidates what was said before is none of them, and is not said again. */
const crsField = ({ reading, candidates }: UploadTask, say: Say): TemplateResult =>
  candidates.length > 0
    ? textField("otherCrs", "otherCrs", "", say("crsExample"), say)
    : textField("otherCrs", "crs", reading.crs, say("crsExample"), say);

function columnChoice({ reading }: UploadTask, say: Say): TemplateResult {
  const stated = new Map(reading.columns.map((text) => [text.split("=")[0], text.slice(text.indexOf("=") + 1)]));
  return html`
    <fieldset class="fields" data-testid="columns">
      <legend>${say("chooseColumns")}</legend>
      ${Object.entries(ROLES).map(([role, label]) => textField(role, label, stated.get(role) ?? "", "", say))}
    </fieldset>
  `;
}

function drawingFields({ reading }: UploadTask, say: Say): TemplateResult {
  return html`
    <label class="choice">
      <span>${say("drawingUnit")}</span>
      <select name="drawing_unit">
        <option value="">${say("fromTheFile")}</option>
        ${UNITS.map((unit) => html`<option .selected=${unit === reading.drawing_unit}>${unit}</option>`)}
      </select>
    </label>
    <label class="choice">
      <span>${say("closing")}</span>
      <input
        name="closing_m"
        type="number"
        min="0"
        max="10"
        step="any"
        .value=${reading.closing_m}
        placeholder="0.01"
      />
    </label>
  `;
}

const textField = (name: string, label: MessageKey, value: string, hint: string, say: Say): TemplateResult => html`
  <label class="choice">
    <span>${say(label)}</span>
    <input name=${name} .value=${value} placeholder=${hint} autocomplete="off" spellcheck="false" />
  </label>
`;
