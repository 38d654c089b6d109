/** Corners as numbers: typed one after the other, or those of a drawn footprint, each to be changed. */

import { html, nothing, type TemplateResult } from "lit";
import type { Actions } from "../actions";
import { sidesOf, type Side } from "../corners";
import { planeAt, SYSTEMS, systemsAt, writePlace, type System } from "../crs";
import { cornersOf } from "../draw";
import { metres } from "../format";
import type { Say } from "../messages";
import type { Draft, State } from "../state";
import { textOf } from "./forms";
import { cross } from "./icons";

const LEAST_CORNERS = 3;

/** The forms in which the next corner is typed, and what is typed so far. */
export function entryView({ entry, system }: State, say: Say, act: Actions): TemplateResult {
  const { corners, fault } = entry;
  const sides = sidesOf(corners, system).slice(0, -1);
  return html`
    <details class="corner-entry" data-testid="entry">
      <summary>${say("typeCorners")}</summary>
      ${systemChoice(system, corners[0] ?? null, say, act)}
      <form @submit=${onForm(["corners"], ([text = ""]) => act.typeCorners(text))}>
        <label class="field">
          <span>${say("cornerLines")}</span>
          <textarea
            name="corners"
            rows="2"
            spellcheck="false"
            placeholder=${exampleOf(system)}
            @keydown=${submitOnEnter}
          ></textarea>
        </label>
        <button data-testid="corners-add">${say("addCorners")}</button>
      </form>
      ${corners.length < 1 ? nothing : measureForm(["distance", "bearing"], say, act.typeStep)}
      ${corners.length < 2 ? nothing : measureForm(["alongSide", "rightOfSide"], say, act.typeBeside)}
      ${fault ? html`<p class="fault" role="alert" data-testid="entry-fault">${say.of(fault)}</p>` : nothing}
      ${
        corners.length === 0
          ? nothing
          : html`
              <ol class="corner-list" data-testid="entry-corners">
                ${corners.map(
                  (corner, index) =>
                    html`<li>
                      ${writePlace(system, corner).join(" ")} <span class="quiet">${sideText(sides[index], say)}</span>
                    </li>`,
                )}
              </ol>
            `
      }
      <button
        class="primary"
        data-testid="entry-close"
        ?disabled=${corners.length < LEAST_CORNERS}
        @click=${act.closeEntry}
      >
        ${say("closeRing")}
      </button>
    </details>
  `;
}

/** The corners of the drawn footprint, with the side from each to the next. */
export function cornersView(draft: Draft, system: System, say: Say, act: Actions): TemplateResult {
  const corners = cornersOf(draft.geometry);
  const sides = sidesOf(corners, system);
  const isDegrees = system === "degrees";
  return html`
    <details class="corners" data-testid="corners">
      <summary>${say("corners")}<span class="count">${corners.length}</span></summary>
      ${systemChoice(system, corners[0] ?? null, say, act)}
      <table>
        <thead>
          <tr>
            <th scope="col"><span class="sr-only">${say("corner")}</span></th>
            <th scope="col">${say(isDegrees ? "longitude" : "northing")}</th>
            <th scope="col">${say(isDegrees ? "latitude" : "easting")}</th>
            <th scope="col">${say("sideLength")}</th>
            <th scope="col">${say("bearing")}</th>
            <td></td>
          </tr>
        </thead>
        <tbody>
          ${corners.map((corner, index) => {
            const written = writePlace(system, corner);
            const side = sides[index];
            return html`
              <tr @change=${(event: Event) => moveFrom(event, index, act)}>
                <th scope="row">J${index + 1}</th>
                ${written.map(
                  (value, axis) =>
                    html`<td>
                      <input
                        inputmode="decimal"
                        autocomplete="off"
                        aria-label="J${index + 1} ${say(axisName(isDegrees, axis))}"
                        data-testid="corner-${index}-${axis}"
                        .value=${value}
                      />
                    </td>`,
                )}
                <td>${side ? metres(side.length_m, say.language) : ""}</td>
                <td>${side ? `${side.bearing_deg.toFixed(2)}°` : ""}</td>
                <td>
                  <button
                    class="link"
                    aria-label=${say("removeCorner", { name: `J${index + 1}` })}
                    ?disabled=${corners.length <= LEAST_CORNERS}
                    @click=${() => act.removeCorner(index)}
                  >
                    ${cross}
                  </button>
                </td>
              </tr>
            `;
          })}
        </tbody>
      </table>
      ${draft.fault ? html`<p class="fault" role="alert">${say.of(draft.fault)}</p>` : nothing}
      <div class="row">
        <button data-testid="square" ?disabled=${corners.length <= LEAST_CORNERS} @click=${act.squareDraft}>
          ${say("square")}
        </button>
        ${
          draft.squared
            ? html`
                <p class="quiet" role="status" data-testid="squared">
                  ${say("squared", { value: metres(draft.squared.moved_m, say.language) })}
                </p>
                <button class="link" @click=${act.undoSquare}>${say("undoSquare")}</button>
              `
            : nothing
        }
      </div>
    </details>
  `;
}

