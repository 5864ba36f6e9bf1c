import { $, element, pick, write, works, webAddress } from "./page.js";
import { t, say } from "./words.js";
import { entitle, frame } from "./frame.js";
import { MINUTE } from "./times.js";
import { ask, whatIsAmiss } from "./asking.js";
import { recordingWords } from "./consent.js";
import { calendarFile } from "./calendar.js";
import { HERE } from "./here.js";
import { ID, ROLE, door, ownLink, whatIsMissing } from "./link.js";
import { layOutSteps, showSteps, stepWords } from "./steps.js";
import { moment, otherName, showFacts } from "./facts.js";
import { showOther, whoHasCome } from "./people.js";
import { offerExtension, showClosing } from "./closing.js";
import { isSaving, showAfter, whyEnded } from "./endings.js";
import { letGo, offerChecks } from "./devices.js";
import { chime, offerSound } from "./sound.js";

const REFUSALS = {
  400: ["malformed.headline", "malformed.detail"],
  403: ["forbidden.headline", "forbidden.detail"],
  404: ["unknown.headline", "unknown.detail"],
};
const ROOMS = {
  in: ["room.in.headline", "room.in.detail"],
  lost: ["room.lost.headline", "room.lost.detail"],
  left: ["room.left.headline", "room.left.detail"],
};

const WAIT_S = 5;         // where the server says nothing about when to ask again
const WATCH_S = 30;       // once the desktop is ready: notice when it is replaced or the meeting ends
const SAVING_S = 15;      // once the meeting has ended: notice when the recordings are saved
const LONGEST_WAIT_S = 60;
const ASLEEP_MS = 90_000; // no page that is awake lets so much time pass between two looks at the clock
const TOKEN_MS = 2 * MINUTE;

const state = {
  word: null,             // the app's last word: its status and its body
  desktop: null,          // where the door leads, as it last said
  isAnother: false,       // that is another desktop than the one that was there before
  hasOpened: false,       // from this page
  amiss: null,            // what came in place of the app's word since, if anything did
  failures: 0,            // of these, in a row
  missed: null,           // what the last click brought in place of a desktop
  way: null,              // where a click leads that no tab could be opened for
  news: "",               // what has happened while nobody looked at this page
};

let question = null;      // the one that is on its way, or was last
let next = 0;             // the timer of the next one
let looked = Date.now();  // when this page last looked at the clock

layOutSteps();
frame(HERE);
offerSound();
offerChecks();
offerExtension(poll);
say(draw);
if (!whatIsMissing()) start();
works();

function start() {
  $("open").addEventListener("click", enter);
  $("way").addEventListener("click", () => { state.way = null; setTimeout(draw); });
  $("calendar").addEventListener("click", makeCalendarFile);
  addEventListener("online", poll);
  document.addEventListener("visibilitychange", comeBack);
  setInterval(tick, 1000);
  poll();
}

function comeBack() {
  if (document.hidden) return;
  state.news = "";
  draw();
  poll();
}

/* Bring what depends on the clock up to date. After a sleep, or where the clock was set, nothing that is shown counts. */
function tick() {
  const passed = Date.now() - looked;
  looked = Date.now();
  draw();
  if ((passed < 0 || passed > ASLEEP_MS) && !isOver()) poll();
}

/* The click: it alone says that the person comes, and gets what opens the desktop for the next two minutes. */
async function enter(event) {
  if ($("open").ariaBusy === "true" || event.detail > 1) return;  // the second click of two means the same
  letGo();  // the desktop's own page wants camera and microphone
  const tab = window.open("", "_blank");  // while the click counts: a little later browsers take it for advertising
  if (tab) tab.opener = null;
  state.missed = state.way = null;
  $("open").ariaBusy = "true";
  // What was said of being recorded was there to be read before this click, and so it counts.
  const answer = await ask(door($("recorded").textContent ? "?consent=1" : ""));
  $("open").ariaBusy = "false";
  const desktop = answer && answer.ours && answer.status === 200 ? desktopAddress(answer.body) : null;
  if (desktop) {
    state.hasOpened = true;
    if (tab) tab.location.replace(desktop.href);
    else offerWay(desktop);
  } else {
    if (tab) tab.close();
    state.missed = { answer };
  }
  goOn(take(answer));
}

/* No tab may be opened here: a link may, as long as what it leads to is good. */
function offerWay(desktop) {
  state.way = desktop;
  setTimeout(() => {
    if (state.way === desktop) state.way = null;
    draw();
  }, TOKEN_MS);
}

/* Ask now. A question that is still on its way may have been lost while the device slept, and counts no more. */
async function poll() {
  clearTimeout(next);
  if (question) question.abort();
  const mine = question = new AbortController();
  const answer = await ask(door("?peek=1"), {}, mine);
  if (mine === question) goOn(take(answer));
}

/* Ask again after so many seconds and a few more, so that not all ask at once; no more where the last word was said. */
function goOn(wait) {
  clearTimeout(next);
  if (wait) {
    next = setTimeout(poll, Math.min(wait, LONGEST_WAIT_S) * 1000 * (1 + Math.random() / 5));
  } else {
    removeEventListener("online", poll);
    document.removeEventListener("visibilitychange", comeBack);
  }
}

/* Take one answer in and show it; return the seconds until the next question, none if there is nothing more to ask. */
function take(answer) {
  const { ours, status, body } = answer || {};
  const desktop = ours && status === 200 ? desktopAddress(body) : null;
  const counts = ours && (status === 202 || status === 410 || desktop || status in REFUSALS);
  const wait = counts ? believe(answer, desktop) : doubt(answer);
  draw();
  return wait;
}

