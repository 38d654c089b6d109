/** The card of a registered building. */

import { html, nothing, type TemplateResult } from "lit";
import type { Actions } from "../actions";
import { linkTo } from "../address";
import { extractOf } from "../api";
import type { BuildingProperties } from "../contract";
import { moment } from "../format";
import type { MessageKey, Say } from "../messages";
import type { Card, State } from "../state";
import { aliasesView } from "./aliases";
import { chainView } from "./chain";
import { codeView } from "./code";
import { findingsView } from "./findings";
import { back, cross } from "./icons";
import { areaEntries, entryList, type Entry } from "./measures";
import { problemView } from "./problem";

export function cardView(card: Card, state: State, say: Say, act: Actions): TemplateResult {
  const { properties } = card.building;
  const code = {
    code: properties.code,
    label: say("registeredCode"),
    note: say.of(properties.stage),
    provisional: false,
    testId: "card-code",
    copied: state.copied,
  };
  return html`
    ${closeBar(state, say, act)}
    ${card.registered ? html`<p class="done" role="status" data-testid="registered">${say(REGISTERED[card.registered])}</p>` : nothing}
    ${codeView(code, say, act)} ${properties.name ? html`<h2 class="building-name">${properties.name}</h2>` : nothing}
    ${lifeView(properties, say, act)} ${entryList(entriesOf(properties, say))}
    ${cardTools(properties.code, card, state, say, act)} ${card.problem ? problemView(card.problem, say, act) : nothing}
    ${
      card.findings && card.findings !== "loading"
        ? findingsView({ ...card.findings, chosen: state.chosen, asOf: card.findings.as_of }, say, act)
        : nothing
    }
    ${card.chain ? chainView(card.chain, card.compared, say, act) : nothing} ${aliasesView(properties.aliases, say)}
    ${historyView(properties, say)}
  `;
}

const REGISTERED: Record<NonNullable<Card["registered"]>, MessageKey> = {
  new: "registeredNow",
  same: "registeredSame",
  revised: "registeredRevised",
  split: "registeredNow",
  merged: "registeredNow",
  held: "uploadNotStored",
  refused: "uploadNotStored",
};

function closeBar({ draft, upload }: State, say: Say, act: Actions): TemplateResult {
  const waiting = draft ? say("backToDraft") : upload ? say("backToUpload") : null;
  return html`
    <div class="close-bar">
      <button class="link" data-testid="card-close" @click=${act.closeCard}>
        ${waiting ? html`${back}${waiting}` : html`${cross}${say("close")}`}
      </button>
    </div>
  `;
}

/** That a building no longer lives, whom it came from, and who came after it. */
function lifeView({ life, lineage }: BuildingProperties, say: Say, act: Actions): TemplateResult {
  const kin = (title: MessageKey, codes: readonly string[]) =>
    codes.length === 0
      ? nothing
      : html`<p>
          <span class="quiet">${say(title)}</span>
          ${codes.map((code) => html`<button class="link code-text" @click=${() => act.open(code)}>${code}</button> `)}
        </p>`;
  return html`
    ${
      life.state === "living"
        ? nothing
        : html`<p class="note" data-testid="closed">${say("closedLife", { day: life.closed_on ?? "" })}</p>`
    }
    ${kin("predecessors", lineage.predecessors)} ${kin("successors", lineage.successors)}
  `;
}

function entriesOf(properties: BuildingProperties, say: Say): Entry[] {
  return [
    ...areaEntries(properties.area_m2, properties.plane, say),
    [say("version"), properties.version],
    [say("office"), say.of(properties.office)],
    [say("recordedAt"), moment(properties.recorded_at, say.language)],
  ];
}

function cardTools(code: string, card: Card, { copied }: State, say: Say, act: Actions): TemplateResult {
  const link = linkTo(code);
  const loading = card.findings === "loading";
  return html`
    <div class="row">
      <button data-testid="card-findings" ?disabled=${loading} @click=${() => act.checkBuilding(code)}>
        ${say(loading ? "checking" : "checkFindings")}
      </button>
      <a class="button" data-testid="card-extract" href=${extractOf(code)} target="_blank" rel="noopener">
        ${say("extract")}
      </a>
      <button @click=${() => act.copy(link, null)}>${say(copied === link ? "copied" : "copyLink")}</button>
    </div>
  `;
}

function historyView({ events }: BuildingProperties, say: Say): TemplateResult {
  return html`
    <section>
      <h2>${say("history")}</h2>
      <ol class="history">
        ${events.map(({ label, occurred_at, recorded_at, actor }) => {
          const when = moment(occurred_at ?? recorded_at, say.language);
          const recorded = `${say("recordedAt")} ${moment(recorded_at, say.language)}`;
          return html`
            <li>
              <span>${say.of(label)}</span>
              <span class="quiet" title=${recorded}>${when} · ${actor}</span>
            </li>
          `;
        })}
      </ol>
    </section>
  `;
}
