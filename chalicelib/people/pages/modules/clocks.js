import { DAY, zone } from "./times.js";

const IS_NAME = /^[A-Za-z0-9_+/-]{1,64}$/;    // what the app stores as a zone
const clocks = new Map();

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

/* A zone as people read it: America/New York. */
export function zoneWords(name) {
  return name.replace(/_/g, " ");
}
