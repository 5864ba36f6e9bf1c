import { $, asText, element, webAddress } from "./page.js";
import { t } from "./words.js";
import { clockTime, now } from "./times.js";
import { showHistory } from "./history.js";
import { rebuild } from "./rebuilt.js";
import { boardZone, dayAndTimeOf, periodOf, thereOf, timeOf } from "./zoned.js";
import { money, number } from "./numbers.js";
import { BOTH, bothOf, costOf, english, isOver, namesOf, placeWords, seatOf } from "./telling.js";
import { standingOf, stepWords, troubleNotices } from "./telling.js";

const RECORDS = { safe: "recording.safe", "on its way": "recording.on_its_way", lost: "recording.lost" };
const KIB = 1024;
let taken = null;         // links to recordings: {id, until, recordings, elsewhere}

/* One meeting: what is wrong, who is where, what can be done, and what was. */
export const MEETING = {
  everySeconds: 15,
  holds: "seats",
  way: (id) => `meetings/${encodeURIComponent(id)}`,
  unknown: () => t("meeting.unknown"),
  headline: bothOf,
  detail: (meeting) => [
    standingOf(meeting), periodOf(meeting), thereOf(meeting), costOf(meeting),
  ].filter(Boolean).join(" · "),
  draw(meeting) {
    rebuild($("meeting-troubles"), troubleNotices(meeting));
    rebuild($("meeting-seats"), BOTH.map((role) => seatCard(meeting, role)));
    rebuild($("deeds"), deedsFor(meeting));
    rebuild($("meeting-recordings"), recordingsOf(meeting));
    rebuild($("meeting-behind"), [behindOf(meeting)]);
    showHistory(Array.isArray(meeting.history) ? meeting.history : [], boardZone());
  },
  forget() {
    taken = null;
  },
};

/* Whether the key may change anything: only to such a key the links are told. */
export function mayOperate(meeting) {
  return Boolean(meeting.link_ids);
}

/* Links to recordings have come. */
export function takeRecordings(id, { recordings = [], elsewhere = [], good_for_s = 0 }) {
  taken = { id, until: now() + good_for_s * 1000, recordings, elsewhere };
}

function button(id, words, kind = "") {
  const made = element("button", words, kind);
  made.type = "button";
  made.id = id;
  return made;
}

function seatCard(meeting, role) {
  const [name, seat, desktop] = [namesOf(meeting)[role], seatOf(meeting, role), desktopOf(meeting, role)];
  const card = element("section", "", "card");
  const title = element("h2", role === "teacher" ? t("seat.teacher", { name }) : t("seat.student", { name }));
  title.id = `seat-${role}`;
  card.setAttribute("aria-labelledby", title.id);
  const since = seat.since ? t("seat.since", { time: timeOf(seat.since) }) : "";
  const place = element("p", [placeWords(seat), since].filter(Boolean).join(" "));
  place.dataset.presence = seat.presence || "";
  card.append(title, place, element("p", stepWords(seat)), ...lacking(desktop));
  card.append(...factsOf(desktop), ...earlier(role, desktop));
  const ways = element("div", "", "ways");
  const { may } = meeting;
  const mayReplace = mayOperate(meeting) && (may.replace || []).includes(role);
  if (mayReplace) ways.append(button(`do-replace-${role}`, t("do.replace")));
  if (mayOperate(meeting) && !isOver(meeting)) {
    ways.append(button(`do-copy-${role}`, t("do.copy")), button(`do-link-${role}`, t("do.link")));
  }
  for (const each of ways.children) each.setAttribute("aria-describedby", title.id);
  if (ways.childElementCount) card.append(ways);
  return card;
}

function desktopOf(meeting, role) {
  return (meeting.desktops || {})[role] || {};
}

function lacking({ missing }) {
  const lacks = Array.isArray(missing) ? missing.map(asText).filter(Boolean) : [];
  return lacks.map((each) => english(element("p", `⚠ ${each}`, "small")));
}

/* What there is to know of a desktop: its machine, its name, and since when what. */
function factsOf(desktop) {
  if (!desktop.id) return [];
  const link = webAddress(desktop.link);
  const lines = [
    [t("desktop.id"), [desktop.id, desktop.subnet].filter(Boolean).join(" · ")],
    [t("desktop.name"), link ? link.hostname : asText(desktop.name)],
    [t("desktop.launched"), desktop.launched_at && dayAndTimeOf(desktop.launched_at)],
    [t("desktop.published"), desktop.published_at ? dayAndTimeOf(desktop.published_at) : t("desktop.not_yet")],
    [t("desktop.healthy"), desktop.healthy_at ? dayAndTimeOf(desktop.healthy_at) : t("desktop.not_yet")],
    [t("desktop.seen"), desktop.seen_at && dayAndTimeOf(desktop.seen_at)],
  ];
  return [facts(lines)];
}

