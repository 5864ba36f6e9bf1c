import { asText, element, pick } from "./page.js";
import { t } from "./words.js";
import { now } from "./times.js";
import { money } from "./numbers.js";

export const BOTH = ["teacher", "student"];
const DIRECTED = /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufefc]/;
const CONTROLS = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const PLACES = {
  absent: "place.absent", waiting: "place.waiting", in: "place.in", lost: "place.lost", left: "place.left",
};
const STEPS_OF_A_DESKTOP = {
  scheduled: "step.scheduled",
  launching: "step.launching",
  starting: "step.starting",
  booting: "step.booting",
  publishing: "step.publishing",
  ready: "step.ready",
};
const ENDS = {
  NO_SHOW_TIMEOUT: "over.no_show",
  PARTIAL_NO_SHOW_TIMEOUT: "over.partial_no_show",
  "15_MIN_SUCCESS": "over.early_success",
  SUCCESS: "over.success",
  MAX_DURATION: "over.max_duration",
  PARTIAL_UPLOAD_TIMEOUT: "over.partial_upload",
  LAUNCH_FAILED: "over.launch_failed",
  DESKTOPS_GONE: "over.desktops_gone",
  CANCELLED: "over.cancelled",
};

/* What the two are called. Names that turn the direction of reading turn nothing but themselves. */
export function namesOf(meeting) {
  return {
    teacher: isolated(asText(meeting.teacher_name)) || t("who.teacher"),
    student: isolated(asText(meeting.student_name)) || t("who.student"),
  };
}

function isolated(name) {
  return DIRECTED.test(name) ? `\u2068${name.replace(CONTROLS, "")}\u2069` : name;
}

export function bothOf(meeting) {
  return t("who.both", namesOf(meeting));
}

export function seatOf(meeting, role) {
  return (meeting.seats || {})[role] || {};
}

/* How a meeting stands, in a word or two. */
export function standingOf(meeting) {
  if (isOver(meeting)) return t(pick(ENDS, meeting.reason) || "over.over");
  const begun = Date.parse(meeting.meet_time) <= now();
  if (begun && BOTH.some((role) => seatOf(meeting, role).presence === "in")) return t("stands.running");
  if (begun) return t("stands.begun");
  return Date.parse(meeting.launch_at) <= now() ? t("stands.preparing") : t("stands.scheduled");
}

export function isOver(meeting) {
  return meeting.status === "TERMINATED" || Boolean(meeting.reason);
}

/* Where somebody is, and how far their desktop. */
export function placeWords(seat) {
  return t(pick(PLACES, seat.presence) || "place.absent");
}

export function stepWords(seat) {
  return t(pick(STEPS_OF_A_DESKTOP, seat.ready ? "ready" : seat.step) || "step.unknown");
}

export function troublesOf(meeting) {
  return Array.isArray(meeting.troubles) ? meeting.troubles : [];
}

/* What is wrong, in the app's own words, each under a sign: colour alone tells nothing. */
export function troubleNotices(meeting) {
  return troublesOf(meeting).map(({ told }) => english(element("p", `⚠ ${asText(told)}`, "notice bad")));
}

/* What the app says itself, it says in English. */
export function english(place) {
  place.lang = "en";
  return place;
}

/* What a meeting has cost so far, empty where nobody knows. */
export function costOf({ cost }) {
  return cost && Number.isFinite(cost.amount) ? money(cost.amount, cost.currency) : "";
}
