import { $, element, write } from "./page.js";
import { t } from "./words.js";
import { MINUTE } from "./times.js";
import { HERE } from "./here.js";
import { momentsOf, wallTime, zoneWords } from "./clocks.js";
import { confirmed, startQuestions } from "./question.js";
import { boardZone, periodOf, timeOf } from "./zoned.js";
import { bothOf, namesOf, seatOf } from "./telling.js";
import { shown, tell } from "./board.js";
import { send } from "./sending.js";
import { takeRecordings } from "./board-meeting.js";

const USUAL_EXTENSION = 15;    // minutes
let more = null;          // the field beside the reason, of the question that is asked

/* What can be done to a meeting, each after one question that names it. */
export function startDeeds() {
  $("question-yes").addEventListener("click", (event) => {
    if (more && !more.isRight()) event.stopImmediatePropagation();
  });
  startQuestions();
  $("view-meeting").addEventListener("click", async ({ target: { id } }) => {
    const [, deed, role] = id.match(/^do-([a-z]+)-?([a-z]*)$/) || [];
    const meeting = shown("meeting");
    if (!deed || !meeting) return;
    await DEEDS[deed](meeting, role);
    ($(id) || $("headline")).focus({ preventScroll: true });
  });
}

const DEEDS = { move, extend, end, cancel, replace, link, copy, recordings };

/* Ask about a meeting: with its people and its time, with a reason, and with one field more where one is given. */
async function decided(meeting, title, words, yes, field = null) {
  if (more) more.place.remove();
  more = field;
  if (field) $("question-reason").before(field.place);
  const said = [`${bothOf(meeting)}, ${periodOf(meeting)}.`, words].join(" ");
  const answer = confirmed({ title, words: said, yes, asksReason: true });
  if (field) field.input.focus();
  const found = await answer;
  return found && (found.reason ? { reason: found.reason } : {});
}

function fieldFor(label, kind, value, check, hint = "") {
  const place = element("div", "", "field");
  const input = element("input");
  input.id = "question-field";
  input.type = kind;
  input.required = true;
  input.value = value;
  const name = element("label", label);
  name.htmlFor = input.id;
  const wrong = element("p", "", "error");
  wrong.id = "question-wrong";
  wrong.setAttribute("role", "alert");
  input.setAttribute("aria-describedby", `${wrong.id} question-hint`);
  const help = element("p", hint, "hint");
  help.id = "question-hint";
  place.append(name, input, help, wrong);
  const isRight = () => {
    const problem = check(input);
    write(wrong, problem);
    if (problem) input.focus();
    return !problem;
  };
  return { place, input, isRight };
}

async function move(meeting) {
  const where = boardZone();
  const momentsIn = (input) => momentsOf(Date.parse(`${input.value.slice(0, 16)}Z`), where);
  const begins = new Date(wallTime(Date.parse(meeting.meet_time), where)).toISOString().slice(0, 16);
  const field = fieldFor(t("move.label", { zone: zoneWords(where) }), "datetime-local", begins, (input) => {
    const found = input.value ? momentsIn(input) : [];
    if (found.length === 1) return "";
    return found.length ? t("move.twice") : t("move.never");
  });
  const yes = await decided(meeting, t("move.title"), t("move.words"), t("move.yes"), field);
  if (!yes) return;
  const [moment] = momentsIn(field.input);
  const meet_time = new Date(moment).toISOString().replace(".000Z", "Z");
  await send("PATCH", "", { meet_time, ...yes }, () => t("move.done"));
}

async function extend(meeting) {
  const most = meeting.may.extend;
  const field = fieldFor(t("extend.label"), "number", Math.min(USUAL_EXTENSION, most), ({ value }) => {
    const minutes = Number(value);
    return Number.isInteger(minutes) && minutes >= 1 && minutes <= most ? "" : t("extend.wrong", { most });
  }, t("extend.hint", { most, time: timeOf(meeting.ends_at) }));
  const yes = await decided(meeting, t("extend.title"), "", t("extend.yes"), field);
  if (!yes) return;
  const minutes = Number(field.input.value);
  const until = new Date(Date.parse(meeting.ends_at) + minutes * MINUTE).toISOString();
  await send("POST", "/extend", { minutes, from: meeting.ends_at, ...yes }, () => t("extend.done", { time: timeOf(until) }));
}

async function end(meeting) {
  const yes = await decided(meeting, t("end.title"), t("end.words"), t("end.yes"));
  if (yes) await send("POST", "/end", yes, () => t("end.done"));
}

async function cancel(meeting) {
  const yes = await decided(meeting, t("cancel.title"), t("cancel.words"), t("cancel.yes"));
  if (yes) await send("DELETE", `?${new URLSearchParams(yes)}`, undefined, () => t("cancel.done"));
}

async function replace(meeting, role) {
  const name = namesOf(meeting)[role];
  const { desktop_id } = seatOf(meeting, role);
  const yes = await decided(meeting, t("replace.title", { name }), t("replace.words"), t("replace.yes"));
  if (yes) await send("POST", "/replace", { role, desktop_id, ...yes }, () => t("replace.done", { name }));
}

async function link(meeting, role) {
  const name = namesOf(meeting)[role];
  const number = seatOf(meeting, role).link_number;
  const yes = await decided(meeting, t("renew.title", { name }), t("renew.words"), t("renew.yes"));
  if (yes) await send("POST", "/links", { role, number, ...yes }, () => t("renew.done", { name }));
}

async function copy(meeting, role) {
  const query = new URLSearchParams({ id: meeting.link_ids[role], role });
  const address = new URL(`meeting?${query}`, HERE).href;
  const name = namesOf(meeting)[role];
  try {
    await navigator.clipboard.writeText(address);
    tell(() => t("copy.done", { name }), "good");
  } catch {
    tell(() => t("copy.by_hand", { name, address }), "good");  // without https, or where the browser forbids it
  }
}

async function recordings(meeting) {
  const yes = await decided(meeting, t("recordings.title"), t("recordings.words"), t("recordings.yes"));
  if (!yes) return;
  const take = (answer) => takeRecordings(meeting.id, answer);
  await send("POST", "/recordings", yes, () => t("recordings.done"), take);
}
