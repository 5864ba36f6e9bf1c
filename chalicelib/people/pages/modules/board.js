import { $, asText, write, works } from "./page.js";
import { t, say } from "./words.js";
import { entitle, frame } from "./frame.js";
import { clockTime, now } from "./times.js";
import { whatIsAmiss } from "./asking.js";
import { HERE } from "./here.js";
import { ownZone, zoneWords } from "./clocks.js";
import { askWithKey, forgetKey, hasKey, isForgotten, isKey, takeKey } from "./bearer.js";
import { placeOf, readFragment } from "./places.js";
import { daysLater, mondayOf, today, weekOf } from "./dayline.js";
import { boardZone, showInUtc } from "./zoned.js";

const SEEN_ANEW_S = 15;   // what failed is tried again so soon
const LONGEST_LOOK_S = 120;
const MOST_PAGES = 100;   // of a day
const STRIDES = { day: 1, ahead: 28, week: 7 };    // days from one to the next

let boards = {};          // what this page shows, by the view's name
let place = null;         // {view, what} that is shown
let seen = {};            // what the app told last for each view: {what, told, at}
let refusal = null;       // the app's word on why there is no such thing
let turnedAway = null;    // why the key was not taken, as a function
let amiss = null;         // what came in place of the app's word, as a function
let news = null;          // what has come of the last deed: {words, kind}
let failures = 0;         // in a row
let busy = false;         // something is on its way to be done
let question = null;      // the look that is on its way, or was last
let next = 0;             // the timer of the next one

/* Show these views: each says what it asks the app (`way`), which word of the answer it cannot do without (`holds`),
   how often it looks, how it heads what it `draw`s, and whether there is such a thing (`isOne`). */
