import { locale } from "./words.js";

export const MINUTE = 60 * 1000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

let told = null;          // the app's time when it last answered, and what this device's clock said then

/* The app has said what time it is, in milliseconds. */
export function hear(time) {
  if (!Number.isNaN(time)) told = { time, at: Date.now() };
}

/* The time by the app's clock, in milliseconds. This device's own may be wrong, and counts only until the app is heard. */
export function now() {
  return told ? told.time + (Date.now() - told.at) : Date.now();
}

/* The name of the zone that this device is in. */
export function zone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/* A moment in the page’s language, and in the viewer’s zone unless `options` name another. */
export function written(time, options) {
  return new Date(time).toLocaleString(locale(), options);
}

/* What clocks show at a moment in a zone, the viewer’s where none is named; a dash where the moment is not known. */
export function clockTime(time, zoneName) {
  return Number.isNaN(time) ? "–" : written(time, { timeStyle: "short", timeZone: zoneName });
}

/* A length of time in its two largest units: 2 hr 5 min. */
export function span(milliseconds) {
  const s = Math.max(0, Math.round(milliseconds / 1000));
  if (s < 60) return amount(s, "second");
  if (s < 3600) return `${amount(Math.floor(s / 60), "minute")} ${amount(s % 60, "second")}`;
  if (s < 86400) return `${amount(Math.floor(s / 3600), "hour")} ${amount(Math.floor((s % 3600) / 60), "minute")}`;
  return `${amount(Math.floor(s / 86400), "day")} ${amount(Math.floor((s % 86400) / 3600), "hour")}`;
}

/* So many of a unit, as the page's language shortens it: 5 min. */
function amount(number, unit) {
  return new Intl.NumberFormat(locale(), { style: "unit", unit, unitDisplay: "short" }).format(number);
}
