/** The part of the address after "#": `map` belongs to MapLibre, `code` is the building on show. */

export function readAddress(): { code: string | null; hasPosition: boolean } {
  const entries = parts();
  const code = entries.get("code");
  return { code: code ? decodeURIComponent(code) : null, hasPosition: entries.has("map") };
}

/** Name the building on show in the address, or none, without a step in the browser's history. */
export function writeCode(code: string | null): void {
  const entries = parts();
  if (code === null) entries.delete("code");
  else entries.set("code", encodeURIComponent(code));
  history.replaceState(history.state, "", addressOf(entries));
}

/** The permanent link of a building: this page with nothing but the code. */
export function linkTo(code: string): string {
  return new URL(`#code=${encodeURIComponent(code)}`, location.href).href;
}

function addressOf(entries: Map<string, string>): string {
  const text = [...entries].map(([key, value]) => `${key}=${value}`).join("&");
  return text === "" ? location.pathname + location.search : `#${text}`;
}

function parts(): Map<string, string> {
  const pairs = location.hash.slice(1).split("&").filter(Boolean);
  return new Map(pairs.map((pair) => [pair.split("=")[0] ?? "", pair.slice(pair.indexOf("=") + 1)]));
}