/** The choice of the system in which coordinates are told, with the CRS that it is around a place. */
export function systemChoice(
  system: System,
  place: readonly number[] | null,
  say: Say,
  act: Pick<Actions, "chooseSystem">,
): TemplateResult {
  const offered = place ? systemsAt([...place]) : (Object.keys(SYSTEMS) as System[]);
  return html`
    <label class="field system">
      <span>${say("crs")}</span>
      <select @change=${(event: Event) => act.chooseSystem((event.target as HTMLSelectElement).value as System)}>
        ${offered.map(
          (each) => html`<option value=${each} ?selected=${each === system}>${say.of(SYSTEMS[each])}</option>`,
        )}
      </select>
      ${place && system !== "degrees" ? html`<span class="quiet">${planeAt(system, [...place]).name}</span>` : nothing}
    </label>
  `;
}

function measureForm(
  [first, second]: ["distance", "bearing"] | ["alongSide", "rightOfSide"],
  say: Say,
  take: (first: string, second: string) => boolean,
): TemplateResult {
  const input = (name: typeof first | typeof second) => html`
    <label class="field">
      <span>${say(name)}</span>
      <input name=${name} autocomplete="off" data-testid="entry-${name}" />
    </label>
  `;
  return html`
    <form class="measure" @submit=${onForm([first, second], ([a = "", b = ""]) => take(a, b))}>
      ${input(first)} ${input(second)}
      <button data-testid="entry-add-${first}">${say("addCorner")}</button>
    </form>
  `;
}

/** Hand the fields of a form over, and empty it where they could be read. */
function onForm(names: readonly string[], take: (values: string[]) => boolean) {
  return (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const given = new FormData(form);
    if (!take(names.map((name) => textOf(given, name)))) return;
    form.reset();
    form.querySelector<HTMLElement>("input, textarea")?.focus();
  };
}

/** One line is sent by Enter as in any field; several are pasted. */
function submitOnEnter(event: KeyboardEvent): void {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  (event.target as HTMLTextAreaElement).form?.requestSubmit();
}

function moveFrom(event: Event, index: number, act: Actions): void {
  const [first, second] = (event.currentTarget as Element).querySelectorAll("input");
  if (first && second) act.moveCorner(index, first.value, second.value);
}

const axisName = (isDegrees: boolean, axis: number) =>
  isDegrees ? (axis === 0 ? "longitude" : "latitude") : axis === 0 ? "northing" : "easting";

const exampleOf = (system: System): string =>
  ({
    degrees: "126.55123456 43.85123456",
    gk3: "J1 4857302.805 544224.421",
    gk3_zone: "J1 4857302.805 42544224.421",
    gk6: "J1 4860074.597 302997.931",
    gk6_zone: "J1 4860074.597 22302997.931",
    utm: "5220853.152 539429.876",
  })[system];

const sideText = (side: Side | undefined, say: Say): string =>
  side ? `→ ${metres(side.length_m, say.language)}, ${side.bearing_deg.toFixed(2)}°` : "";
