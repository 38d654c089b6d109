/** The one search box: codes, any other name, addresses, projects, coordinates; and what they lead to. */

import { html, nothing, type TemplateResult } from "lit";
import type { Actions } from "../actions";
import type { FoundBuilding, Matched, Resolved } from "../contract";
import { metres } from "../format";
import type { Say } from "../messages";
import type { Search } from "../state";
import { textOf } from "./forms";
import { lens } from "./icons";
import { problemView } from "./problem";

export function searchView(search: Search, say: Say, act: Actions): TemplateResult {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    void act.search(textOf(new FormData(event.currentTarget as HTMLFormElement), "name"));
  };
  return html`
    <form class="search" role="search" @submit=${submit}>
      <label class="field">
        <span class="sr-only">${say("searchLabel")}</span>
        <input
          name="name"
          type="search"
          data-testid="search"
          placeholder=${say("searchHint")}
          autocomplete="off"
          autocapitalize="characters"
          spellcheck="false"
          enterkeyhint="search"
          @input=${() => {
            if (search.problem || search.found) act.dismissSearch();
          }}
        />
      </label>
      <button data-testid="search-go" aria-label=${say("search")} aria-busy=${search.busy}>${lens}</button>
    </form>
    ${
      search.problem
        ? html`<div class="search-problem">
            ${problemView(search.problem, say, act)} ${suggestionsView(search.problem.suggestions, say, act)}
          </div>`
        : nothing
    }
    ${search.found && !search.problem ? foundView(search.found, say, act) : nothing}
  `;
}

function suggestionsView(codes: readonly string[], say: Say, act: Actions): TemplateResult | typeof nothing {
  if (codes.length === 0) return nothing;
  return html`
    <p class="suggestions" data-testid="suggestions">
      <span class="quiet">${say("didYouMean")}</span>
      ${codes.map((code) => html`<button class="link code-text" @click=${() => act.open(code)}>${code}</button>`)}
    </p>
  `;
}

/** By which name the building was found that is shown, or the buildings among which a person chooses. */
function foundView({ matched, candidates, more }: Resolved, say: Say, act: Actions): TemplateResult {
  if (matched) return html`<p class="quiet" role="status" data-testid="matched">${matchedText(matched, say)}</p>`;
  return html`
    <div class="search-problem" role="status" data-testid="candidates">
      <p class="quiet">${say("severalFound", { count: candidates.length + more })}</p>
      <ul class="found">
        ${candidates.map((each) => html`<li>${candidateView(each, say, act)}</li>`)}
      </ul>
      ${more > 0 ? html`<p class="quiet">${say("moreFound", { count: more })}</p>` : nothing}
    </div>
  `;
}

const candidateView = (
  { code, name, stage, life, matched }: FoundBuilding,
  say: Say,
  act: Actions,
): TemplateResult => html`
  <button class="link code-text" @click=${() => act.open(code)}>${code}</button>
  <span>${name ?? ""}</span>
  <span class="quiet">${life.state === "living" ? say.of(stage) : say("retired")} · ${say.of(matched.label)}</span>
`;

function matchedText({ label, text, unit, ended_on, how, distance_m }: Matched, say: Say): string {
  return [
    `${say.of(label)} ${how ? say.of(how) : text}`,
    unit ?? "",
    distance_m === null || distance_m === 0 ? "" : say("awayFrom", { value: metres(distance_m, say.language) }),
    ended_on === null ? "" : say("until", { day: ended_on }),
  ]
    .filter(Boolean)
    .join(" · ");
}
