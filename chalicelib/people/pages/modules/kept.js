import { webAddress } from "./page.js";
import { recall, keep } from "./memory.js";
import { DAY, now } from "./times.js";
import { isZone } from "./clocks.js";

const SHELF = "meetings";
const MOST_KEPT = 50;
const KEPT_AFTER = 7 * DAY;    // a meeting is looked for no more when it is so long over

/* The meetings that were scheduled in this browser, the next one first. What cannot be understood is not there. */
export function keptMeetings() {
  const found = recall(SHELF);
  const known = (Array.isArray(found) ? found : []).map(understood).filter(Boolean);
  return known.filter(({ at }) => at > now() - KEPT_AFTER).sort((one, other) => one.at - other.at);
}

export function keptMeeting(id) {
  return keptMeetings().find((each) => each.id === id) || null;
}

/* Keep what is needed to find a meeting again, in place of what was kept of it; return whether this browser does so. */
export function keepMeeting(meeting) {
  const others = keptMeetings().filter(({ id }) => id !== meeting.id);
  keep(SHELF, [...others.slice(1 - MOST_KEPT), understood(meeting)]);
  return keptMeeting(meeting.id) !== null;
}

export function forgetMeetings(...ids) {
  keep(SHELF, keptMeetings().filter(({ id }) => !ids.includes(id)));
}

/* What is kept of a meeting, null where it is none: storage is open to other pages of this host and to people. */
function understood(found) {
  const { id, at, minutes, zone, sequence, names, links, consent } = found || {};
  const isText = (text) => typeof text === "string";
  const isPair = (pair, fits) => Boolean(pair) && fits(pair.teacher) && fits(pair.student);
  const isLink = (link) => isText(link) && webAddress(link) !== null;
  if (!isText(id) || !Number.isFinite(at) || !isPair(names, isText) || !isPair(links, isLink)) return null;
  return {
    id,
    at,
    minutes: Number.isInteger(minutes) && minutes > 0 ? minutes : null,
    zone: isZone(zone) ? zone : null,
    sequence: Number.isInteger(sequence) ? sequence : 0,
    names: { teacher: names.teacher, student: names.student },
    links: { teacher: links.teacher, student: links.student },
    consent: consent && typeof consent === "object" ? consent : null,
  };
}
