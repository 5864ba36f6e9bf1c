import { $, element, write, works, webAddress } from "./page.js";
import { t, say } from "./words.js";
import { entitle, frame } from "./frame.js";
import { now, span, written } from "./times.js";
import { ask, whatIsAmiss } from "./asking.js";
import { recordingWords } from "./consent.js";

const STEPS = [
  ["scheduled", "step.scheduled", "scheduled.headline", "scheduled.detail"],
  ["launching", "step.launching", "launching.headline", "launching.detail"],
  ["starting", "step.starting", "starting.headline", "starting.detail"],
  ["publishing", "step.publishing", "publishing.headline", "publishing.detail"],
  ["booting", "step.booting", "booting.headline", "booting.detail"],
].map(([step, label, headline, detail]) => ({ step, label, headline, detail }));

const ENDINGS = {
  NO_SHOW_TIMEOUT: "ended.no_show",
  PARTIAL_NO_SHOW_TIMEOUT: "ended.partial_no_show",
  "15_MIN_SUCCESS": "ended.early_success",
  SUCCESS: "ended.success",
  MAX_DURATION: "ended.max_duration",
  PARTIAL_UPLOAD_TIMEOUT: "ended.partial_upload",
  LAUNCH_FAILED: "ended.launch_failed",
  DESKTOPS_GONE: "ended.desktops_gone",
  CANCELLED: "ended.cancelled",
};

const RECORDINGS = { safe: "recording.safe", "on its way": "recording.on_its_way", lost: "recording.lost" };

const REFUSALS = {
  400: ["refused.malformed.headline", "refused.malformed.detail"],
  403: ["refused.forbidden.headline", "refused.forbidden.detail"],
  404: ["refused.unknown.headline", "refused.unknown.detail"],
};

const WAIT_S = 5;         // where the server says nothing about when to ask again
const WATCH_S = 30;       // once the desktop is ready: notice when it is replaced or the meeting ends
const SAVING_S = 15;      // once the meeting has ended: notice when the recording is saved
const LONGEST_WAIT_S = 60;

const HERE = new URL(location.pathname.replace(/meeting\/?$/, ""), location.origin);
const LINK = decoded(location.search);
const id = named("id");
const role = named("role").toLowerCase().replace(/(?![\w-])[^]*$/, "").replace(/[-_]+$/, "");

let failures = 0;         // in a row
let opened = null;        // the address that the button leads to, once there is one
let missed = "";          // why the last click opened nothing, as long as another may
let ticking = () => {};   // brings what depends on the clock up to date
let question = null;      // the one that is on its way, or was last
let next = 0;             // the timer of the next one

frame();
for (const { label } of STEPS) {
  const item = element("li");
  const text = element("span");
  const words = element("span");
  words.dataset.t = label;
  text.append(words, element("span", "", "unseen"));
  item.append(text, element("span", "", "elapsed"));
  $("steps").append(item);
}
setInterval(() => ticking(), 1000);
start();
works();

function start() {
  // An id of nothing but dots would lead out of join/.
  if (/^\.*$/.test(id)) return say(() => incomplete("incomplete.meeting"));
  if (role !== "teacher" && role !== "student") return say(() => incomplete("incomplete.role"));
  tell(t("meeting.looking"), "");
  $("open").addEventListener("click", enter);
  addEventListener("online", poll);
  document.addEventListener("visibilitychange", comeBack);
  say(poll);
}

