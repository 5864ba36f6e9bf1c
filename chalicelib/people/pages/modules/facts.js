import { $, asText, write } from "./page.js";
import { t, locale } from "./words.js";
import { ROLE } from "./link.js";
import { now, span } from "./times.js";

/* A moment of an answer, in milliseconds; NaN where there is none. */
export function moment(value) {
  return Date.parse(asText(value));
}

/* What the other person is called. */
export function otherName(body) {
  if (ROLE === "teacher") return asText(body.student_name) || t("person.student");
  return asText(body.teacher_name) || t("person.teacher");
}

/* With whom the meeting is and when, as far as the answer tells; how long it is to that of one that is not over. */
export function showFacts(body, isOver) {
  const [start, end] = [moment(body.meet_time), moment(body.ends_at)];
  $("facts").hidden = Number.isNaN(start);
  if (Number.isNaN(start)) return;
  write($("with"), t("facts.with", { name: otherName(body) }));
  write($("when"), `${range(start, end, { dateStyle: "full", timeStyle: "short" })} (${zoneName(start)})`);
  write($("elsewhere"), elsewhere(start, end, asText(body.time_zone)));
  write($("countdown"), isOver ? "" : countdown(start, end));
}

function range(start, end, options) {
  const format = new Intl.DateTimeFormat(locale(), options);
  return Number.isNaN(end) || !format.formatRange ? format.format(start) : format.formatRange(start, end);
}

/* The viewer's zone as people call it. */
function zoneName(time) {
  const parts = new Intl.DateTimeFormat(locale(), { timeZoneName: "long" }).formatToParts(time);
  return parts.find(({ type }) => type === "timeZoneName").value;
}

/* The same in the zone that the meeting was made in, where clocks show another time there. */
function elsewhere(start, end, timeZone) {
  const clock = { weekday: "short", hour: "numeric", minute: "2-digit" };
  try {
    const there = range(start, end, { ...clock, timeZone });
    const place = timeZone.split("/").pop().replace(/_/g, " ");
    return !timeZone || there === range(start, end, clock) ? "" : t("facts.elsewhere", { place, time: there });
  } catch {
    return "";            // this browser does not know the zone
  }
}

function countdown(start, end) {
  if (now() < start) return t("facts.begins", { left: span(start - now()) });
  return Number.isNaN(end) ? "" : t("facts.ends", { left: span(end - now()) });
}
