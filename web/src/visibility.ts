/** Which layers are seen: as left at the last visit, else a choice that reads well. */

import type { Layer } from "./contract";
import { BUILDINGS } from "./map/blueprint";
import { GRATICULE } from "./map/graticule";
import { recall, remember } from "./memory";

const KEY = "luotu.layers";

/** Return the codes to show; layers not seen before follow `isShownAtFirst`. */
export function readVisible(layers: readonly Layer[]): Set<string> {
  const { shown, known } = stored();
  const codes = layers.filter((layer) => (known.has(layer.code) ? shown.has(layer.code) : isShownAtFirst(layer)));
  const extras = [BUILDINGS, GRATICULE].filter((name) => !known.has(name) || shown.has(name));
  return new Set([...codes.map((layer) => layer.code), ...extras]);
}

/** Remember what is shown, and which layers there were to choose from. */
export function rememberVisible(visible: ReadonlySet<string>, layers: readonly Layer[]): void {
  const known = [...layers.map((layer) => layer.code), BUILDINGS, GRATICULE];
  remember(KEY, JSON.stringify({ shown: [...visible], known }));
}

// Control lines, what stands, and permits read well together; whole-area plan colours would bury them.
const CLASSES_AT_FIRST: ReadonlySet<string> = new Set(["XZ11", "XZ13", "GL31"]);

const isShownAtFirst = ({ role, mid }: Layer): boolean => role === "constraint" || CLASSES_AT_FIRST.has(mid.code);

function stored(): { shown: Set<string>; known: Set<string> } {
  const text = recall(KEY);
  if (text === null) return { shown: new Set(), known: new Set() };
  try {
    const { shown, known } = JSON.parse(text) as { shown: string[]; known: string[] };
    return { shown: new Set(shown), known: new Set(known) };
  } catch {
    return { shown: new Set(), known: new Set() };
  }
}
