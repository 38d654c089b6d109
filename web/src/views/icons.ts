/** The few pictures of the page, drawn on a 16-unit grid in the colour of the text around them. */

import { html, svg, type SVGTemplateResult, type TemplateResult } from "lit";

const icon = (shape: SVGTemplateResult): TemplateResult => html`
  <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">${shape}</svg>
`;

export const brandMark = html`
  <svg class="brand-mark" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
    <rect width="32" height="32" rx="6" />
    <path d="M8 7h7v11h10v7H8z" />
    <circle cx="13.4" cy="18.6" r="2.2" />
  </svg>
`;
export const pen = icon(svg`<path d="M2.5 13.5v-11h5v6h6v5z M7.5 8.5l-5 5" />`);
export const arrowUp = icon(svg`<path d="M8 11V3M4.5 6 8 2.5 11.5 6M2.5 13.5h11" />`);
export const arrowDown = icon(svg`<path d="M8 2.5v8M4.5 7 8 10.5 11.5 7M2.5 13.5h11" />`);
export const lens = icon(svg`<circle cx="7" cy="7" r="4.25" /><path d="m10.2 10.2 3.3 3.3" />`);
export const stack = icon(svg`<path d="M8 2.5 14 6 8 9.5 2 6zM2.5 9 8 12.5 13.5 9" />`);
export const chevron = icon(svg`<path d="m4 6.5 4 4 4-4" />`);
export const plus = icon(svg`<path d="M8 3v10M3 8h10" />`);
export const minus = icon(svg`<path d="M3 8h10" />`);
export const frame = icon(svg`<path d="M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10" />`);
export const cross = icon(svg`<path d="m4 4 8 8M12 4l-8 8" />`);
export const back = icon(svg`<path d="M9.5 4 5.5 8l4 4" />`);
export const target = icon(svg`<circle cx="8" cy="8" r="3.5" /><path d="M8 1.5v3M8 11.5v3M1.5 8h3M11.5 8h3" />`);