/* Mail programs and scanners encode a link again, break it with signs that nobody sees, and write & as &amp;. */
function decoded(text) {
  for (let times = 0; times < 3; times += 1) {
    text = text.replace(/\+/g, " ").replace(/(%[0-9a-f]{2})+/gi, (codes) => {
      try {
        return decodeURIComponent(codes);
      } catch {
        return " ";
      }
    });
  }
  return text.replace(/[\p{C}]/gu, "").replace(/&(amp|#38);/gi, "&");
}

/* What the link says under this name, without the full stop, the bracket or the quote that followed it in a text. */
function named(name) {
  const found = LINK.match(new RegExp(`[?&;]${name}=([^&#]*)`, "i"));
  return found ? found[1].trim().replace(/[^\p{L}\p{N}_-]+$/u, "") : "";
}

function incomplete(what) {
  stop(t("incomplete.headline"), t(what));
}

function comeBack() {
  if (!document.hidden) poll();
}

/* Who only looks whether the door is open has not come; who asks without a word has. */
function door(query = "") {
  return new URL(`join/${encodeURIComponent(id)}/${role}${query}`, HERE);
}

/* The click: it alone says that the person comes, and gets what opens the desktop for the next two minutes. */
async function enter(event) {
  event.preventDefault();
  if ($("open").ariaBusy === "true") return;
  const tab = window.open("", "_blank");  // while the click counts: a little later browsers take it for advertising
  if (tab) tab.opener = null;
  $("trouble").textContent = missed = "";
  $("open").ariaBusy = "true";
  // What was said of being recorded was there to be read before this click, and so it counts.
  const answer = await ask(door($("recorded").textContent ? "?consent=1" : ""));
  $("open").ariaBusy = "false";
  goOn(take(answer));
  const desktop = answer && answer.ours && answer.status === 200 ? desktopAddress(answer.body) : null;
  if (!desktop) {
    if (tab) tab.close();
    if ($("open").hidden) return;  // not ready any more, or over: that is shown
    // Kept until the next click: with the tab closed this page is looked at again, and asks whether the door is open.
    missed = `${whatIsAmiss(answer)} ${t("meeting.not_opened")}`;
    $("trouble").textContent = missed;
  } else if (tab) {
    tab.location.replace(desktop.href);
  } else {
    location.assign(desktop.href);  // no tab may be opened here; the way back is the browser's own
  }
}

/* Ask now. A question that is still on its way may have been lost while the device slept, and counts no more. */
async function poll() {
  clearTimeout(next);
  if (question) question.abort();
  const mine = question = new AbortController();
  const answer = await ask(door("?peek=1"), {}, mine);
  if (mine === question) goOn(take(answer));
}

/* Ask again after so many seconds; no more where the last word was said. */
function goOn(wait) {
  clearTimeout(next);
  if (wait) {
    next = setTimeout(poll, Math.min(wait, LONGEST_WAIT_S) * 1000);
  } else {
    removeEventListener("online", poll);
    document.removeEventListener("visibilitychange", comeBack);
  }
}

/* Show one answer; return the seconds until the next question, or nothing if there is nothing more to ask. */
function take(answer) {
  const { ours, status, body, retryAfter } = answer || {};
  const desktop = ours && status === 200 ? desktopAddress(body) : null;
  if (!ours || (status !== 202 && !desktop && status !== 410 && !(status in REFUSALS))) return trouble(answer);
  failures = 0;
  if (!desktop) missed = "";
  $("trouble").textContent = missed;
  tellOfRecording(status === 410 || status in REFUSALS ? [] : recordingWords(body.consent));
  if (desktop) return ready(desktop);
  if (status === 202) return waiting(body, retryAfter);
  if (status === 410) return ended(body);
  const [headline, detail] = REFUSALS[status];
  stop(t(headline), t(detail));
}

/* Say that the meeting is recorded, before anybody clicks; only what changed is written. */
function tellOfRecording(sentences) {
  const [first, ...others] = sentences.length ? [...sentences, t("recorded.agree")] : [];
  if ($("recorded").textContent === [first, ...others].join(" ").trim()) return;
  $("recorded").textContent = "";
  if (!first) return;
  $("recorded").append(element("strong", first), ` ${others.join(" ")}`);
}

function desktopAddress({ dcv_url, auth_token }) {
  const url = webAddress(dcv_url);
  if (url && auth_token) {
    url.searchParams.set("authToken", auth_token);
    url.hash = "console";
  }
  return url;
}

function ready(url) {
  const replaced = opened && opened.host !== url.host;
  opened = url;
  $("open").href = url.origin;  // for who looks where it leads; a click brings what opens it
  if (replaced) {
    tell(t("replaced.headline"), t("replaced.detail"));
  } else {
    tell(t("ready.headline"), t("ready.detail"));
  }
  show({ button: true });
  return WATCH_S;
}

function waiting({ progress }, retryAfter) {
  const { step, since, launch_at } = progress || {};
  const at = STEPS.findIndex((known) => known.step === step);
  const { headline, detail } = STEPS[at] || { headline: "waiting.headline", detail: "waiting.detail" };
  const lacks = (progress && Array.isArray(progress.missing) ? progress.missing : []).filter(Boolean);
  const another = opened && !lacks.length;  // one that says what it lacks is there
  tell(t(headline), another ? `${t("waiting.another")} ${t(detail)}` : t(detail));
  show({ steps: at >= 0 });

  [...$("steps").children].forEach((item, index) => {
    item.dataset.state = index < at ? "past" : index === at ? "now" : "next";
    item.setAttribute("aria-current", index === at ? "step" : "false");
    item.querySelector(".unseen").textContent = index < at ? t("step.done") : "";
    item.querySelector(".elapsed").textContent = "";
  });
  if (lacks.length) $("remark").textContent = t("waiting.lacks", { lacks: lacks.join(" ") });
  if (step === "scheduled") countDown(Date.parse(launch_at));
  else if (at >= 0) countUp($("steps").children[at].querySelector(".elapsed"), Date.parse(since));
  return retryAfter || WAIT_S;
}

function countDown(launch) {
  if (Number.isNaN(launch)) return;
  ticking = () => { $("remark").textContent = launchWords(launch); };
  ticking();
}

function countUp(element, since) {
  if (Number.isNaN(since)) return;
  ticking = () => { element.textContent = span(now() - since); };
  ticking();
}

/* It goes on asking for as long as the recording is on its way: until the desktop's last minute, at the latest. */
function ended({ reason, recording, recording_lost }) {
  const why = t(ENDINGS[reason] || "ended.unknown");
  const lost = recording === "lost" && Array.isArray(recording_lost) ? recording_lost.filter(Boolean) : [];
  const words = [why, recording in RECORDINGS && t(RECORDINGS[recording]), ...lost].filter(Boolean);
  stop(t("ended.headline"), words.join(" "));
  return recording === "on its way" ? SAVING_S : undefined;
}

/* Whatever is shown stays: a person who is in keeps the button, and need not know of this. */
function trouble(answer) {
  failures += 1;
  $("trouble").textContent = `${whatIsAmiss(answer)} ${$("open").hidden ? t("trouble.waiting") : t("trouble.inside")}`;
  const wait = answer && answer.retryAfter;
  // Not all at the same moment, who lost the server at the same moment.
  return wait || WAIT_S * 2 ** Math.min(failures - 1, 4) * (0.75 + Math.random() / 2);
}

function stop(headline, detail) {
  tell(headline, detail);
  show({});
}

function tell(headline, detail) {
  write($("headline"), headline);
  write($("detail"), detail);
  entitle(headline);
}

function show({ button = false, steps = false }) {
  $("open").hidden = !button;
  $("steps").hidden = !steps;
  $("remark").textContent = "";
  ticking = () => {};
}

function launchWords(launch) {
  const left = launch - now();
  if (left <= 0) return t("scheduled.any_moment");
  const sameDay = new Date(launch).toDateString() === new Date(now()).toDateString();
  const at = written(launch, { dateStyle: sameDay ? undefined : "full", timeStyle: "short" });
  return sameDay ? t("scheduled.at", { at, left: span(left) }) : t("scheduled.on", { at, left: span(left) });
}
