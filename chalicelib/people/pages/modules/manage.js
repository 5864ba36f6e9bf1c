import { $, element, write, works } from "./page.js";
import { t, say } from "./words.js";
import { entitle, frame } from "./frame.js";
import { MINUTE, clockTime } from "./times.js";
import { ask, whatIsAmiss } from "./asking.js";
import { HERE } from "./here.js";
import { ID, ROLE } from "./link.js";
import { isZone, ownZone } from "./clocks.js";
import { dayAndTime, hereWords, periodWords } from "./dates.js";
import { fieldsOf } from "./fields.js";
import { whenIn } from "./when.js";
import { markProblems, problemWords } from "./problems.js";
import { handOut, startHanding } from "./handing.js";
import { keptMeeting, keepMeeting, forgetMeetings } from "./kept.js";
import { confirmed, startQuestions } from "./question.js";
import { reasonWords } from "./reasons.js";
import { showSeats } from "./seats.js";
import { showHistory } from "./history.js";

const LOOK_S = 20;        // what others do is seen so soon
const LONGEST_LOOK_S = 120;
const EXTENSION = 15;     // minutes
const REPLACING = 10;     // minutes that another desktop usually takes
const NAMES = ["teacher_name", "student_name"];

frame(HERE);
const fields = fieldsOf([...NAMES, "meet_time", "time_zone", "duration_minutes"]);
const when = whenIn(fields);

let publicId = ID;        // the link's id; another one once the teacher's link was made anew
let meeting = null;       // as the app last told it
let shown = null;         // what the form was last filled with
let refusal = null;       // the app's word where it shows no meeting
let amiss = null;         // what came in place of the app's word since, as a function
let failures = 0;         // in a row
let news = null;          // what has come of the last deed, or what somebody else has done, as a function
let busy = false;         // something is on its way to be done
let question = null;      // the look that is on its way, or was last
let next = 0;             // the timer of the next one

startHanding();
startQuestions();
for (const role of ["teacher", "student"]) $(`${role}-ways`).append(renewing(role));
$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!busy) change();
});
$("extend").addEventListener("click", extend);
$("cancel").addEventListener("click", cancel);
say(draw);
start();
works();

function start() {
  if (ROLE === "student" || /^\.*$/.test(ID)) return;
  addEventListener("online", look);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  look();
}

function address(way = "") {
  return new URL(`meetings/${encodeURIComponent(publicId)}${way}`, HERE);
}

/* See how the meeting stands, and again in a while for as long as something may yet change. */
async function look() {
  clearTimeout(next);
  if (busy) return;
  if (question) question.abort();
  const mine = question = new AbortController();
  const answer = await ask(address(), {}, mine);
  if (mine !== question || busy) return;
  take(answer);
  goOn(answer);
}

function goOn(answer) {
  clearTimeout(next);
  if (refusal || (meeting && isOver() && !isSaving())) return;
  const wait = (answer && answer.retryAfter) || LOOK_S * 2 ** Math.min(failures, 3);
  next = setTimeout(look, Math.min(wait, LONGEST_LOOK_S) * 1000);
}

/* Take the app's word; anything else passes, and whatever is shown and typed stays. */
function take(answer) {
  const { ours, status, body } = answer || {};
  const isWord = ours && (status === 200 ? Boolean(body.may && body.link_ids) : status >= 400 && status < 429);
  if (!isWord) {
    failures += 1;
    amiss = () => `${whatIsAmiss(answer)} ${meeting ? t("manage.kept") : ""}`;
    return draw();
  }
  failures = 0;
  amiss = null;
  if (status === 200) learn(body);
  else if (!meeting || [403, 404].includes(status)) refusal = { status };
  draw();
}

/* The meeting as it is now. What somebody else has changed is told. */
function learn(told) {
  if (meeting && told.sequence < meeting.sequence) return;    // an answer that was overtaken
  if (meeting && told.sequence > meeting.sequence && !busy) news = () => t("manage.changed_elsewhere");
  meeting = told;
  refusal = null;
  if (publicId !== told.link_ids.teacher) {
    publicId = told.link_ids.teacher;
    history.replaceState(null, "", new URL(`manage?${new URLSearchParams({ id: publicId, role: "teacher" })}`, HERE));
  }
  const id = rowId();
  if (told.reason === "CANCELLED") forgetMeetings(id);
  else if (keptMeeting(id)) keepMeeting({ consent: keptMeeting(id).consent, ...handedOn() });
}

function rowId() {
  return String(meeting.id).split(".")[0];
}

function isOver() {
  return meeting.status === "TERMINATED" || Boolean(meeting.reason);
}

function isSaving() {
  return Object.values(meeting.seats || {}).some(({ recording }) => recording === "on its way");
}

function zoneOfMeeting() {
  return isZone(meeting.time_zone) ? meeting.time_zone : ownZone();
}

