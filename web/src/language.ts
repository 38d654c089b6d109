/** Which language the page speaks: as chosen before, else as the browser prefers. */

import type { Language } from "./messages";
import { recall, remember } from "./memory";

const KEY = "luotu.language";

export function readLanguage(): Language {
  const chosen = recall(KEY);
  if (chosen === "zh" || chosen === "en") return chosen;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

export function writeLanguage(language: Language): void {
  remember(KEY, language);
}
