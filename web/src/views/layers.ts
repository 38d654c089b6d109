/** The layer tree: what the blueprint holds, of which date, and what it lacks. */

import { html, nothing, svg, type TemplateResult } from "lit";
import type { Actions } from "../actions";
import type { Layer, LayerEdition, Named } from "../contract";
import { whole } from "../format";
import { BUILDINGS } from "../map/blueprint";
import { GRATICULE } from "../map/graticule";
import type { Say } from "../messages";
import type { State } from "../state";
import { chevron, stack } from "./icons";

export function layersView(state: State, say: Say, act: Actions): TemplateResult {
  const { layers, layersOpen } = state;
  const loaded = layers.filter(hasData).length;
  return html`
    <section class="layers" data-open=${layersOpen} aria-label=${say("layers")}>
      <button
        class="layers-toggle"
        aria-expanded=${layersOpen}
        aria-controls="layer-tree"
        data-testid="layers-toggle"
        @click=${act.toggleLayersPanel}
      >
        ${stack}<span>${say("layers")}</span>
        <span class="quiet">${say("layerCount", { loaded, all: layers.length })}</span>
        ${chevron}
      </button>
      <div id="layer-tree" class="tree" ?hidden=${!layersOpen}>
        ${buildingsRow(state, say, act)}
        ${groupBy(layers, (layer) => layer.major).map(([major, members]) => majorView(major, members, state, say, act))}
        ${graticuleRow(state, say, act)}
      </div>
    </section>
  `;
}

function majorView(major: Named, layers: Layer[], state: State, say: Say, act: Actions): TemplateResult {
  const byCode = layers.toSorted((a, b) => a.code.localeCompare(b.code));
  const loaded = byCode.filter(hasData);
  const missing = byCode.filter((layer) => !hasData(layer));
  return html`
    <div class="major" role="group" aria-label=${say.of(major)}>
      ${groupHead(major, loaded, "major-head", state, say, act)}
      ${groupBy(loaded, (layer) => layer.mid).map(
        ([mid, members]) => html`
          ${groupHead(mid, members, "mid-head", state, say, act)}
          <ul>
            ${members.map((layer) => layerRow(layer, state, say, act))}
          </ul>
        `,
      )}
      ${missing.length > 0 ? missingView(missing, say) : nothing}
    </div>
  `;
}

/** A class with a box that shows or hides all of its layers. */
function groupHead(group: Named, layers: Layer[], name: string, state: State, say: Say, act: Actions): TemplateResult {
  const shown = layers.filter((layer) => state.visible.has(layer.code)).length;
  const codes = layers.map((layer) => layer.code);
  const toggle = (event: Event): void => act.showLayers(codes, (event.target as HTMLInputElement).checked);
  return html`
    <label class="layer-row ${name}">
      <input
        type="checkbox"
        aria-label=${say("groupToggle", { name: say.of(group) })}
        ?disabled=${layers.length === 0}
        .checked=${layers.length > 0 && shown === layers.length}
        .indeterminate=${shown > 0 && shown < layers.length}
        @change=${toggle}
      />
      <span class="layer-name">${say.of(group)}</span>
    </label>
  `;
}

function layerRow(layer: Layer, state: State, say: Say, act: Actions): TemplateResult {
  const edition = layer.editions.at(-1);
  const count = layer.editions.reduce((sum, { features }) => sum + features, 0);
  const toggle = (event: Event): void => act.showLayers([layer.code], (event.target as HTMLInputElement).checked);
  return html`
    <li>
      <label class="layer-row" title=${titleOf(layer)}>
        <input
          type="checkbox"
          data-testid="layer-${layer.code}"
          .checked=${state.visible.has(layer.code)}
          @change=${toggle}
        />
        ${swatch(layer.symbol, layer.geometry)}
        <span class="layer-name">${say.of(layer.name)}</span>
        <span class="quiet layer-count" title=${say("features", { count })}>${whole(count, say.language)}</span>
        ${edition ? html`<span class="quiet layer-edition">${editionText(edition, say)}</span>` : nothing}
      </label>
    </li>
  `;
}

function missingView(layers: Layer[], say: Say): TemplateResult {
  return html`
    <details class="missing">
      <summary>${say("noData")}<span class="count">${layers.length}</span></summary>
      <ul>
        ${layers.map((layer) => html`<li data-testid="layer-${layer.code}" title=${layer.code}>${say.of(layer.name)}</li>`)}
      </ul>
    </details>
  `;
}

function buildingsRow({ visible }: State, say: Say, act: Actions): TemplateResult {
  const toggle = (event: Event): void => act.showLayers([BUILDINGS], (event.target as HTMLInputElement).checked);
  return html`
    <label class="layer-row lone">
      <input type="checkbox" data-testid="layer-buildings" .checked=${visible.has(BUILDINGS)} @change=${toggle} />
      <svg class="swatch buildings-swatch" viewBox="0 0 14 14" aria-hidden="true">
        <rect x="1" y="1" width="12" height="12" rx="1.5" />
      </svg>
      <span class="layer-name">${say("buildings")}</span>
      <span class="quiet layer-edition">${say("buildingsNote")}</span>
    </label>
  `;
}

function graticuleRow({ visible }: State, say: Say, act: Actions): TemplateResult {
  const toggle = (event: Event): void => act.showLayers([GRATICULE], (event.target as HTMLInputElement).checked);
  return html`
    <label class="layer-row lone last">
      <input type="checkbox" .checked=${visible.has(GRATICULE)} @change=${toggle} />
      <svg class="swatch grid-swatch" viewBox="0 0 14 14" aria-hidden="true">
        <path d="M1 5h12M1 9h12M5 1v12M9 1v12" />
      </svg>
      <span class="layer-name">${say("graticule")}</span>
    </label>
  `;
}

/** The date first: a long title may be cut off by the edge of the tree. */
function editionText({ title, valid_from, recorded_at }: LayerEdition, say: Say): string {
  return `${say("since", { day: valid_from ?? recorded_at.slice(0, 10) })} · ${title}`;
}

/** The symbol as drawn on the map. Presentation attributes, unlike inline styles, need no exception from the CSP. */
function swatch({ fill, line, opacity }: Layer["symbol"], geometry: string): TemplateResult {
  const shape = geometry.includes("Polygon")
    ? svg`<rect x="1" y="1" width="12" height="12" rx="1.5" fill=${fill} fill-opacity=${opacity} stroke=${line} stroke-width="1.5" />`
    : geometry.includes("Line")
      ? svg`<path d="M1 11 6 5l3 3 4-5" fill="none" stroke=${line} stroke-width="1.75" />`
      : svg`<circle cx="7" cy="7" r="3.5" fill=${line} />`;
  return html`<svg class="swatch" viewBox="0 0 14 14" aria-hidden="true">${shape}</svg>`;
}

const titleOf = ({ code, table, editions }: Layer): string =>
  [`${code} ${table}`, ...editions.map(({ title, source }) => `${title} (${source})`)].join("\n");

const hasData = (layer: Layer): boolean => layer.editions.length > 0;

function groupBy(layers: readonly Layer[], key: (layer: Layer) => Named): [Named, Layer[]][] {
  const groups = new Map<string, [Named, Layer[]]>();
  for (const layer of layers) {
    const group = key(layer);
    const entry = groups.get(group.code) ?? [group, []];
    entry[1].push(layer);
    groups.set(group.code, entry);
  }
  return [...groups.values()];
}
