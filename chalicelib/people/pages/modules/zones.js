import { locale } from "./words.js";
import { DAY, MINUTE } from "./times.js";
import { isZone, offsetAt, ownZone } from "./clocks.js";

// Browsers list zones by names of old, Calcutta for one; some list none.
const SOME_ZONES = [
  "America/Chicago", "America/Denver", "America/Los_Angeles", "America/New_York", "America/Sao_Paulo",
  "Asia/Ho_Chi_Minh", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Shanghai", "Asia/Tokyo", "Asia/Yangon",
  "Australia/Sydney", "Europe/Berlin", "Europe/Kyiv", "Europe/London",
];
let all = null;           // the names of all zones, once they were asked for

/* The first moment after the clocks were put forward over what they would have shown. */
export function afterGap(wall, name) {
  let [before, after] = [wall - DAY, wall + DAY];
  const offset = offsetAt(before, name);
  while (after - before > MINUTE) {
    const middle = before + Math.floor((after - before) / 2 / MINUTE) * MINUTE;
    if (offsetAt(middle, name) === offset) before = middle;
    else after = middle;
  }
  return after;
}

/* The names of all zones that can be chosen. */
export function allZones() {
  const listed = Intl.supportedValuesOf ? Intl.supportedValuesOf("timeZone") : [];
  all = all || [...new Set([...listed, ...SOME_ZONES.filter(isZone), ownZone(), "UTC"])].sort();
  return all;
}

/* The zone that somebody means who writes this: its name, in any case, or its city alone; null where there is none. */
export function zoneMeant(text) {
  const plain = (words) => words.trim().toLowerCase().replace(/[\s_]+/g, "_");
  const names = allZones();
  const exact = names.find((name) => plain(name) === plain(text));
  const cities = names.filter((name) => plain(name).split("/").pop() === plain(text));
  const alias = text.trim().replace(/\s+/g, "_");
  return exact || (cities.length === 1 ? cities[0] : null) || (isZone(alias) ? alias : null);
}

/* How a zone is called at a moment, for who does not know its city: Central European Standard Time, GMT+1. */
export function zoneHelp(name, moment) {
  return ["long", "shortOffset"].map((kind) => zonePart(name, moment, kind)).filter(Boolean).join(", ");
}

/* Two of the same clock time are told apart by this: GMT+2, GMT+1. */
export function zoneOffset(name, moment) {
  return zonePart(name, moment, "shortOffset") || zonePart(name, moment, "short");
}

function zonePart(name, moment, timeZoneName) {
  try {
    const parts = new Intl.DateTimeFormat(locale(), { timeZone: name, timeZoneName }).formatToParts(moment);
    return parts.find(({ type }) => type === "timeZoneName").value;
  } catch {
    return "";            // this browser knows no such kind of name
  }
}
