/** A building code, large, to be read and copied. */

import { html, type TemplateResult } from "lit";
import type { Actions } from "../actions";
import type { Say } from "../messages";

export interface CodeOptions {
  code: string;
  label: string;
  note: string;
  provisional: boolean;
  testId: string;
  copied: string | null;
}

export function codeView(options: CodeOptions, say: Say, act: Actions): TemplateResult {
  const { code, label, note, provisional, testId, copied } = options;
  const copy = (event: Event): void => {
    const holder = (event.currentTarget as Element).parentElement?.querySelector("output") ?? null;
    void act.copy(code, holder);
  };
  return html`
    <section class="code ${provisional ? "provisional" : "permanent"}">
      <p class="code-label"><strong>${label}</strong><span>${note}</span></p>
      <div class="code-line">
        <output data-testid=${testId} translate="no">${code}</output>
        <button class="small" aria-label=${say("copyCode", { code })} @click=${copy}>
          ${copied === code ? say("copied") : say("copy")}
        </button>
      </div>
    </section>
  `;
}