/* The meeting in the form in which links are handed out and kept. */
function handedOn() {
  const linkOf = (role) => new URL(`meeting?${new URLSearchParams({ id: meeting.link_ids[role], role })}`, HERE).href;
  return {
    id: rowId(),
    at: Date.parse(meeting.meet_time),
    minutes: meeting.duration_minutes || null,
    zone: isZone(meeting.time_zone) ? meeting.time_zone : null,
    sequence: meeting.sequence || 0,
    names: names(),
    links: { teacher: linkOf("teacher"), student: linkOf("student") },
    ...(meeting.consent ? { consent: meeting.consent } : {}),
    cancelled: meeting.reason === "CANCELLED",
  };
}

function names() {
  return { teacher: meeting.teacher_name || t("manage.teacher"), student: meeting.student_name || t("manage.student") };
}

// --- what is shown

function draw() {
  const [headline, detail] = words();
  write($("headline"), headline);
  write($("detail"), detail);
  write($("here"), meeting && !refusal ? hereWords(Date.parse(meeting.meet_time), zoneOfMeeting()) : "");
  entitle(headline);
  write($("trouble"), amiss ? amiss() : "");
  write($("news"), news ? news() : "");
  $("back").hidden = ROLE !== "student" && (!meeting || Boolean(refusal));
  $("back-link").href = new URL(`meeting${location.search}`, HERE);
  $("managing").hidden = !meeting || Boolean(refusal);
  if (!$("managing").hidden) drawMeeting();
}

/* The headline, and what is to be said below it. */
function words() {
  if (ROLE === "student") return [t("student.headline"), t("student.detail")];
  if (/^\.*$/.test(ID)) return [t("incomplete.headline"), t("incomplete.detail")];
  if (refusal && refusal.status === 403) return [t("forbidden.headline"), t("forbidden.detail")];
  if (refusal) return [t("unknown.headline"), t("unknown.detail")];
  if (!meeting) return [t("manage.looking"), ""];
  const times = periodWords(handedOn());
  return [t("manage.who", names()), isOver() ? `${times}. ${reasonWords(meeting.reason)}` : times];
}

function drawMeeting() {
  const { may, seats, history: entries } = meeting;
  const mayReplace = !isOver() && Array.isArray(may.replace) ? may.replace : [];
  showSeats({ seats, names: names(), mayReplace, isOver: isOver() }, replace);
  const step = Math.min(EXTENSION, may.extend || 0);
  $("extending").hidden = !step || !meeting.ends_at;
  if (!$("extending").hidden) {
    const end = Date.parse(meeting.ends_at);
    write($("extend"), t("manage.extend", { count: step }));
    write($("extend-hint"), t("manage.extend_hint", {
      from: clockTime(end, zoneOfMeeting()), until: clockTime(end + step * MINUTE, zoneOfMeeting()),
    }));
  }
  $("changing").hidden = isOver() || !(may.move || may.rename || may.lengthen_to);
  fillForm();
  write($("handing-hint"), handingHint());
  $("handing").hidden = isOver() && meeting.reason !== "CANCELLED";
  for (const role of ["teacher", "student"]) {
    $(`${role}-renew`).hidden = isOver() || !String(meeting.link_ids[role]).includes(".");
  }
  handOut(handedOn());
  $("cancelling").hidden = !may.cancel;
  showHistory(Array.isArray(entries) ? entries : []);
}

function handingHint() {
  if (meeting.reason === "CANCELLED") return t("manage.calendars_cancelled");
  return meeting.sequence ? t("manage.calendars_changed") : "";
}

/* What the meeting is, as the form holds it. */
function asFields() {
  const at = Date.parse(meeting.meet_time);
  return {
    teacher_name: meeting.teacher_name || "",
    student_name: meeting.student_name || "",
    at: at - (at % MINUTE),
    zone: zoneOfMeeting(),
    minutes: meeting.duration_minutes || null,
  };
}

/* Bring the form up to date; what somebody has typed and not sent stays. */
function fillForm() {
  const now = asFields();
  const is = (name) => !shown || $(name).value === shown[name];
  for (const name of NAMES) if (is(name)) $(name).value = now[name];
  if (!shown || (when.moment() === shown.at && when.zoneName() === shown.zone)) {
    if (!shown || now.at !== shown.at || now.zone !== shown.zone) when.set(now.at, now.zone);
  }
  if (!shown || when.minutes() === shown.minutes) {
    $("duration_minutes").value = now.minutes || "";
    when.describe();
  }
  shown = now;
  const { may } = meeting;
  for (const name of NAMES) $(name).disabled = !may.rename;
  for (const name of ["meet_time", "time_zone", "now"]) $(name).disabled = !may.move;
  $("duration_minutes").disabled = !may.lengthen_to;
  write($("fixed"), [
    may.move ? "" : t("manage.no_move"),
    may.lengthen_to ? t("manage.longest", { count: may.lengthen_to }) : "",
  ].filter(Boolean).join(" "));
}

