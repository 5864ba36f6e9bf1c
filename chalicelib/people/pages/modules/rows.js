import { element } from "./page.js";
import { t } from "./words.js";
import { placeOf } from "./places.js";
import { timeOf } from "./zoned.js";
import { BOTH, bothOf, costOf, isOver, namesOf, placeWords, seatOf, standingOf, stepWords } from "./telling.js";
import { troubleNotices, troublesOf } from "./telling.js";

/* A meeting in a list: when, who, how it stands, what is wrong; of one that lives also who is there. */
export function rowOf(meeting) {
  const row = element("li");
  row.dataset.state = troublesOf(meeting).length ? "trouble" : isOver(meeting) ? "over" : "";
  const link = element("a", bothOf(meeting));
  link.href = placeOf("meeting", meeting.id);
  link.id = `go-${meeting.id}`;
  const until = meeting.ends_at ? `–${timeOf(meeting.ends_at)}` : "";
  const when = element("p", `${timeOf(meeting.meet_time)}${until}`, "when");
  when.append(element("span", [standingOf(meeting), costOf(meeting)].filter(Boolean).join(" · "), "quiet"));
  const title = element("h2");
  title.append(link);
  row.append(when, title, ...troubleNotices(meeting));
  if (!isOver(meeting)) row.append(...BOTH.map((role) => seatLine(meeting, role)));
  return row;
}

function seatLine(meeting, role) {
  const seat = seatOf(meeting, role);
  const line = element("p", t("row.seat", {
    name: namesOf(meeting)[role], place: placeWords(seat), desktop: stepWords(seat),
  }), "small quiet");
  line.dataset.presence = seat.presence || "";
  return line;
}
