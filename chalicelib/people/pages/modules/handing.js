import { $, write } from "./page.js";
import { t, say } from "./words.js";
import { recordingWords } from "./consent.js";
import { calendarFile } from "./calendar.js";
import { periodWords } from "./dates.js";

const COPIED_MS = 2000;
const ROLES = ["teacher", "student"];

let handed = null;        // the meeting whose links are shown

/* What each person is to be given of a meeting: their own link, alone, in a mail and in a calendar, and an invitation.
   A meeting is {id, at, minutes, zone, sequence, names, links, consent?, email?, cancelled?}. */
export function handOut(meeting) {
  if (JSON.stringify(meeting) === JSON.stringify(handed)) return;
  handed = meeting;
  show();
}

/* Make the buttons work, once a page. */
export function startHanding() {
  for (const role of ROLES) {
    $(`${role}-copy`).addEventListener("click", () => copy($(`${role}-copy`), $(`${role}-link`), handed.links[role]));
  }
  $("invitation-copy").addEventListener("click", () => {
    copy($("invitation-copy"), $("invitation"), $("invitation").value);
  });
  say(show);
}

function show() {
  if (!handed) return;
  for (const role of ROLES) {
    const values = { name: handed.names[role] };
    write($(`${role}-title`), role === "teacher" ? t("hand.teacher", values) : t("hand.student", values));
    write($(`${role}-link`), handed.links[role]);
    $(`${role}-link`).href = handed.links[role];
    $(`${role}-mail`).href = mail(role);
    offerCalendar(role);
    $(`${role}-way`).hidden = $(`${role}-copy`).hidden = $(`${role}-mail`).hidden = Boolean(handed.cancelled);
  }
  $("invitation").value = letter("student");
  $("inviting").hidden = Boolean(handed.cancelled);
}

function other(role) {
  return handed.names[role === "teacher" ? "student" : "teacher"];
}

function title(role) {
  return t("hand.title", { name: other(role) });
}

/* What one person is written: their own link and nobody else's. */
function letter(role) {
  return [
    t("hand.hello", { name: handed.names[role] }),
    t("hand.when", { name: other(role), when: periodWords(handed) }),
    `${t("hand.own_link")}\n${handed.links[role]}`,
    t("hand.what_then"),
    recordingWords(handed.consent).join(" "),
  ].filter(Boolean).join("\n\n");
}

function mail(role) {
  const to = role === "teacher" && handed.email ? encodeURIComponent(handed.email) : "";
  const body = encodeURIComponent(letter(role).replace(/\n/g, "\r\n"));
  return `mailto:${to}?subject=${encodeURIComponent(title(role))}&body=${body}`;
}

/* A calendar file for one role: it may be passed on to that person as it is. */
function offerCalendar(role) {
  const text = calendarFile({
    uid: `${handed.id}-${role}@${location.hostname}`,
    sequence: handed.sequence,
    start: handed.at,
    minutes: handed.minutes,
    title: title(role),
    link: handed.links[role],
    sentences: recordingWords(handed.consent),
    cancelled: handed.cancelled,
  });
  const anchor = $(`${role}-calendar`);
  if (anchor.href) URL.revokeObjectURL(anchor.href);
  anchor.href = URL.createObjectURL(new Blob([text], { type: "text/calendar" }));
  write(anchor, handed.cancelled ? t("hand.calendar_cancelled") : t("hand.calendar"));
}

async function copy(button, source, text) {
  let copied = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without https, or where the browser forbids it: the old way, which needs the text selected.
    if (source.select) source.select();
    else getSelection().selectAllChildren(source);
    copied = document.execCommand("copy");
  }
  write($("copied"), copied ? t("hand.copied") : t("hand.selected"));
  if (!copied) return;
  button.dataset.done = "";
  setTimeout(() => { delete button.dataset.done; }, COPIED_MS);
}