export function startBoard(views) {
  boards = views;
  frame(HERE);
  works();
  $("gate-form").addEventListener("submit", (event) => {
    event.preventDefault();
    enter($("key").value.trim());
  });
  $("forget").addEventListener("click", () => leave(null));
  $("zone").addEventListener("change", () => {
    showInUtc($("zone").value === "UTC");
    seen = {};
    draw();
    look();
  });
  $("date").addEventListener("change", () => {
    const day = $("date").value;
    if (day) location.hash = placeOf(place.view, place.view === "week" ? weekOf(day) : day);
  });
  addEventListener("hashchange", go);
  addEventListener("online", look);
  addEventListener("pageshow", ({ persisted }) => { if (persisted && isForgotten()) beginAnew(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  go();
  if (place) say(draw);
}

/* Go to where the address leads, on another page as well. A key that it brings is taken out of it at once. */
function go() {
  let { key, view, what } = readFragment();
  const isOne = !boards[view] || !boards[view].isOne || boards[view].isOne(what);
  if (!isOne || /^\.+$/.test(what)) [view, what] = ["now", ""];
  if (!boards[view]) {
    if (isKey(key)) takeKey(key);
    return location.replace(placeOf(view, what));
  }
  const isFirst = !place;
  place = { view, what };
  if (location.hash !== placeOf(view, what)) history.replaceState(null, "", placeOf(view, what));
  [refusal, amiss, news, failures] = [null, null, null, 0];
  if (key) return enter(key);
  if (isFirst) return look();
  draw();
  scrollTo(0, 0);
  if (hasKey()) $("headline").focus({ preventScroll: true });
  look();
}

function enter(key) {
  $("key").value = "";
  turnedAway = isKey(key) ? null : () => t("gate.no_key");
  if (!turnedAway) takeKey(key);
  seen = {};
  draw();
  if (turnedAway) return $("key").focus();
  look();
}

/* The browser has brought the page back as it was, with what was shown by a key that this tab has no more. */
function beginAnew() {
  $("page").hidden = true;
  location.reload();
}

/* Forget the key, and all that was shown with it. */
export function leave(why) {
  if (question) question.abort();
  clearTimeout(next);
  forgetKey();
  [turnedAway, seen, question, news, amiss] = [why, {}, null, null, null];
  for (const each of Object.values(boards)) if (each.forget) each.forget();
  for (const each of document.querySelectorAll("[data-filled]")) each.replaceChildren();
  draw();
  $("gate-title").focus();
  if (!why) location.replace(placeOf("now"));
}

// --- what the app tells

/* See how things stand, and again in a while as long as somebody looks. */
export async function look() {
  clearTimeout(next);
  if (busy || !hasKey() || document.hidden) return;
  if (question) question.abort();
  const mine = question = new AbortController();
  const asked = place;
  const answer = await wholeAnswer(asked, mine);
  if (mine !== question || asked !== place || busy) return;
  take(answer);
  if (hasKey()) goOn(answer);
}

/* The app's answer; a day comes in pages, which are put together. */
async function wholeAnswer({ view, what }, limit) {
  const { way } = boards[view];
  let answer = await askWithKey(way(what), {}, limit);
  for (let page = 1; page < MOST_PAGES && isTold(answer) && answer.body.next; page += 1) {
    const before = answer.body.meetings;
    answer = await askWithKey(way(what, answer.body.next), {}, limit);
    if (isTold(answer)) answer.body.meetings = [...before, ...answer.body.meetings];
  }
  if (isTold(answer) && view === "day") {
    answer.body.meetings.sort((one, other) => Date.parse(one.meet_time) - Date.parse(other.meet_time));
  }
  return answer;
}

function isTold(answer) {
  return Boolean(answer) && answer.ours && answer.status === 200 && Boolean(answer.body[boards[place.view].holds]);
}

function take(answer) {
  const { ours, status, body } = answer || {};
  if (ours && [401, 403].includes(status)) return leave(() => asText(body.message));
  if (isTold(answer)) {
    learn(place.view, place.what, body);
    [failures, amiss, refusal] = [0, null, null];
  } else if (ours && [400, 404].includes(status)) {
    const { unknown } = boards[place.view];
    [amiss, refusal] = [null, status === 404 && unknown ? unknown : () => asText(body.message)];
  } else {
    failures += 1;
    amiss = () => whatIsAmiss(answer);
  }
  draw();
}

function goOn(answer) {
  clearTimeout(next);
  const every = failures ? SEEN_ANEW_S * 2 ** Math.min(failures - 1, 3) : boards[place.view].everySeconds;
  const wait = (answer && answer.retryAfter) || every;
  if (wait && !refusal) next = setTimeout(look, Math.min(wait, LONGEST_LOOK_S) * 1000);
}

/* Which view is shown, and of what. */
export function shownNow() {
  return place;
}

/* What is known of the view that is shown, if it is this one. */
export function shown(view) {
  const found = place.view === view && seen[view];
  return found && found.what === place.what ? found.told : null;
}

// --- what is shown

function draw() {
  const isIn = hasKey();
  $("gate").hidden = isIn;
  $("board").hidden = $("tools").hidden = !isIn;
  write($("gate-refusal"), turnedAway ? turnedAway() : "");
  if (!isIn) {
    for (const view of Object.keys(boards)) $(`view-${view}`).hidden = true;
    return entitle(t("gate.title"));
  }
  drawFrame();
  const told = refusal ? null : shown(place.view);
  const board = boards[place.view];
  const headline = refusal ? t("board.nothing") : told ? board.headline(told, place.what) : t("board.looking");
  write($("headline"), headline);
  write($("detail"), refusal ? refusal() : told ? board.detail(told, place.what) : "");
  const count = told && board.sign ? board.sign(told) : 0;
  $("headline").dataset.state = count ? "trouble" : "";
  entitle(count ? `(${count}) ${headline}` : headline);
  for (const view of Object.keys(boards)) $(`view-${view}`).hidden = view !== place.view || !told;
  if (told) board.draw(told);
}

/* What stands around every view: the ways to others, the zone, what is amiss, what was done. */
function drawFrame() {
  const day = today(boardZone());
  const ways = { now: "", day, ahead: day, week: weekOf(day) };
  for (const [view, what] of Object.entries(ways)) {
    $(`to-${view}`).href = placeOf(view, what);
    if (view === place.view) $(`to-${view}`).setAttribute("aria-current", "page");
    else $(`to-${view}`).removeAttribute("aria-current");
  }
  $("zone").value = boardZone() === "UTC" ? "UTC" : "own";
  write($("zone").options[0], zoneWords(ownZone()));
  const last = seen[place.view];
  const since = last && last.what === place.what ? t("board.old", { time: clockTime(last.at, boardZone()) }) : "";
  write($("trouble"), amiss ? [since, amiss(), t("board.again")].filter(Boolean).join(" ") : "");
  write($("news"), news ? news.words() : "");
  $("news").className = `notice ${news ? news.kind : ""}`;
  document.body.ariaBusy = String(busy);
  drawDates();
}

function drawDates() {
  const { view, what } = place;
  const stride = STRIDES[view];
  $("dates").hidden = !stride;
  if (!stride) return;
  const day = view === "week" ? mondayOf(what) : what;
  const near = (count) => placeOf(view, view === "week" ? weekOf(daysLater(day, count)) : daysLater(day, count));
  $("before").href = near(-stride);
  $("after").href = near(stride);
  $("before").ariaLabel = view === "day" ? t("dates.day_before") : t("dates.before");
  $("after").ariaLabel = view === "day" ? t("dates.day_after") : t("dates.after");
  if (document.activeElement !== $("date")) $("date").value = day;
}

// --- what is done

/* Have this asked, with nothing else beside it; return the answer, undefined where something is on its way already. */
export async function alone(asking) {
  if (busy) return undefined;
  busy = true;
  news = null;
  if (question) question.abort();
  clearTimeout(next);
  draw();
  const answer = await asking();
  busy = false;
  return answer;
}

/* The app has told how something is now. */
export function learn(view, what, told) {
  seen[view] = { what, told, at: now() };
}

export function tell(words, kind) {
  news = { words, kind };
  draw();
}
