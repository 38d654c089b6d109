/** The map's colours, read from the style sheet's tokens so that page and map share one palette. */

export interface Palette {
  ground: string;
  grid: string;
  building: string;
  buildingEdge: string;
  accent: string;
  paper: string;
  fail: string;
  warn: string;
  quiet: string;
  /** What the layers' fills are multiplied by: pale fills glare on a dark ground. */
  fillStrength: number;
}

export function readPalette(): Palette {
  const tokens = getComputedStyle(document.documentElement);
  const colour = (name: string): string => tokens.getPropertyValue(`--${name}`).trim();
  return {
    ground: colour("map-ground"),
    grid: colour("map-grid"),
    building: colour("map-building"),
    buildingEdge: colour("map-building-edge"),
    accent: colour("accent"),
    paper: colour("paper"),
    fail: colour("fail"),
    warn: colour("warn"),
    quiet: colour("ink-quiet"),
    fillStrength: Number(colour("map-fill-strength")),
  };
}

/** Call back whenever the system changes between light and dark. */
export function onPaletteChange(listener: (palette: Palette) => void): void {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => listener(readPalette()));
}

/** TerraDraw takes hexadecimal colours only. */
export const hex = (colour: string): `#${string}` => colour as `#${string}`;
