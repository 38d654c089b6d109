/** The findings of a footprint: failures in full, the rest folded into counted groups. */

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { Actions } from "../actions";
import type { Finding, Outcome } from "../contract";
import { metres, percent, quantity, signedQuantity, squareMetres } from "../format";
import { CERTAINTIES, CONFIDENCES, OUTCOMES, SEVERITIES, type Say } from "../messages";
import { OUTCOME_ORDER, toneOf, worstFirst, type Tone } from "../order";

const GLYPHS: Record<Outcome, string> = {
  fail: "✕",
  fail_within_accuracy: "≈",
  manual: "?",
  not_evaluated: "–",
  pass: "✓",
  not_applicable: "·",
};
const NAMES_AT_MOST = 5;
const FAILED: ReadonlySet<Outcome> = new Set(["fail", "fail_within_accuracy"]);
const OPEN: ReadonlySet<Outcome> = new Set(["fail", "fail_within_accuracy", "manual"]);

export interface FindingsOptions {
  findings: readonly Finding[];
  verdict: Outcome;
  chosen: Finding | null;
  asOf?: string;
}

export function findingsView(options: FindingsOptions, say: Say, act: Actions): TemplateResult {
  const { findings, verdict, chosen, asOf } = options;
  const sorted = worstFirst(findings);
  const groups = OUTCOME_ORDER.map((outcome) => ({
    outcome,
    members: sorted.filter((finding) => finding.outcome === outcome),
  })).filter((group) => group.members.length > 0);
  return html`
    <section class="findings" data-testid="findings">
      <h2>
        ${say("findings")} ${asOf ? html`<span class="quiet">${say("asOf", { day: asOf })}</span>` : nothing}
        <span class="verdict" data-testid="verdict">${say.of(OUTCOMES[verdict])}</span>
      </h2>
      ${groups.length === 0 ? html`<p class="quiet">${say("noFindings")}</p>` : nothing}
      ${repeat(
        groups,
        ({ outcome }) => outcome,
        ({ outcome, members }) => html`
          <details class="group" ?open=${OPEN.has(outcome)} data-outcome=${outcome}>
            <summary>
              ${markOf(outcome, groupTone(members))}
              <span>${say.of(OUTCOMES[outcome])}</span>
              <span class="count">${members.length}</span>
              ${adviceCount(members, say)}
            </summary>
            <ul>
              ${members.map((finding) => findingView(finding, finding === chosen, say, act))}
            </ul>
          </details>
        `,
      )}
    </section>
  `;
}

function adviceCount(members: readonly Finding[], say: Say): TemplateResult | typeof nothing {
  const count = members.filter(({ advisory, outcome }) => advisory && FAILED.has(outcome)).length;
  return count === 0 ? nothing : html`<span class="quiet">${say("adviceCount", { count })}</span>`;
}

/** A group is marked as strongly as its strongest member. */
const groupTone = (members: readonly Finding[]): Tone => (members[0] ? toneOf(members[0]) : "none");

const markOf = (outcome: Outcome, tone: Tone): TemplateResult =>
  html`<span class="mark" data-tone=${tone} aria-hidden="true">${GLYPHS[outcome]}</span>`;

function findingView(finding: Finding, chosen: boolean, say: Say, act: Actions): TemplateResult {
  const body = findingBody(finding, say);
  return html`
    <li class="finding" data-tone=${toneOf(finding)} data-rule=${finding.rule}>
      ${
        finding.witness
          ? html`<button
              class="finding-body"
              aria-pressed=${chosen}
              title=${say("showWitness")}
              @click=${() => act.choose(finding)}
            >
              ${body}
            </button>`
          : html`<div class="finding-body">${body}</div>`
      }
    </li>
  `;
}

function findingBody(finding: Finding, say: Say): TemplateResult {
  const { title, layer, features, reason, rule } = finding;
  const names = namesOf(features, say);
  const measures = measureTexts(finding, say);
  return html`
    <span class="finding-title"><span>${say.of(title)}</span>${chipOf(finding, say)}</span>
    ${measures.length > 0 ? html`<span class="measures">${measures.map((text) => html`<span>${text}</span>`)}</span>` : nothing}
    ${reason ? html`<span class="reason">${say.of(reason)}</span>` : nothing}
    <span class="quiet">${rule} · ${say.of(layer.name)}${names === "" ? nothing : html` · ${names}`}</span>
    ${finding.basis.length > 0 ? html`<span class="quiet">${basisText(finding, say)}</span>` : nothing}
    ${finding.edition ? html`<span class="quiet">${editionText(finding.edition, say)}</span>` : nothing}
  `;
}

function namesOf(features: Finding["features"], say: Say): string {
  const all = features.map(({ id, name }) => name ?? String(id));
  const names = all.slice(0, NAMES_AT_MOST).join(say("listComma"));
  return all.length > NAMES_AT_MOST ? say("andMore", { names, count: all.length }) : names;
}

function chipOf({ outcome, severity, advisory }: Finding, say: Say): TemplateResult | typeof nothing {
  if (!OPEN.has(outcome)) return nothing;
  if (advisory)
    return html`<span class="chip" data-severity="advice" title=${say("advisoryWhy")}>${say("advisory")}</span>`;
  return html`<span class="chip" data-severity=${severity}>${say.of(SEVERITIES[severity])}</span>`;
}

function measureTexts(finding: Finding, say: Say): string[] {
  const { area_m2, share, width_m, measured, required, margin, unit, certainty } = finding;
  const { language } = say;
  const ground = area_m2 !== null && area_m2 > 0;
  return [
    ground ? say("overlapArea", { value: squareMetres(area_m2, language) }) : "",
    ground && share !== null ? say("share", { value: percent(share, language) }) : "",
    ground && width_m !== null ? say("width", { value: metres(width_m, language) }) : "",
    measured === null ? "" : say("measured", { value: quantity(measured, unit, language) }),
    required === null ? "" : say("required", { value: quantity(required, unit, language) }),
    margin === null ? "" : say("margin", { value: signedQuantity(margin, unit, language) }),
    certainty === null ? "" : say.of(CERTAINTIES[certainty]),
  ].filter(Boolean);
}

function basisText({ basis, confidence }: Finding, say: Say): string {
  const texts = basis.map(({ doc, article }) => (article ? say("article", { doc, article }) : doc));
  return say("basis", { texts: texts.join(say("listComma")), confidence: say.of(CONFIDENCES[confidence]) });
}

export function editionText(edition: NonNullable<Finding["edition"]>, say: Say): string {
  const { title, valid_from, valid_to } = edition;
  const days = [valid_from && say("since", { day: valid_from }), valid_to && say("until", { day: valid_to })];
  return [title, ...days.filter(Boolean)].join(" · ");
}
