import { $, asText, element } from "./page.js";
import { t } from "./words.js";
import { rebuild } from "./rebuilt.js";
import { rowOf } from "./rows.js";
import { money, number } from "./numbers.js";
import { bothOf, english, troublesOf } from "./telling.js";
import { dayAndTimeOf, zoneSentence } from "./zoned.js";

const NEARLY = 0.8;       // of the month's limit

let known = null;         // the troubles that were told of before; those of the first look are no news

/* The meetings of now, those in trouble first. */
export const NOW = {
  everySeconds: 15,
  holds: "meetings",
  way: () => "meetings",
  headline: ({ meetings }) => {
    const count = meetings.filter((each) => troublesOf(each).length).length;
    return count ? t("now.troubles", { count }) : t("now.fine");
  },
  sign: ({ meetings }) => meetings.filter((each) => troublesOf(each).length).length,
  detail: ({ meetings }) => [t("now.count", { count: meetings.length }), zoneSentence()].join(" "),
  draw(told) {
    rebuild($("pause"), pauseOf(told));
    rebuild($("now-list"), told.meetings.map(rowOf));
    rebuild($("month"), monthOf(told));
    announce(told.meetings);
  },
  forget() {
    known = null;
  },
};

function pauseOf({ paused }) {
  if (!paused) return [];
  const words = t("now.paused", { since: dayAndTimeOf(paused.since), who: asText(paused.by) });
  return [element("p", [words, asText(paused.why)].filter(Boolean).join(" "), "notice warn")];
}

function monthOf({ month }) {
  if (!month || !Number.isFinite(month.spent)) return [];
  const spent = money(month.spent, month.currency);
  if (!(month.limit > 0)) return [element("p", t("now.spent", { spent }), "small quiet")];
  const part = month.spent / month.limit;
  const words = t("now.spent_of", {
    spent, limit: money(month.limit, month.currency), percent: number(Math.floor(100 * part)),
  });
  return [element("p", words, part < NEARLY ? "small quiet" : `notice ${part < 1 ? "warn" : "bad"}`)];
}

/* Tell of what has gone wrong since the look before, once. */
function announce(meetings) {
  const found = new Map(meetings.flatMap((meeting) => troublesOf(meeting).map(({ what, role, told }) => (
    [`${meeting.id} ${what} ${role}`, `${bothOf(meeting)}: ${asText(told)}`]
  ))));
  const fresh = known ? [...found].filter(([id]) => !known.has(id)).map(([, words]) => words) : [];
  known = found;
  if (fresh.length) $("alarm").replaceChildren(t("now.alarm"), " ", english(element("span", fresh.join(" "))));
}
