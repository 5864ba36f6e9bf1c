import { $, element, write, works, webAddress } from "./page.js";
import { t, say } from "./words.js";
import { frame } from "./frame.js";
import { ask, whatIsAmiss } from "./asking.js";
import { fieldsOf } from "./fields.js";
import { whenIn } from "./when.js";
import { markProblems } from "./problems.js";
import { dayAndTime, hereWords, periodWords } from "./dates.js";
import { ownZone } from "./clocks.js";
import { handOut, startHanding } from "./handing.js";
import { startUnlocking, restoreKey, keepKey } from "./unlocking.js";
import { keptMeeting, keptMeetings, keepMeeting, forgetMeetings } from "./kept.js";

// The page may have been opened as /api or /api/; what lies next to it is the same either way.
const HERE = new URL(location.pathname.replace(/\/?$/, "/"), location.origin);
const made = new Map();   // what was scheduled since the page was opened, by its id

frame(HERE);
const fields = fieldsOf([
  "teacher_name", "student_name", "meet_time", "time_zone", "duration_minutes", "teacher_email", "schedule_key",
]);
const when = whenIn(fields);
// One key for one form content: sent again, after a lost answer say, it never makes a second meeting.
let attempt = { content: null, key: null };

startHanding();
startUnlocking(HERE, when.minutes);
for (const name of ["teacher_name", "student_name"]) {    // who comes from a meeting that is over: the same people again
  $(name).value = new URLSearchParams(location.search).get(name) || "";
}
say(showPlace);
ask(HERE, { method: "HEAD" }).then(showPlace);  // what time it is, and so what is kept still

$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!$("submit").disabled) submit();
});
$("another").addEventListener("click", () => {
  const where = when.zoneName();
  $("form").reset();
  attempt = { content: null, key: null };
  when.restart(where || ownZone());
  restoreKey();
  go("");
  $("teacher_name").focus();
});
$("forget_all").addEventListener("click", () => {
  forgetMeetings(...keptMeetings().map(({ id }) => id));
  showMine();
});
addEventListener("hashchange", () => showPlace());
addEventListener("popstate", () => showPlace());
addEventListener("storage", () => showMine());
works();

function go(place) {
  history.pushState(null, "", `${location.pathname}${location.search}${place}`);
  showPlace();
}

/* The form, or the meeting that the address names: a reload and the way back lead there again. */
function showPlace() {
  const id = location.hash.slice(1);
  const meeting = made.get(id) || keptMeeting(id);
  const wasHidden = $("done").hidden;
  $("asking").hidden = Boolean(meeting);
  $("done").hidden = !meeting;
  showMine();
  if (!meeting) return;
  write($("done-title"), made.has(id) ? t("done.title") : t("done.again"));
  write($("done-when"), periodWords(meeting));
  write($("done-here"), hereWords(meeting.at, meeting.zone));
  write($("done-kept"), keptMeeting(id) ? t("done.kept") : t("done.not_kept"));
  $("done-kept").className = keptMeeting(id) ? "notice small" : "notice warn";
  $("manage").href = manageAddress(meeting);
  handOut(meeting);
  if (wasHidden) $("done-title").focus();
}

function manageAddress({ links }) {
  return new URL(`manage${new URL(links.teacher).search}`, HERE).href;
}

/* The meetings that this browser keeps. */
function showMine() {
  const kept = keptMeetings();
  $("mine").hidden = !kept.length || !$("done").hidden;
  $("mine-list").textContent = "";
  $("mine-list").append(...kept.map((meeting) => {
    const item = element("li");
    const title = element("a", t("mine.who", meeting.names));
    title.href = `#${meeting.id}`;
    const change = element("a", t("mine.change"));
    change.href = manageAddress(meeting);
    const forget = element("button", t("mine.forget"));
    forget.type = "button";
    forget.addEventListener("click", () => {
      forgetMeetings(meeting.id);
      showMine();
      $(kept.length > 1 ? "mine-title" : "teacher_name").focus();
    });
    for (const [place, words] of [[change, t("mine.change")], [forget, t("mine.forget")]]) {
      place.setAttribute("aria-label", `${words}: ${title.textContent}, ${periodWords(meeting)}`);
    }
    const ways = element("span", "", "ways");
    ways.append(change, forget);
    item.append(title, element("span", periodWords(meeting), "small quiet"), ways);
    return item;
  }));
}

