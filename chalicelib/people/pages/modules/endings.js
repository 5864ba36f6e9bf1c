import { $, asText, element, fill, pick } from "./page.js";
import { t } from "./words.js";
import { HERE } from "./here.js";
import { ROLE } from "./link.js";
import { written } from "./times.js";
import { moment, otherName } from "./facts.js";
import { reasonWords } from "./reasons.js";

const OWN = { safe: "own.safe", "on its way": "own.on_its_way", lost: "own.lost" };
const OTHERS = { safe: "others.safe", "on its way": "others.on_its_way", lost: "others.lost" };

/* Why a meeting has ended, in words. */
export function whyEnded({ reason, ended_at }) {
  const why = reasonWords(reason);
  const at = moment(ended_at);
  if (Number.isNaN(at)) return why;
  return `${why} ${t("ended.at", { at: written(at, { dateStyle: "medium", timeStyle: "short" }) })}`;
}

/* Whether a recording is yet to be told of. */
export function isSaving(body) {
  return [body.recording, (body.other_recording || {}).recording].includes("on its way");
}

/* What became of the recordings of both sides, and the way to the next meeting. */
export function showAfter(body) {
  const name = otherName(body);
  const others = body.other_recording || {};
  const lines = [
    ...lineOf(OWN, body.recording, body.recording_lost, {}),
    ...lineOf(OTHERS, others.recording, others.recording_lost, { name }),
  ];
  fill($("after-words"), lines);
  $("after").hidden = !lines.length;
  $("next").hidden = ROLE !== "teacher" || !body.reason;
  const names = { teacher_name: asText(body.teacher_name), student_name: asText(body.student_name) };
  $("next").href = new URL(`?${new URLSearchParams(names)}`, HERE);
}

function lineOf(words, standing, lost, values) {
  const key = pick(words, standing);
  if (!key) return [];
  const line = element("li", t(key, values));
  line.dataset.state = standing;
  const pieces = standing === "lost" && Array.isArray(lost) ? lost.map(asText).filter(Boolean) : [];
  line.append(...pieces.map((piece) => inEnglish(element("p", piece, "small"))));
  return [line];
}

/* What the app and the desktops say themselves, they say in English. */
export function inEnglish(place) {
  place.lang = "en";
  return place;
}
