import { $, asText } from "./page.js";
import { t } from "./words.js";
import { whatIsAmiss } from "./asking.js";
import { askWithKey } from "./bearer.js";
import { dayAndTimeOf } from "./zoned.js";
import { alone, learn, leave, look, shownNow, tell } from "./board.js";
import { MEETING } from "./board-meeting.js";

/* Do something to the meeting that is shown, once, and say what has come of it; `takes` is for what is no meeting. */
export async function send(method, way, body, done, takes = null) {
  const { what } = shownNow();
  const sent = body ? { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) } : {};
  const answer = await alone(() => askWithKey(MEETING.way(what) + way, { method, ...sent }));
  if (answer === undefined) return;
  const { ours, status, body: told } = answer || {};
  if (ours && status === 401) return leave(() => asText(told.message));
  if (ours && status === 200) {
    if (takes) takes(told);
    else if (told.seats) learn("meeting", what, told);
    tell(done, "good");
  } else if (ours && status < 500) {
    tell(() => [t("done.not"), asText(told.message), freeWords(told.free)].join(" "), "bad");
  } else {
    tell(() => [t("done.unknown"), whatIsAmiss(answer)].join(" "), "warn");
  }
  $("news").scrollIntoView({ block: "nearest" });
  look();
}

function freeWords(free) {
  return Array.isArray(free) && free.length ? t("done.free", { times: free.map(dayAndTimeOf).join("; ") }) : "";
}