function content() {
  const [time, duration, email] = [when.moment(), when.minutes(), $("teacher_email").value.trim()];
  const asked = {
    teacher_name: $("teacher_name").value.trim(),
    student_name: $("student_name").value.trim(),
    meet_time: time === null ? "" : new Date(time).toISOString().replace(".000Z", "Z"),
    time_zone: when.zoneName(),
    frontend_base_url: new URL("meeting", HERE).href,
  };
  if (email) asked.teacher_email = email;
  if (duration !== null) asked.duration_minutes = duration;
  return asked;
}

function freshKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function submit() {
  fields.clearAll();
  check();
  if (fields.marked().length) return showMarked();
  const asked = content();
  const text = JSON.stringify(asked);
  if (attempt.content !== text) attempt = { content: text, key: freshKey() };
  const headers = { "Content-Type": "application/json", "Idempotency-Key": attempt.key };
  const key = $("schedule_key").value.trim();
  if (key) headers["X-Schedule-Key"] = key;

  $("submit").disabled = true;
  write($("submit"), t("form.sending"));
  const answer = await ask(new URL("schedule", HERE), { method: "POST", headers, body: text });
  $("submit").disabled = false;
  write($("submit"), t("form.submit"));

  const { ours, status, body, retryAfter } = answer || {};
  if (!ours || status === 429 || status >= 500) {
    const again = () => (retryAfter ? t("form.again_in", { count: retryAfter }) : t("form.again"));
    return fields.tell([() => `${t("form.not_yet")} ${whatIsAmiss(answer)} ${again()}`, () => t("form.kept")]);
  }
  switch (status) {
    case 200:
      keepKey(key, true);
      return showLinks(asked, body);
    case 401:
    case 403:
      keepKey(key, false);
      return askForKey();
    case 409: return showFree(body);
    default: return showErrors(body);
  }
}

/* Mark what no server has to be asked about. */
function check() {
  when.check();
  const wrong = $("schedule_key").value.trim().match(/[^\x20-\x7e\xa0-\xff]/u);  // what no header can hold
  if (wrong) fields.mark("schedule_key", () => t("wrong.key", { sign: wrong[0] }));
}

function showErrors(body) {
  const elsewhere = markProblems(fields, body.errors);
  if (fields.marked().length) return showMarked(...elsewhere);
  fields.tell([() => body.message || t("form.refused"), () => t("form.kept")]);
}

function showMarked(...more) {
  fields.tell([() => `${t("form.not_yet")} ${t("form.look")}`, ...more]);
  when.place(fields.marked()[0]).focus();
}

/* That time is full: offer the next ones that are not. */
function showFree(body) {
  const free = (Array.isArray(body.free) ? body.free : []).map(Date.parse).filter((time) => time > 0);
  const where = when.zoneName();
  // The message lists them in UTC, for pages that show nothing else.
  fields.mark("meet_time", () => (free.length ? t("wrong.full") : body.message || t("wrong.no_room")));
  const choices = free.map((time) => ({
    words: () => dayAndTime(time, where),
    choose: () => {
      when.set(time);
      $("submit").focus();
    },
  }));
  fields.tell([() => `${t("form.not_yet")} ${free.length ? t("form.free") : t("form.other_time")}`], choices);
  ($("alert").querySelector("button") || $("meet_time")).focus();
}

function askForKey() {
  $("lock").hidden = false;
  if ($("schedule_key").value.trim()) fields.mark("schedule_key", () => t("wrong.key_refused"));
  fields.tell([() => `${t("form.not_yet")} ${t("form.give_key")}`]);
  $("schedule_key").focus();
}

function showLinks(asked, body) {
  const [teacher, student] = [webAddress(body.teacher_link), webAddress(body.student_link)];
  if (!body.id || !teacher || !student) return fields.tell([() => t("form.no_links")]);
  const meeting = {
    id: String(body.id),
    at: Date.parse(asked.meet_time),
    minutes: asked.duration_minutes || null,
    zone: asked.time_zone,
    sequence: 0,
    names: { teacher: asked.teacher_name, student: asked.student_name },
    links: { teacher: teacher.href, student: student.href },
    consent: body.consent,
    email: asked.teacher_email,
  };
  made.set(meeting.id, meeting);
  keepMeeting(meeting);
  go(`#${meeting.id}`);
}
