import { $, element, pick } from "./page.js";
import { t } from "./words.js";

const PLACES = {
  absent: "seat.absent",
  waiting: "seat.waiting",
  in: "seat.in",
  lost: "seat.lost",
  left: "seat.left",
};
const RECORDINGS = { safe: "record.safe", "on its way": "record.on_its_way", lost: "record.lost" };

/* Who is where, what became of each desktop and of each recording; `replace` is what a click on a seat's button does. */
export function showSeats({ seats, names, mayReplace, isOver }, replace) {
  $("seats").replaceChildren(...["teacher", "student"].flatMap((role) => {
    const seat = (seats || {})[role] || {};
    const name = names[role];
    const title = element("dt", role === "teacher" ? t("seat.teacher", { name }) : t("seat.student", { name }));
    title.id = `seat-${role}`;
    const lines = isOver ? recordingLines(seat) : [placeWords(seat), desktopWords(seat), ...recordingLines(seat)];
    const place = element("dd");
    place.append(...(lines.length ? lines : [t("record.none")]).map((line) => element("p", line)));
    if (mayReplace.includes(role)) place.append(replacing(role, replace));
    return [title, place];
  }));
}

function placeWords({ presence }) {
  return t(pick(PLACES, presence) || "seat.absent");
}

function desktopWords({ ready, step }) {
  if (ready) return t("desktop.ready");
  return step && step !== "scheduled" ? t("desktop.coming") : t("desktop.none");
}

function recordingLines({ recording, recording_lost }) {
  const lost = recording === "lost" && Array.isArray(recording_lost) ? recording_lost.filter(Boolean) : [];
  const key = pick(RECORDINGS, recording);
  return key ? [[t(key), ...lost].join(" ")] : [];
}

function replacing(role, replace) {
  const button = element("button", t("seat.replace"));
  button.type = "button";
  button.id = `replace-${role}`;
  button.setAttribute("aria-describedby", `seat-${role}`);
  button.addEventListener("click", () => replace(role));
  return button;
}
