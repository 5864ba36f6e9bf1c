import { locale } from "./words.js";
import { DAY, MINUTE, zone } from "./times.js";

// Browsers list zones by names of old, Calcutta for one; some list none.
const SOME_ZONES = [
  "America/Chicago", "America/Denver", "America/Los_Angeles", "America/New_York", "America/Sao_Paulo",
  "Asia/Ho_Chi_Minh", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Shanghai", "Asia/Tokyo", "Asia/Yangon",
  "Australia/Sydney", "Europe/Berlin", "Europe/Kyiv", "Europe/London",
];
const IS_NAME = /^[A-Za-z0-9_+/-]{1,64}$/;    // what the app stores as a zone
const clocks = new Map();
let all = null;           // the names of all zones, once they were asked for

/* What the clocks of a zone show at a moment, as if it were UTC, in milliseconds. */
export function wallTime(moment, name) {
  if (!clocks.has(name)) {
    const numbers = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" };
    clocks.set(name, new Intl.DateTimeFormat("en-US-u-ca-gregory-nu-latn", {
      ...numbers, second: "numeric", hourCycle: "h23", timeZone: name,
    }));
  }
  const parts = clocks.get(name).formatToParts(moment).map(({ type, value }) => [type, Number(value)]);
  const { year, month, day, hour, minute, second } = Object.fromEntries(parts);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/* Every moment at which a zone's clocks show this: none where they are put forward, two where they are put back. */
export function momentsOf(wall, name) {
  const offsets = new Set([wall - DAY, wall + DAY].map((moment) => offsetAt(moment, name)));
  const found = [...offsets].map((offset) => wall - offset).filter((moment) => wallTime(moment, name) === wall);
  return found.sort((one, other) => one - other);
}

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

/* How far a zone's clocks are ahead of UTC at a moment, in milliseconds. */
export function offsetAt(moment, name) {
  return wallTime(moment, name) - Math.floor(moment / 1000) * 1000;
}

/* The zone that this device is in, UTC where that is not known. */
export function ownZone() {
  return isZone(zone()) ? zone() : "UTC";
}

export function isZone(name) {
  if (typeof name !== "string" || !IS_NAME.test(name)) return false;
  try {
    return Boolean(new Intl.DateTimeFormat("en", { timeZone: name }));
  } catch {
    return false;
  }
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

/* A zone as people read it: America/New York. */
export function zoneWords(name) {
  return name.replace(/_/g, " ");
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
