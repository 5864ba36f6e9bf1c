import { $, element } from "./page.js";
import { t } from "./words.js";
import { HOUR, MINUTE, clockTime } from "./times.js";
import { offsetAt } from "./clocks.js";
import { mondayOf, shortDay, weekOf } from "./dayline.js";
import { boardZone, zoneSentence } from "./zoned.js";
import { placeOf } from "./places.js";
import { rebuild } from "./rebuilt.js";
import { strip } from "./strip.js";

const WEEKS_AHEAD = 4;
const QUARTERS = 4 * 24 * 7;

/* How many desktops are wanted in the weeks from a day on, day by day. */
export const AHEAD = {
  everySeconds: 0,
  holds: "weeks",
  isOne: (day) => Boolean(mondayOf(weekOf(day))),
  way: (day) => `calendar?${new URLSearchParams({ day, weeks: WEEKS_AHEAD })}`,
  headline: () => t("ahead.headline"),
  detail: ({ at_once }) => (
    at_once ? [t("ahead.limit", { count: at_once }), zoneSentence()].join(" ") : t("ahead.uncounted")
  ),
  draw(told) {
    const days = told.at_once ? [...daysAhead(told)] : [];
    rebuild($("ahead-list"), days.map(([day, quarters]) => line(day, quarters, told)));
  },
};

/* The quarters of an hour of each day, on the board's clocks; of a week that nobody has counted they are all free. */
function daysAhead(told) {
  const days = new Map();
  const from = Date.parse(told.from);
  const counted = new Map(told.weeks.map(({ monday, desktops }) => [Date.parse(monday), desktops]));
  let offset = 0;
  for (let index = 0; index < WEEKS_AHEAD * QUARTERS; index += 1) {
    const moment = from + index * told.minutes * MINUTE;
    if (moment % HOUR === 0) offset = offsetAt(moment, boardZone());
    const week = counted.get(from + Math.floor(index / QUARTERS) * QUARTERS * told.minutes * MINUTE) || [];
    const day = new Date(moment + offset).toISOString().slice(0, 10);
    if (!days.has(day)) days.set(day, []);
    days.get(day).push([moment, week[index % QUARTERS] || 0]);
  }
  return days;
}

function line(day, quarters, told) {
  const numbers = quarters.map(([, number]) => number);
  const most = Math.max(...numbers);
  const made = element("li");
  const link = element("a", shortDay(day));
  link.href = placeOf("day", day);
  link.id = `ahead-${day}`;
  const time = clockTime(quarters[numbers.indexOf(most)][0], boardZone());
  const words = most ? t("strip.most_of", { most, limit: told.at_once, time }) : t("ahead.none");
  made.append(link, strip(numbers, told.at_once, ""), element("span", words, "small"));
  return made;
}
