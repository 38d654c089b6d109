/** The other names of a building: those that others assigned, and those that its footprint gives it. */

import { html, nothing, type TemplateResult } from "lit";
import type { Alias } from "../contract";
import type { Say } from "../messages";
import { entryList } from "./measures";

export function aliasesView(aliases: readonly Alias[], say: Say): TemplateResult {
  const assigned = aliases.filter(({ computed }) => !computed);
  const computed = aliases.filter((alias) => alias.computed);
  return html`${namesView(say("aliases"), assigned, say)}${namesView(say("computedNames"), computed, say)}`;
}

function namesView(title: string, names: readonly Alias[], say: Say): TemplateResult | typeof nothing {
  if (names.length === 0) return nothing;
  return html`
    <section>
      <h2>${title}</h2>
      ${entryList(names.map(({ label, value }) => [say.of(label), html`<span class="name-text" translate="no">${value}</span>`]))}
    </section>
  `;
}
