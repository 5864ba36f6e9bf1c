import { DAY, now, written } from "./times.js";
import { momentsOf, wallTime } from "./clocks.js";

/* Days are written as the app writes them: 2026-11-27, and weeks by ISO 8601: 2026-W48, from a Monday on. */
export function dayOf(moment, zoneName) {
  return written8601(wallTime(moment, zoneName));
}

export function today(zoneName) {
  return dayOf(now(), zoneName);
}

/* The midnight with which a day begins, as if it were UTC; NaN where it is no day. */
export function midnight(day) {
  const moment = /^\d{4}-\d\d-\d\d$/.test(day) ? Date.parse(`${day}T00:00Z`) : NaN;
  return Number.isNaN(moment) || written8601(moment) !== day ? NaN : moment;
}

/* A day as people read it. */
export function dayWords(day) {
  return written(midnight(day), { dateStyle: "full", timeZone: "UTC" });
}

export function shortDay(day) {
  return written(midnight(day), { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" });
}

export function daysLater(day, count) {
  return written8601(midnight(day) + count * DAY);
}

/* The moment at which a day begins in a zone: clocks that are put forward at midnight begin it later. */
export function beginOf(day, zoneName) {
  const wall = midnight(day);
  const [first] = momentsOf(wall, zoneName);
  return first === undefined ? wall - (wallTime(wall, zoneName) - wall) : first;
}

export function weekOf(day) {
  const thursday = midnight(mondayBefore(day)) + 3 * DAY;
  const year = new Date(thursday).getUTCFullYear();
  const week = 1 + Math.floor((thursday - Date.UTC(year, 0, 1)) / DAY / 7);
  return `${year}-W${String(week).padStart(2, "0")}`;
}

/* The Monday of a week; an empty text where it is none. */
export function mondayOf(week) {
  const [, year, number] = week.match(/^(\d{4})-W(\d\d)$/) || [];
  if (!year) return "";
  const monday = daysLater(mondayBefore(`${year}-01-04`), (Number(number) - 1) * 7);
  return weekOf(monday) === week ? monday : "";
}

function mondayBefore(day) {
  return daysLater(day, -((new Date(midnight(day)).getUTCDay() + 6) % 7));
}

function written8601(moment) {
  return new Date(moment).toISOString().slice(0, 10);
}
