import { $, element } from "./page.js";
import { t } from "./words.js";
import { written } from "./times.js";

/* What happened, the latest first, in the app's own words, and on a zone's clocks: the viewer's if none is named. */
export function showHistory(entries, timeZone) {
  const time = (at) => written(Date.parse(at), { dateStyle: "medium", timeStyle: "short", timeZone });
  $("history").replaceChildren(...[...entries].reverse().map(({ at, until, what, by, why, count }) => {
    const item = element("li");
    const when = element("time", until ? t("history.span", { from: time(at), until: time(until) }) : time(at));
    when.dateTime = at;
    item.append(when, " ");
    if (count) item.append(t("history.folded", { count }));
    else item.append(inEnglish([what, why].filter(Boolean).join(": ")));
    if (by && by !== "the app") item.append(" ", element("span", t("history.by", { who: by }), "quiet"));
    return item;
  }));
}

function inEnglish(words) {
  const place = element("span", words);
  place.lang = "en";
  return place;
}
