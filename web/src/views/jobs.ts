/** Uploads that go on beside the page: how far each has come, or what became of it. */

import { html, nothing, type TemplateResult } from "lit";
import type { Actions } from "../actions";
import { hasEnded } from "../actions/jobs";
import type { Counts, Job } from "../contract";
import { whole } from "../format";
import type { Say } from "../messages";

export function jobsView(jobs: readonly Job[], say: Say, act: Actions): TemplateResult | typeof nothing {
  if (jobs.length === 0) return nothing;
  return html`
    <section class="jobs" data-testid="jobs">
      <h2>${say("jobs")}</h2>
      <ul>
        ${jobs.map(
          (job) => html`
            <li data-state=${job.state}>
              <span class="row-head">
                <span class="row-name">${job.file}</span>
                <button class="link" aria-label="${say("showJob")} ${job.file}" @click=${() => act.openJob(job)}>
                  ${say("showJob")}
                </button>
              </span>
              ${standingView(job, say)}
            </li>
          `,
        )}
      </ul>
    </section>
  `;
}

/** One job in full, where its upload is shown. */
export function jobView(job: Job, say: Say, act: Actions): TemplateResult {
  if (job.state === "cancelled") return html`<p class="note" role="status">${say("jobCancelled")}</p>`;
  return html`
    <div class="job" data-testid="job" data-state=${job.state}>${standingView(job, say)}</div>
    ${
      hasEnded(job)
        ? nothing
        : html`<p class="quiet">${say("jobGoesOn")}</p>
            <div class="row">
              <button
                data-testid="cancel-job"
                ?disabled=${job.state === "cancelling"}
                @click=${() => act.cancelJob(job.id)}
              >
                ${say("cancelJob")}
              </button>
            </div>`
    }
  `;
}

function standingView(job: Job, say: Say): TemplateResult {
  const { state, text, step, done, total, result, problem } = job;
  const number = (value: number): string => whole(value, say.language);
  const ended = result ? countsOf(result, say) : problem && say.of(problem.text);
  const rows = total === null ? "" : say("jobRows", { done: number(done ?? 0), total: number(total) });
  const label = say("jobProgress", { file: job.file });
  const bar = total
    ? html`<progress aria-label=${label} max=${total} .value=${done ?? 0}></progress>`
    : html`<progress aria-label=${label} class="waiting"></progress>`;
  return html`
    ${hasEnded(job) || state === "waiting" ? nothing : bar}
    <p class="standing">
      <span>${step && !hasEnded(job) ? say.of(step) : say.of(text)}</span>
      <span class="quiet">${ended ?? rows}</span>
    </p>
  `;
}

function countsOf({ accepted, held, refused }: Counts, say: Say): string {
  const counts = [["jobDone", accepted] as const, ["jobHeld", held] as const, ["jobRefused", refused] as const];
  const told = counts.filter(([key, count]) => count > 0 || key === "jobDone");
  return told.map(([key, count]) => say(key, { count: whole(count, say.language) })).join(say("listComma"));
}
