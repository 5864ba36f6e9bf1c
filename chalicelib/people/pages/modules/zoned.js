import { recall, keep } from "./memory.js";
import { t } from "./words.js";
import { clockTime, written } from "./times.js";
import { offsetAt, ownZone, zoneWords } from "./clocks.js";

const ZONE_SHELF = "board.zone";
let inUtc = recall(ZONE_SHELF) === "UTC";

/* The zone in which the board shows times: this device's own, or UTC. */
export function boardZone() {
  return inUtc ? "UTC" : ownZone();
}

export function showInUtc(wanted) {
  inUtc = wanted;
  keep(ZONE_SHELF, wanted ? "UTC" : "own");
}

export function zoneSentence() {
  return t("board.zone", { zone: zoneWords(boardZone()) });
}

/* A moment of an answer on those clocks: its time alone, or with its day. */
export function timeOf(moment) {
  return clockTime(Date.parse(moment), boardZone());
}

export function dayAndTimeOf(moment) {
  const time = Date.parse(moment);
  return Number.isNaN(time) ? "–" : written(time, { dateStyle: "medium", timeStyle: "short", timeZone: boardZone() });
}

/* From when to when a meeting is, with the zone's name. */
export function periodOf({ meet_time, ends_at }) {
  const until = ends_at ? `–${timeOf(ends_at)}` : "";
  return `${dayAndTimeOf(meet_time)}${until} (${zoneWords(boardZone())})`;
}

/* The same on the clocks of its own zone, where they show another time. */
export function thereOf({ meet_time, time_zone }) {
  const time = Date.parse(meet_time);
  try {
    if (!time_zone || offsetAt(time, time_zone) === offsetAt(time, boardZone())) return "";
    return `${clockTime(time, time_zone)} (${zoneWords(time_zone)})`;
  } catch {
    return "";            // it is no moment, or this browser does not know the zone
  }
}
