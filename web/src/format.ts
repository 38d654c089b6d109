/** Numbers and times as text. Units are part of the text. */

import type { Language } from "./messages";

const DAY_LENGTH = "2026-01-31".length;
const LOCALES: Record<Language, string> = { zh: "zh-CN", en: "en-GB" };

export const locale = (language: Language): string => LOCALES[language];

/** Two decimals; more below a hundredth, so that no overlap is ever shown as 0.00 m². */
export function squareMetres(value: number, language: Language): string {
  return `${decimal(value, language)} m²`;
}

export function metres(value: number, language: Language): string {
  return `${decimal(value, language)} m`;
}

const UNITS: Record<string, string> = { "1": "", m: " m", m2: " m²", deg: "°", dB: " dB" };

/** A number in its unit (UCUM); `1` is none. */
export function quantity(value: number, unit: string, language: Language): string {
  return `${decimal(value, language)}${UNITS[unit] ?? ` ${unit}`}`;
}

/** Like `quantity`, with its sign always written: negative means violated. */
export function signedQuantity(value: number, unit: string, language: Language): string {
  return `${value < 0 ? "−" : "+"}${quantity(Math.abs(value), unit, language)}`;
}

export function percent(share: number, language: Language): string {
  const digits = share < 0.001 ? 4 : share < 0.1 ? 2 : 1;
  return new Intl.NumberFormat(locale(language), { style: "percent", maximumFractionDigits: digits }).format(share);
}

/** A time in the reader's time zone; a bare day, or text that is no time, is shown as it came. */
export function moment(iso: string, language: Language): string {
  const time = new Date(iso);
  if (iso.length <= DAY_LENGTH || Number.isNaN(time.getTime())) return iso;
  return new Intl.DateTimeFormat(locale(language), { dateStyle: "medium", timeStyle: "short" }).format(time);
}

export function whole(value: number, language: Language): string {
  return new Intl.NumberFormat(locale(language)).format(value);
}

function decimal(value: number, language: Language): string {
  const size = Math.abs(value);
  const digits = size >= 0.01 || size === 0 ? 2 : size >= 0.0001 ? 4 : 6;
  const format = { minimumFractionDigits: 2, maximumFractionDigits: digits };
  return new Intl.NumberFormat(locale(language), format).format(value);
}
