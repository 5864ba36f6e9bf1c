import { $, asText, write } from "./page.js";
import { t } from "./words.js";
import { HERE } from "./here.js";
import { ID } from "./link.js";
import { MINUTE, clockTime, now } from "./times.js";
import { ask, whatIsAmiss } from "./asking.js";
import { moment, otherName } from "./facts.js";

const EXTENSION = 15;     // minutes
const AHEAD = [[2, "closing.two"], [10, "closing.ten"]];

let offered = null;       // what a click asks for: so many minutes, from this end on
let outcome = null;       // what came of the last click

/* Warn of the end, ten minutes ahead and two; let a teacher put it off, where that may be. */
export function showClosing(body) {
  const [end, closes] = [moment(body.ends_at), moment(body.closes_at)];
  const near = now() < end && AHEAD.find(([minutes]) => end - now() <= minutes * MINUTE);
  const early = !Number.isNaN(closes) && !(closes >= end);
  const key = early ? "closing.finished" : near ? near[1] : "";
  write($("closing"), key ? t(key, { at: clockTime(early ? closes : end), name: otherName(body) }) : "");
  const most = near && Number.isFinite(body.may_extend) ? Math.min(EXTENSION, Math.floor(body.may_extend)) : 0;
  offered = most > 0 ? { minutes: most, from: body.ends_at } : null;
  $("extend").hidden = !offered;
  if (offered) write($("extend"), t("extend.by", { count: most }));
  const counts = outcome && (outcome.until || end) === end;    // what was said of another end, or before it, does not
  write($("extended"), counts ? t(outcome.key, { at: clockTime(outcome.until), why: outcome.why }) : "");
}

/* Put the end off, by the click of a teacher; `then` asks how things stand.
   The end that it is meant from goes along, so that twice is as good as once. */
export function offerExtension(then) {
  $("extend").addEventListener("click", async () => {
    if (!offered || $("extend").disabled) return;
    const request = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(offered) };
    $("extend").disabled = true;
    outcome = whatCame(await ask(new URL(`meetings/${encodeURIComponent(ID)}/extend`, HERE), request));
    $("extend").disabled = false;
    then();
  });
}

function whatCame(answer) {
  if (!answer || !answer.ours || answer.status === 429 || answer.status >= 500) {
    return { key: "extend.not_yet", why: whatIsAmiss(answer) };
  }
  const { message, ends_at } = answer.body;
  return answer.status === 200 ? { key: "extend.done", until: moment(ends_at) } : { key: "extend.refused", why: asText(message) };
}
