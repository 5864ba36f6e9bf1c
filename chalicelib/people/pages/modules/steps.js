import { $, asText, element, fill, pick, write } from "./page.js";
import { t } from "./words.js";
import { MINUTE, now, span, written } from "./times.js";
import { moment } from "./facts.js";
import { inEnglish } from "./endings.js";

const STEPS = {
  scheduled: ["step.scheduled", "scheduled.headline", "scheduled.detail"],
  launching: ["step.launching", "launching.headline", "launching.detail"],
  starting: ["step.starting", "starting.headline", "starting.detail"],
  publishing: ["step.publishing", "publishing.headline", "publishing.detail"],
  booting: ["step.booting", "booting.headline", "booting.detail"],
};
const NAMES = Object.keys(STEPS);
const PAUSED = ["paused.headline", "paused.detail"];    // no step on the way: it waits before the first of them
const LONG = { launching: [3, "slow.launching"], starting: [4, "slow.starting"], booting: [8, "slow.booting"] };  // minutes

const entered = {};       // when this page first saw each step

/* Headline and detail of the step that an answer tells. */
export function stepWords({ progress }) {
  const { step, attempt } = progress || {};
  if (step === "paused") return PAUSED.map((key) => t(key));
  const [, headline, detail] = pick(STEPS, step) || ["", "waiting.headline", "waiting.detail"];
  return [t(headline), attempt > 1 ? `${t("waiting.another")} ${t(detail)}` : t(detail)];
}

/* Lay out the list of steps. */
export function layOutSteps() {
  for (const [label] of Object.values(STEPS)) {
    const item = element("li");
    const words = element("span");
    words.dataset.t = label;
    const named = element("span");
    named.append(words, element("span", "", "unseen"));
    item.append(named, element("span", "", "elapsed"));
    $("steps").append(item);
  }
}

/* Which steps are done, which one is under way and since when, and what there is to know of it. */
export function showSteps(body) {
  const { step, since, launch_at, missing } = (body && body.progress) || {};
  const at = NAMES.indexOf(step);
  if (at >= 0 && !(step in entered)) entered[step] = now();
  $("steps").hidden = at < 0;
  [...$("steps").children].forEach((item, index) => {
    item.dataset.state = index < at ? "past" : index === at ? "now" : "next";
    if (index === at) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
    write(item.querySelector(".unseen"), index < at ? t("step.done") : "");
    const from = index === at && step !== "scheduled" ? moment(since) : NaN;
    write(item.querySelector(".elapsed"), Number.isNaN(from) ? "" : span(now() - from));
  });
  const lacks = Array.isArray(missing) ? missing.map(asText).filter(Boolean) : [];
  write($("remark"), body ? remark(step, moment(launch_at), body.usual_minutes) : "");
  $("lacking").hidden = !lacks.length;
  fill($("lacks"), lacks.map((each) => inEnglish(element("li", each))));
}

function remark(step, launch, usual) {
  if (step === "scheduled") return Number.isNaN(launch) ? "" : launchWords(launch);
  const [minutes, slow] = pick(LONG, step) || [];
  if (minutes && now() - entered[step] > minutes * MINUTE) return t(slow);
  return pick(STEPS, step) && Number.isFinite(usual) ? t("waiting.usual", { count: usual }) : "";
}

function launchWords(launch) {
  const left = launch - now();
  if (left <= 0) return t("scheduled.any_moment");
  const sameDay = new Date(launch).toDateString() === new Date(now()).toDateString();
  const at = written(launch, { dateStyle: sameDay ? undefined : "full", timeStyle: "short" });
  return sameDay ? t("scheduled.at", { at, left: span(left) }) : t("scheduled.on", { at, left: span(left) });
}
