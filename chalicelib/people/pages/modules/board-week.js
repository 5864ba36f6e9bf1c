import { $, element } from "./page.js";
import { t } from "./words.js";
import { span, written } from "./times.js";
import { daysLater, midnight, mondayOf, shortDay } from "./dayline.js";
import { fileWithKey } from "./bearer.js";
import { placeOf } from "./places.js";
import { rebuild } from "./rebuilt.js";
import { bar } from "./strip.js";
import { money, number } from "./numbers.js";

/* What the meetings of a week came to. */
export const WEEK = {
  everySeconds: 0,
  holds: "total",
  isOne: (week) => Boolean(mondayOf(week)),
  way: (week) => `report?${new URLSearchParams({ week })}`,
  headline: (told, week) => t("week.headline", { week: Number(week.slice(-2)), year: week.slice(0, 4) }),
  detail: (told, week) => {
    const dated = { dateStyle: "medium", timeZone: "UTC" };
    const day = (count) => written(midnight(daysLater(mondayOf(week), count)), dated);
    return t("week.days", { from: day(0), until: day(6) });
  },
  draw(told) {
    rebuild($("week-figures"), figuresOf(told.total));
    rebuild($("week-charts"), chartsOf(told));
  },
};

function costWords({ cost, currency }) {
  return Number.isFinite(cost) ? money(cost, currency) : "–";
}

function lasting(seconds) {
  return Number.isFinite(seconds) ? span(seconds * 1000) : "–";
}

function figuresOf(total) {
  const figures = [
    [t("week.meetings"), number(total.meetings)],
    [t("week.no_shows"), number(total.no_shows)],
    [t("week.p50"), lasting(total.ready_p50_s)],
    [t("week.p95"), lasting(total.ready_p95_s)],
    [t("week.hours"), hoursWords(total)],
    [t("week.cost"), costWords(total)],
  ];
  return figures.map(([name, value]) => {
    const figure = element("div");
    figure.append(element("dt", name), element("dd", value));
    return figure;
  });
}

function hoursWords({ paid_hours, used_hours, used_is_estimate }) {
  const values = { paid: number(paid_hours), used: number(used_hours) };
  return used_is_estimate ? t("week.paid_used_about", values) : t("week.paid_used", values);
}

function chartsOf({ total, by_day, by_key, by_teacher }) {
  const days = by_day.map((each) => ({ ...each, label: dayName(each.name), day: each.name }));
  const named = (groups) => groups.map((each) => ({ ...each, label: each.name || t("week.nobody") }));
  const causes = Object.entries(total.replaced || {});
  return [
    chart(t("week.meetings_chart"), days, ({ meetings, no_shows }) => [
      meetings, no_shows, no_shows ? t("week.of_them", { count: meetings, no_shows }) : number(meetings),
    ]),
    chart(t("week.hours"), days, (each) => [each.paid_hours, each.used_hours, hoursWords(each)]),
    chart(t("week.cost"), days.filter(({ cost }) => Number.isFinite(cost)), (each) => [each.cost, 0, costWords(each)]),
    chart(t("week.replaced"), causes.map(([label, count]) => ({ label, count })), ({ count }) => (
      [count, 0, number(count)]
    )),
    folded("by-key", t("week.by_key"), named(by_key)),
    folded("by-teacher", t("week.by_teacher"), named(by_teacher)),
  ];
}

/* By whom the desktops were used, for who wants to know. */
function folded(id, title, groups) {
  const more = element("details");
  more.id = id;
  more.append(element("summary", title), list(groups, (each) => [
    each.paid_hours, each.used_hours, [t("week.so_many", { count: each.meetings }), costWords(each)].join(" · "),
  ]));
  return more;
}

function dayName(day) {
  return Number.isNaN(midnight(day)) ? t("week.nobody") : shortDay(day);
}

/* Bars with their words; nothing stands where there is nothing to show. */
function chart(title, entries, read) {
  const figure = element("figure");
  figure.hidden = !entries.length;
  figure.append(element("figcaption", title), list(entries, read));
  return figure;
}

function list(entries, read) {
  const made = element("ul", "", "bars");
  const most = Math.max(0, ...entries.map((each) => read(each)[0]));
  made.append(...entries.map((each) => {
    const [value, part, words] = read(each);
    const row = element("li");
    const label = each.day ? element("a", each.label) : element("span", each.label);
    if (each.day) label.href = placeOf("day", each.day);
    row.append(label, bar(value, part, most), element("span", words, "small"));
    return row;
  }));
  return made;
}

/* Save the figures of a week as a file; return whether it could be had. */
export async function saveFigures(week) {
  const file = await fileWithKey(`${WEEK.way(week)}&format=csv`);
  if (!file) return false;
  const link = element("a");
  link.href = URL.createObjectURL(file);
  link.download = `elephant-${week}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
  return true;
}
