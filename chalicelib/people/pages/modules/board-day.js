import { $, asText, element, write } from "./page.js";
import { t } from "./words.js";
import { MINUTE, clockTime } from "./times.js";
import { beginOf, dayWords, daysLater, midnight } from "./dayline.js";
import { boardZone, zoneSentence } from "./zoned.js";
import { rebuild } from "./rebuilt.js";
import { rowOf } from "./rows.js";
import { strip } from "./strip.js";
import { bothOf, standingOf, troublesOf } from "./telling.js";

const DESKTOPS = 2;       // of each meeting
const HOUR_MINUTES = 60;
let shownDay = null;      // what was drawn last, for who searches in it

/* All meetings of a day, on the clocks that the board goes by. */
export const DAY_VIEW = {
  everySeconds: 120,
  holds: "meetings",
  isOne: (day) => !Number.isNaN(midnight(day)),
  way: (day, after) => {
    const zoned = boardZone() === "UTC" ? {} : { tz: boardZone() };
    return `meetings?${new URLSearchParams({ day, ...zoned, ...(after ? { after } : {}) })}`;
  },
  headline: (told, day) => dayWords(day),
  detail: ({ meetings }) => [t("day.count", { count: meetings.length }), zoneSentence()].join(" "),
  draw(told) {
    shownDay = told;
    rebuild($("day-strip"), stripOf(told));
    search();
  },
  forget() {
    shownDay = null;
    $("search").value = "";
  },
};

/* Show those of the day in which every word is found. */
export function search() {
  if (!shownDay) return;
  const wanted = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = shownDay.meetings.filter((meeting) => {
    const text = [
      meeting.id, bothOf(meeting), meeting.status, meeting.reason, standingOf(meeting), meeting.scheduled_by,
      ...troublesOf(meeting).map(({ told }) => told),
    ].map(asText).join(" ").toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
  write($("found"), wanted.length ? t("day.found", { count: found.length }) : "");
  rebuild($("day-list"), found.map(rowOf));
}

/* How many desktops this day's meetings take, minute by minute, as a picture, in a sentence and hour by hour. */
function stripOf(told) {
  const from = beginOf(told.day, boardZone());
  const numbers = atOnce(told.meetings, from, beginOf(daysLater(told.day, 1), boardZone()));
  const most = Math.max(...numbers);
  if (!most) return [];
  const limit = told.at_once;
  const values = { most, limit, time: clockTime(from + numbers.indexOf(most) * MINUTE, boardZone()) };
  const words = limit ? t("strip.most_of", values) : t("strip.most", values);
  const axis = element("p", "", "axis small quiet");
  axis.ariaHidden = "true";
  for (let part = 0; part < 5; part += 1) {
    axis.append(element("span", clockTime(from + (part / 4) * numbers.length * MINUTE, boardZone())));
  }
  const drawn = strip(numbers, limit, words);
  drawn.id = "strip";
  return [drawn, axis, element("p", words, "small"), hours(numbers, from)];
}

/* So many desktops live in each minute between two moments. */
export function atOnce(meetings, from, to) {
  const minutes = Math.round((to - from) / MINUTE);
  const changes = new Array(minutes + 1).fill(0);
  const index = (moment) => Math.min(Math.max(Math.floor((moment - from) / MINUTE), 0), minutes);
  for (const meeting of meetings) {
    const begin = Date.parse(meeting.launch_at);
    const end = Date.parse(meeting.ended_at || meeting.deadline || meeting.ends_at);
    if (end > begin) {
      changes[index(begin)] += DESKTOPS;
      changes[index(end)] -= DESKTOPS;
    }
  }
  let sum = 0;
  return changes.slice(0, minutes).map((change) => (sum += change));
}

function hours(numbers, from) {
  const table = element("details");
  table.id = "strip-hours";
  const list = element("ul");
  for (let at = 0; at < numbers.length; at += HOUR_MINUTES) {
    const most = Math.max(...numbers.slice(at, at + HOUR_MINUTES));
    const time = clockTime(from + at * MINUTE, boardZone());
    if (most) list.append(element("li", t("strip.hour", { time, count: most })));
  }
  table.append(element("summary", t("strip.hours")), list);
  return table;
}