/* The app's own word: from now on it counts. */
function believe({ status, body, retryAfter }, desktop) {
  const came = whoHasCome(body);
  const news = desktop && state.word && state.word.status === 202 ? t("ready.headline") : came;
  if (news) chime();
  if (news && document.hidden) state.news = news;
  if (desktop && state.desktop && state.desktop.host !== desktop.host) [state.isAnother, state.hasOpened] = [true, false];
  if (desktop) state.desktop = desktop;
  else state.missed = state.way = null;
  Object.assign(state, { word: { status, body }, amiss: null, failures: 0 });
  if (isOver()) return isSaving(body) ? SAVING_S : 0;
  return retryAfter || (desktop ? WATCH_S : WAIT_S);
}

/* Anything else: what is shown stays, and the app is asked again, by all at different moments who lost it at the same. */
function doubt(answer) {
  state.amiss = { answer };
  state.failures += 1;
  const wait = answer && answer.retryAfter;
  return wait || WAIT_S * 2 ** Math.min(state.failures - 1, 4) * (0.75 + Math.random() / 2);
}

function isOver() {
  return Boolean(state.word) && state.word.status !== 200 && state.word.status !== 202;
}

function desktopAddress({ dcv_url, auth_token }) {
  const url = webAddress(dcv_url);
  if (!url || url.protocol !== "https:") return null;
  if (typeof auth_token === "string" && auth_token) {
    url.searchParams.set("authToken", auth_token);
    url.hash = "console";
  }
  return url;
}

/* Show how things stand. What is there is only written where it has changed. */
function draw() {
  const { status, body } = state.word || { body: {} };
  const [headline, detail] = headlines(status, body);
  write($("headline"), headline);
  write($("detail"), detail);
  entitle(state.news ? `● ${state.news}` : headline);
  const isReady = status === 200;
  const lives = isReady || status === 202;
  showFacts(lives || status === 410 ? body : {}, isOver());
  showSteps(status === 202 ? body : null);
  showClosing(lives ? body : {});
  showOther(lives ? body : {});
  showAfter(status === 410 ? body : {});
  showRecorded(lives ? body.consent : null);
  $("open").hidden = !isReady;
  write($("open"), state.hasOpened || (ownRoom(body) && !state.isAnother) ? t("open.again") : t("open.first"));
  $("blocked").hidden = !state.way;
  $("way").href = state.way ? state.way.href : "";
  $("check").hidden = $("sounds").hidden = !lives;
  $("calendar-of").hidden = !lives || Number.isNaN(moment(body.meet_time));
  $("change-of").hidden = !lives || ROLE !== "teacher" || !("may_extend" in body);
  $("change").href = new URL(`manage?${new URLSearchParams({ id: ID, role: ROLE })}`, HERE).href;
  write($("trouble"), trouble(isReady));
}

function headlines(status, body) {
  const incomplete = whatIsMissing();
  if (incomplete) return [t("incomplete.headline"), t(incomplete)];
  if (!status) return [t("meeting.looking"), ""];
  if (status === 202) return stepWords(body);
  if (status === 410) return [t("ended.headline"), whyEnded(body)];
  if (status === 403 && body.why === "replaced") return [t("newer.headline"), t("newer.detail")];
  if (status in REFUSALS) return REFUSALS[status].map((key) => t(key));
  if (state.isAnother && !state.hasOpened) return [t("replaced.headline"), t("replaced.detail")];
  const room = ownRoom(body);
  if (room) return room.map((key) => t(key));
  return state.hasOpened ? [t("opened.headline"), t("room.in.detail")] : [t("ready.headline"), t("ready.detail")];
}

/* What this person is told who is in, or was, by the app's word; undefined for somebody else. */
function ownRoom(body) {
  return pick(ROOMS, (body.you || {}).presence);
}

/* Say that the meeting is recorded, before anybody clicks. */
function showRecorded(consent) {
  const sentences = recordingWords(consent);
  const [first, ...others] = sentences.length ? [...sentences, t("recorded.agree")] : [""];
  if ($("recorded").textContent === [first, ...others].join(" ")) return;
  $("recorded").textContent = "";
  if (first) $("recorded").append(element("strong", first), ` ${others.join(" ")}`);
}

function trouble(isReady) {
  if (state.missed) return `${whatIsAmiss(state.missed.answer)} ${t("meeting.not_opened")}`;
  if (state.amiss) return `${whatIsAmiss(state.amiss.answer)} ${isReady ? t("trouble.inside") : t("trouble.waiting")}`;
  return "";
}

/* One's own file for one's own calendar: it holds this person's link and nobody else's. */
function makeCalendarFile() {
  const { body } = state.word;
  const [start, end] = [moment(body.meet_time), moment(body.ends_at)];
  const file = calendarFile({
    uid: `${ID.split(".")[0]}-${ROLE}@${location.hostname}`,
    start,
    minutes: Number.isNaN(end) ? undefined : Math.round((end - start) / MINUTE),
    title: t("facts.with", { name: otherName(body) }),
    link: ownLink(),
    sentences: recordingWords(body.consent),
    sequence: body.sequence,
  });
  const address = URL.createObjectURL(new Blob([file], { type: "text/calendar" }));
  const anchor = element("a");
  anchor.href = address;
  anchor.download = "meeting.ics";
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(address), MINUTE);
}
