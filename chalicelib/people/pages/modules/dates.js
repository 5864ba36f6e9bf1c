import { t } from "./words.js";
import { MINUTE, clockTime, written } from "./times.js";
import { offsetAt, ownZone, zoneWords } from "./clocks.js";

/* A moment as people read it in a zone: its day and its time. */
export function dayAndTime(moment, zoneName) {
  return written(moment, { dateStyle: "full", timeStyle: "short", timeZone: zoneName });
}

/* When a meeting is, in its own zone: its day, its time and, where that is known, its end. */
export function periodWords({ at, minutes, zone: zoneName }) {
  const where = zoneName || ownZone();
  const from = dayAndTime(at, where);
  const end = minutes ? at + minutes * MINUTE : null;
  const until = end && (isSameDay(at, end, where) ? clockTime(end, where) : dayAndTime(end, where));
  return t(until ? "when.from_until" : "when.from", { from, until, zone: zoneWords(where) });
}

/* When it is for who reads this in another zone; nothing where the clocks are the same. */
export function hereWords(moment, zoneName) {
  const own = ownZone();
  if (!zoneName || offsetAt(moment, own) === offsetAt(moment, zoneName)) return "";
  return t("when.here", { when: dayAndTime(moment, own), zone: zoneWords(own) });
}

/* When a meeting ends that is this long; that it is another day, and that the clocks change meanwhile, is said. */
export function endWords(moment, minutes, zoneName) {
  const end = moment + minutes * MINUTE;
  const later = !isSameDay(moment, end, zoneName);
  const ends = t("when.ends", { when: later ? dayAndTime(end, zoneName) : clockTime(end, zoneName) });
  const change = offsetAt(end, zoneName) - offsetAt(moment, zoneName);
  if (!change) return ends;
  return `${ends} ${t(change > 0 ? "when.forward_meanwhile" : "when.back_meanwhile")}`;
}

function isSameDay(one, other, zoneName) {
  const day = (moment) => written(moment, { dateStyle: "short", timeZone: zoneName });
  return day(one) === day(other);
}
