import { $, element, works, webAddress } from "./page.js";
import { t, say } from "./words.js";
import { frame } from "./frame.js";
import { MINUTE, DAY, now, zone, written } from "./times.js";
import { ask, whatIsAmiss } from "./asking.js";
import { recordingWords } from "./consent.js";
import { calendarFile } from "./calendar.js";

const FIELDS = [
  "teacher_name", "student_name", "teacher_email", "meet_time", "duration_minutes", "schedule_key",
];
// The page may have been opened as /api or /api/; what lies next to it is the same either way.
const HERE = new URL(location.pathname.replace(/\/?$/, "/"), location.origin);
const ZONE = zone();
const WHICH = [...document.getElementsByName("which")];

// One key for one form content: sent again, after a lost answer say, it never makes a second meeting.
let attempt = { content: null, key: null };

frame();
for (const field of FIELDS) {
  const error = element("p", "", "error");
  error.id = `${field}-error`;
  $(field).closest("form > div").append(error);
  const hint = $(`${field}-hint`) ? `${field}-hint ` : "";
  $(field).setAttribute("aria-describedby", hint + error.id);
}
say(describeTime);
ask(HERE, { method: "HEAD" });  // what time it is

for (const field of FIELDS) $(field).addEventListener("input", () => clearError(field));
for (const radio of WHICH) radio.addEventListener("change", () => describeTime());
$("meet_time").addEventListener("input", () => askWhich());
$("now").addEventListener("click", () => setTime(new Date(now())));
$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!$("submit").disabled) submit();
});
$("another").addEventListener("click", () => {
  $("form").reset();
  attempt = { content: null, key: null };
  askWhich();
  $("done").hidden = true;
  $("asking").hidden = false;
  $("teacher_name").focus();
});
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", () => copy(button));
}
works();

/* What this zone's clocks show at a moment, as if it were UTC. */
function shown(moment) {
  return moment - new Date(moment).getTimezoneOffset() * MINUTE;
}

/* What the field holds, as if it were UTC; NaN if that is no time. */
function typed() {
  const text = $("meet_time").value.trim().replace(" ", "T").slice(0, 16);
  const time = Date.parse(`${text}Z`);
  return Number.isNaN(time) || !new Date(time).toISOString().startsWith(text.slice(0, 10)) ? NaN : time;
}

/* Every moment at which the clocks show what was typed: none where they are put forward, two where they are put back. */
function moments() {
  const time = typed();
  const offsets = new Set([time - DAY, time + DAY].map((moment) => new Date(moment).getTimezoneOffset()));
  const found = [...offsets].map((offset) => time + offset * MINUTE).filter((moment) => shown(moment) === time);
  return found.sort((one, other) => one - other).map((moment) => new Date(moment));
}

/* The one moment that is meant, or null while that is not known. */
function meetTime() {
  const found = moments();
  const chosen = WHICH.findIndex((radio) => radio.checked);
  return (found.length === 2 ? found[chosen] : found[0]) || null;
}

function setTime(moment) {
  $("meet_time").value = new Date(shown(moment.getTime())).toISOString().slice(0, 16);
  askWhich();
  moments().forEach((found, index) => { WHICH[index].checked = moment >= found && moment - found < MINUTE; });
  describeTime();
}

function askWhich() {
  const found = moments();
  $("twice").hidden = found.length !== 2;
  WHICH.forEach((radio, index) => {
    radio.checked = false;
    if (found.length !== 2) return;
    const clock = { time: written(found[index], { hour: "2-digit", minute: "2-digit", timeZoneName: "short" }) };
    radio.parentElement.querySelector("span").textContent = index ? t("time.second", clock) : t("time.first", clock);
  });
  describeTime();
}

function inWords(time) {
  return `${written(time, { dateStyle: "full", timeStyle: "short" })} (${ZONE})`;
}

/* Say what is meant by what was typed, or why nothing can be. */
function describeTime() {
  const time = meetTime();
  $("meet_time-hint").textContent = time ? `${inWords(time)}.` : t("time.zone", { zone: ZONE });
  clearError("meet_time");
  if ($("meet_time").value && !moments().length) markField("meet_time", whyNotThen());
}

function whyNotThen() {
  const time = typed();
  if (Number.isNaN(time)) return t("time.none");
  let [before, after] = [time - DAY, time + DAY];
  const offset = new Date(before).getTimezoneOffset();
  while (after - before > MINUTE) {
    const middle = before + Math.floor((after - before) / 2 / MINUTE) * MINUTE;
    if (new Date(middle).getTimezoneOffset() === offset) before = middle;
    else after = middle;
  }
  const clock = (wall) => new Date(wall).toISOString().slice(11, 16);
  return t("time.skipped", { time: clock(time), zone: ZONE, next: clock(shown(after)) });
}

function content() {
  const time = meetTime();
  const asked = {
    teacher_name: $("teacher_name").value.trim(),
    student_name: $("student_name").value.trim(),
    meet_time: time ? time.toISOString().replace(".000Z", "Z") : "",
    frontend_base_url: new URL("meeting", HERE).href,
  };
  const email = $("teacher_email").value.trim();
  const duration = $("duration_minutes").value.trim();
  if (email) asked.teacher_email = email;
  // What is not a number goes as it was typed, so that the server's complaint can quote it.
  if (duration) asked.duration_minutes = Number.isFinite(Number(duration)) ? Number(duration) : duration;
  return asked;
}

function freshKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function submit() {
  clearErrors();
  if (!isClear()) return showMarked();
  const asked = content();
  const text = JSON.stringify(asked);
  if (attempt.content !== text) attempt = { content: text, key: freshKey() };
  const headers = { "Content-Type": "application/json", "Idempotency-Key": attempt.key };
  const key = $("schedule_key").value.trim();
  if (key) headers["X-Schedule-Key"] = key;

  $("submit").disabled = true;
  $("submit").textContent = t("form.sending");
  const answer = await ask(new URL("schedule", HERE), { method: "POST", headers, body: text });
  $("submit").disabled = false;
  $("submit").textContent = t("form.submit");

  const { ours, status, body, retryAfter } = answer || {};
  if (!ours || status === 429 || status >= 500) {
    const again = retryAfter ? t("answer.again_in", { count: retryAfter }) : t("answer.again");
    return alertWith(`${t("answer.not_yet")} ${whatIsAmiss(answer)} ${again}`, t("answer.kept"));
  }
  switch (status) {
    case 200: return showLinks(asked, body);
    case 401:
    case 403: return askForKey();
    case 409: return showFree(body);
    default: return showErrors(body);
  }
}

/* Mark what no server has to be asked about; return whether there is nothing of it. */
function isClear() {
  describeTime();
  if (moments().length === 2 && !meetTime()) {
    markField("meet_time", t("time.choose"));
  }
  const wrong = $("schedule_key").value.trim().match(/[^\x20-\x7e\xa0-\xff]/u);  // what no header can hold
  if (wrong) markField("schedule_key", t("key.impossible", { sign: wrong[0] }));
  return !marked().length;
}

function marked() {
  return FIELDS.filter((field) => $(field).hasAttribute("aria-invalid"));
}

function clearErrors() {
  $("alert").textContent = "";
  FIELDS.forEach(clearError);
}

function clearError(field) {
  const wasMarked = $(field).hasAttribute("aria-invalid");
  $(`${field}-error`).textContent = "";
  $(field).removeAttribute("aria-invalid");
  if (wasMarked && !marked().length) $("alert").textContent = "";
}

function alertWith(...sentences) {
  const notice = element("div", "", "notice bad");
  notice.append(...sentences.map((sentence) => element("div", sentence)));
  $("alert").textContent = "";
  $("alert").append(notice);
}

function markField(field, problem) {
  const error = $(`${field}-error`);
  error.textContent = error.textContent ? `${error.textContent} ${problem}` : problem;
  $(field).setAttribute("aria-invalid", "true");
}

function showErrors(body) {
  const elsewhere = [];
  for (const { field, problem } of Array.isArray(body.errors) ? body.errors : []) {
    if (FIELDS.includes(field)) markField(field, problem);
    else elsewhere.push(problem);
  }
  if (marked().length) showMarked(...elsewhere);
  else alertWith(body.message || t("answer.refused"), t("answer.kept"));
}

function showMarked(...more) {
  alertWith(t("answer.marked"), ...more);
  const [first] = marked();
  (first === "meet_time" && !$("twice").hidden ? WHICH[0] : $(first)).focus();
}

/* That time is full: offer the next ones that are not. */
function showFree(body) {
  const free = (Array.isArray(body.free) ? body.free : []).map((time) => new Date(time)).filter((time) => time > 0);
  // The message lists them in UTC, for pages that show nothing else.
  markField("meet_time", free.length ? t("full.this") : body.message || t("full.none"));
  alertWith(free.length ? t("full.free") : t("full.other"));
  const choices = element("div", "", "choices");
  for (const time of free) {
    const choice = element("button", written(time, { dateStyle: "medium", timeStyle: "short" }));
    choice.type = "button";
    choice.addEventListener("click", () => { setTime(time); $("submit").focus(); });
    choices.append(choice);
  }
  $("alert").append(choices);
  ($("alert").querySelector("button") || $("meet_time")).focus();
}

function askForKey() {
  $("lock").hidden = false;
  if ($("schedule_key").value.trim()) markField("schedule_key", t("key.refused"));
  alertWith(t("key.wanted"));
  $("schedule_key").focus();
}

function showLinks(asked, body) {
  for (const role of ["teacher", "student"]) {
    const address = webAddress(body[`${role}_link`]);
    if (!address) return alertWith(t("answer.no_links"));
    const name = asked[`${role}_name`];
    $(`${role}-title`).textContent = role === "teacher" ? t("done.teacher", { name }) : t("done.student", { name });
    $(`${role}-link`).textContent = $(`${role}-link`).href = address.href;
    offerCalendar(role, address.href, asked, body);
  }
  $("done-when").textContent = inWords(new Date(asked.meet_time));
  $("copied").textContent = "";
  $("asking").hidden = true;
  $("done").hidden = false;
  $("done-title").focus();
}

/* A calendar file for one role: it may be passed on to that person as it is. */
function offerCalendar(role, link, asked, { id, consent }) {
  const other = asked[role === "teacher" ? "student_name" : "teacher_name"];
  const text = calendarFile({
    uid: `${id}-${role}@${location.hostname}`,
    start: Date.parse(asked.meet_time),
    minutes: asked.duration_minutes,
    title: t("done.event", { other }),
    link,
    sentences: recordingWords(consent),
  });
  const anchor = $(`${role}-calendar`);
  if (anchor.href) URL.revokeObjectURL(anchor.href);
  anchor.href = URL.createObjectURL(new Blob([text], { type: "text/calendar" }));
}

async function copy(button) {
  const role = button.dataset.copy;
  const link = $(`${role}-link`);
  let copied = true;
  try {
    await navigator.clipboard.writeText(link.href);
  } catch {
    // Without https, or where the browser forbids it: the old way, which needs the text selected.
    getSelection().selectAllChildren(link);
    copied = document.execCommand("copy");
  }
  $("copied").textContent = copied ? t("done.is_copied") : t("done.is_selected");
  if (!copied) return;
  button.textContent = t("done.copied");
  setTimeout(() => { button.textContent = t("done.copy"); }, 2000);
}
