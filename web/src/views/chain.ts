/** A building's stages: what was entered when and by which document, how its geometries differ, what is due. */

import { html, nothing, type TemplateResult } from "lit";
import type { Actions } from "../actions";
import type { Chain, Due, Named, StageDifference, StageEntry } from "../contract";
import { metres, moment, squareMetres } from "../format";
import type { Say } from "../messages";

type Step = StageEntry & { stage: Named };

export function chainView(chain: Chain, compared: StageDifference | null, say: Say, act: Actions): TemplateResult {
  const steps = chain.stages.flatMap((stage) => stage.entries.map((entry): Step => ({ ...entry, stage })));
  const names = new Map(chain.stages.map((stage) => [stage.code, say.of(stage)]));
  const next = chain.next.map((code) => names.get(code) ?? code).join(say("listComma"));
  return html`
    <section data-testid="chain">
      <h2>${say("stages")}</h2>
      ${
        chain.deadlines.length > 0
          ? html`<ul class="due">
              ${chain.deadlines.map((due) => dueView(due, say))}
            </ul>`
          : nothing
      }
      <ol class="history steps">
        ${inOrder(steps).map((step) => stepView(step, say))}
      </ol>
      ${next === "" ? nothing : html`<p class="quiet">${say("nextStages", { names: next })}</p>`}
    </section>
    ${
      chain.differences.length === 0
        ? nothing
        : html`
            <section data-testid="differences">
              <h2>${say("laidOver")}</h2>
              <p class="quiet">${say("laidOverNote")}</p>
              <ul>
                ${chain.differences.map((each) => differenceView(each, each === compared, names, say, act))}
              </ul>
            </section>
          `
    }
  `;
}

/**
 * By day, on one day in the order of the stages, as the server has them. Of a day that is only known to be no later, such as a
 * design's that was uploaded afterwards, a later stage says how much earlier it was.
 */
function inOrder(steps: readonly Step[]): Step[] {
  const known = steps.map((step, place) => {
    const later = steps.slice(place).filter(({ at_latest }) => !at_latest);
    return { step, day: [step, ...(step.at_latest ? later : [])].map((each) => each.occurred_on).sort()[0] ?? "" };
  });
  return known.sort((a, b) => a.day.localeCompare(b.day)).map(({ step }) => step);
}

function stepView(step: Step, say: Say): TemplateResult {
  const { stage, occurred_on, at_latest, certificate, documents, geometry, height_m, floor_area_m2 } = step;
  const told = [
    certificate ?? "",
    geometry ? say("geometryVersion", { version: geometry.version }) : "",
    height_m === null ? "" : say("height", { value: metres(height_m, say.language) }),
    floor_area_m2 === null ? "" : say("floorArea", { value: squareMetres(floor_area_m2, say.language) }),
    documents.length === 0 ? "" : say("entryDocuments", { count: documents.length }),
  ].filter(Boolean);
  const recorded = `${say("recordedAt")} ${moment(step.recorded_at, say.language)} · ${step.actor}`;
  return html`
    <li class=${step.withdrawn_at ? "withdrawn" : ""} data-stage=${stage.code}>
      <span>
        <span class="stage-name">${say.of(stage)}</span>
        ${step.withdrawn_at ? html`<span class="chip">${say("withdrawn")}</span>` : nothing}
      </span>
      <span class="quiet" title=${recorded}>
        ${at_latest ? say("notLater", { day: occurred_on }) : occurred_on} · ${say.of(step.office)}
      </span>
      ${told.length > 0 ? html`<span class="quiet">${told.join(" · ")}</span>` : nothing}
    </li>
  `;
}

function dueView({ label, due_on, overdue_days, state }: Due, say: Say): TemplateResult {
  const isLate = overdue_days > 0;
  return html`
    <li data-state=${state}>
      ${say.of(label)}
      <span class="chip" data-severity=${isLate ? "prohibit" : "warn"}>
        ${isLate ? say("overdue", { count: overdue_days }) : say("dueOn", { day: due_on })}
      </span>
    </li>
  `;
}

function differenceView(
  difference: StageDifference,
  isShown: boolean,
  names: ReadonlyMap<string, string>,
  say: Say,
  act: Actions,
): TemplateResult {
  const { from, to, measures, findings } = difference;
  const value = (name: string): number => measures[name] ?? 0;
  const failed = findings.filter(({ outcome }) => outcome === "fail");
  const areas = {
    gained: squareMetres(value("gained_m2"), say.language),
    lost: squareMetres(value("lost_m2"), say.language),
  };
  return html`
    <li class="finding" data-tone=${failed.length > 0 ? "warn" : "pass"}>
      <button class="finding-body" aria-pressed=${isShown} @click=${() => act.compare(difference)}>
        <span class="finding-title"> ${names.get(from.stage) ?? from.stage} → ${names.get(to.stage) ?? to.stage} </span>
        <span class="quiet">${from.occurred_on} → ${to.occurred_on}</span>
        <span class="measures">
          <span>${say("gainedLost", areas)}</span>
          <span>${say("moved", { value: metres(value("displacement_m"), say.language) })}</span>
          <span>IoU ${value("iou").toFixed(4)}</span>
        </span>
        ${
          failed.length === 0
            ? html`<span class="quiet">${say("withinTolerance")}</span>`
            : failed.map(({ id, title }) => html`<span class="quiet">${id} ${say.of(title)}</span>`)
        }
      </button>
    </li>
  `;
}