function renewing(role) {
  const button = element("button");
  button.type = "button";
  button.id = `${role}-renew`;
  say(() => write(button, t("manage.renew")));
  button.setAttribute("aria-describedby", `${role}-title`);
  button.addEventListener("click", () => renew(role));
  return button;
}

// --- what is done

async function change() {
  fields.clearAll();
  when.check();
  if (fields.marked().length) return showMarked();
  const asked = changes();
  if (!Object.keys(asked).length) return tell(() => t("manage.nothing_changed"));
  const answer = await send("PATCH", "", asked, () => t("manage.saved"));
  if (!answer) return;
  if (answer.status === 400) {
    const elsewhere = markProblems(fields, answer.body.errors);
    if (fields.marked().length) return showMarked(...elsewhere);
  }
  if (answer.status === 409 && Array.isArray(answer.body.free)) return showFree(answer.body.free);
  fields.tell([() => t("manage.not_changed"), () => problemWords(answer.body.message || "")]);
  $("alert").scrollIntoView({ block: "nearest" });
}

/* What the form says otherwise than the meeting is. */
function changes() {
  const is = asFields();
  const asked = {};
  for (const name of NAMES) if ($(name).value.trim() !== is[name]) asked[name] = $(name).value.trim();
  const [at, minutes, zone] = [when.moment(), when.minutes(), when.zoneName()];
  if (at !== is.at) asked.meet_time = at === null ? "" : new Date(at).toISOString().replace(".000Z", "Z");
  if (zone !== is.zone) asked.time_zone = zone;
  if (minutes !== is.minutes && minutes !== null) asked.duration_minutes = minutes;
  return asked;
}

function showMarked(...more) {
  fields.tell([() => `${t("manage.not_changed")} ${t("manage.look")}`, ...more]);
  when.place(fields.marked()[0]).focus();
}

function showFree(times) {
  const free = times.map(Date.parse).filter((time) => time > 0);
  fields.mark("meet_time", () => t("wrong.full"));
  fields.tell([() => (free.length ? t("manage.free") : t("manage.other_time"))], free.map((time) => ({
    words: () => dayAndTime(time, when.zoneName() || ownZone()),
    choose: () => {
      when.set(time);
      $("submit").focus();
    },
  })));
  ($("alert").querySelector("button") || $("meet_time")).focus();
}

function extend() {
  const minutes = Math.min(EXTENSION, meeting.may.extend);
  return sendOrTell("POST", "/extend", { minutes, from: meeting.ends_at }, () => t("manage.extended"));
}

async function replace(role) {
  const name = names()[role];
  const yes = await confirmed({
    title: t("replace.title", { name }), words: t("replace.words", { minutes: REPLACING }), yes: t("replace.yes"),
  });
  const desktop = ((meeting.seats || {})[role] || {}).desktop_id;
  if (yes) await sendOrTell("POST", "/replace", { role, desktop_id: desktop }, () => t("replace.done", { name }));
  ($(`replace-${role}`) || $("people-title")).focus();
}

async function renew(role) {
  const name = names()[role];
  const yes = await confirmed({
    title: t("renew.title", { name }),
    words: role === "teacher" ? t("renew.words_teacher") : t("renew.words_student"),
    yes: t("renew.yes"),
  });
  const number = ((meeting.seats || {})[role] || {}).link_number;
  if (yes) await sendOrTell("POST", "/links", { role, number }, () => t("renew.done", { name }));
}

async function cancel() {
  const yes = await confirmed({
    title: t("cancel.title"), words: t("cancel.words"), yes: t("cancel.yes"), asksReason: true,
  });
  if (!yes) return;
  const query = yes.reason ? `?reason=${encodeURIComponent(yes.reason)}` : "";
  await sendOrTell("DELETE", query, undefined, () => t("cancel.done"));
  if (isOver()) $("headline").focus();
}

/* Do something, and say what came of it, or why nothing did. */
async function sendOrTell(method, way, body, done) {
  const answer = await send(method, way, body, done);
  if (answer) tell(() => `${t("manage.not_done")} ${answer.body.message || ""}`);
}

/* Send a wish; return the app's refusal, nothing where it was granted or where no word came. */
async function send(method, way, body, done) {
  busy = true;
  news = null;
  document.body.ariaBusy = "true";
  if (question) question.abort();
  const headers = { "Content-Type": "application/json" };
  const answer = await ask(address(way), { method, headers, body: JSON.stringify(body) });
  document.body.ariaBusy = "false";
  const { ours, status } = answer || {};
  const isRefusal = ours && [400, 409].includes(status);
  if (ours && status === 200) {
    news = done;
    shown = method === "PATCH" ? null : shown;
  }
  if (!isRefusal) take(answer);
  busy = false;
  goOn(answer);
  return isRefusal ? answer : null;
}

function tell(words) {
  news = words;
  draw();
}