function facts(lines) {
  const list = element("dl", "", "facts");
  for (const [name, value] of lines.filter(([, each]) => each)) list.append(element("dt", name), element("dd", value));
  return list;
}

function earlier(role, desktop) {
  const before = Array.isArray(desktop.earlier) ? desktop.earlier.map(asText).filter(Boolean) : [];
  if (!before.length) return [];
  const more = element("details");
  more.id = `earlier-${role}`;
  const list = english(element("ul"));
  list.append(...before.map((each) => element("li", each)));
  more.append(element("summary", t("desktop.earlier", { count: before.length })), list);
  return [more];
}

function deedsFor(meeting) {
  const { may } = meeting;
  if (!mayOperate(meeting)) return [element("p", t("do.only_reads"), "quiet small")];
  const begun = Date.parse(meeting.meet_time) <= now();
  return [
    ...(may.move ? [button("do-move", t("do.move"))] : []),
    ...(may.extend ? [button("do-extend", t("do.extend"))] : []),
    ...(may.cancel && begun ? [button("do-end", t("do.end"), "grave")] : []),
    ...(may.cancel ? [button("do-cancel", t("do.cancel"), "grave")] : []),
  ];
}

function recordingsOf(meeting) {
  const standing = BOTH.flatMap((role) => {
    const { recording, recording_lost } = seatOf(meeting, role);
    if (!RECORDS[recording]) return [];
    const lost = recording === "lost" && Array.isArray(recording_lost) ? recording_lost.map(asText) : [];
    return [element("p", [t(RECORDS[recording], { name: namesOf(meeting)[role] }), ...lost].join(" "))];
  });
  const begun = Date.parse(meeting.meet_time) <= now() || isOver(meeting);
  const ask = mayOperate(meeting) && begun ? [button("do-recordings", t("do.recordings"))] : [];
  if (!standing.length && !ask.length) return [];
  return [element("h2", t("recording.title")), ...standing, ...ask, ...linksOf(meeting)];
}

/* The links that were asked for, as long as they are good. */
function linksOf(meeting) {
  if (!taken || taken.id !== meeting.id || now() >= taken.until) return [];
  const found = [
    ...taken.recordings.map(({ name, bytes, url }) => [asText(name).split("/").pop(), bytes, url]),
    ...taken.elsewhere.map((url) => [asText(url), NaN, url]),
  ];
  const list = element("ul");
  list.id = "recordings";
  for (const [name, bytes, url] of found) {
    const link = element("a", name);
    if (webAddress(url)) link.href = webAddress(url).href;
    link.rel = "noreferrer";
    const item = element("li");
    item.append(link, Number.isFinite(bytes) ? ` (${number(bytes / KIB / KIB)} MiB)` : "");
    list.append(item);
  }
  const until = t("recording.until", { time: clockTime(taken.until, boardZone()) });
  return [element("p", found.length ? until : t("recording.none"), "small quiet"), list];
}

/* What keeps the meeting going: its moments, its timers, its key, its cost. */
function behindOf(meeting) {
  const { cost } = meeting;
  const timers = Array.isArray(meeting.timers) ? meeting.timers : [];
  const more = element("details");
  more.id = "behind";
  more.append(element("summary", t("behind.title")), facts([
    [t("behind.id"), meeting.id],
    [t("behind.key"), asText(meeting.scheduled_by)],
    [t("behind.created"), meeting.created_at && dayAndTimeOf(meeting.created_at)],
    [t("behind.launch"), meeting.launch_at && dayAndTimeOf(meeting.launch_at)],
    [t("behind.deadline"), meeting.deadline && dayAndTimeOf(meeting.deadline)],
    [t("behind.ended"), meeting.ended_at && dayAndTimeOf(meeting.ended_at)],
    ...timers.map(({ name, at }) => [t("behind.timer", { name: asText(name) }), dayAndTimeOf(at)]),
    [t("behind.estimate"), cost && Number.isFinite(cost.estimate) && money(cost.estimate, cost.currency)],
    [t("behind.minutes"), cost && Number.isFinite(cost.paid_minutes) && t("behind.paid_used", {
      paid: number(cost.paid_minutes), used: number(cost.used_minutes),
    })],
  ]));
  return more;
}
