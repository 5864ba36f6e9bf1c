import { $, element, write } from "./page.js";
import { t, say } from "./words.js";
import { MINUTE, clockTime, now } from "./times.js";
import { momentsOf, ownZone, wallTime, zoneWords } from "./clocks.js";
import { afterGap, allZones, zoneHelp, zoneMeant, zoneOffset } from "./zones.js";
import { dayAndTime, endWords, hereWords } from "./dates.js";

const LONGEST_SHOWN = 7 * 24 * 60;    // minutes; whether it is too long is the app's to say

/* The part of a form that says when: a time on the clocks of a zone, and for how long. */
export function whenIn(fields) {
  const which = [...document.getElementsByName("which")];

  $("time_zone").addEventListener("focus", offerZones);
  $("time_zone").addEventListener("input", read);
  $("time_zone").addEventListener("change", settleZone);
  $("meet_time").addEventListener("input", read);
  $("duration_minutes").addEventListener("input", describe);
  $("now").addEventListener("click", () => set(now()));
  $("after_gap").addEventListener("click", () => {
    set(afterGap(typed(), zoneName()));
    $("meet_time").focus();
  });
  for (const radio of which) {
    radio.addEventListener("change", () => {
      fields.clear("meet_time");
      describe();
    });
  }
  restart(ownZone());
  say(() => {
    nameBoth();
    describe();
  });

  /* What the field holds, as if it were UTC; NaN where that is no time, or not one yet: years are typed digit by digit. */
  function typed() {
    const text = $("meet_time").value.trim().replace(" ", "T").slice(0, 16);
    const time = Date.parse(`${text}Z`);
    const isTime = text > "1900" && !Number.isNaN(time) && new Date(time).toISOString().startsWith(text.slice(0, 10));
    return isTime ? time : NaN;
  }

  function zoneName() {
    return zoneMeant($("time_zone").value);
  }

  function moments() {
    return Number.isNaN(typed()) || !zoneName() ? [] : momentsOf(typed(), zoneName());
  }

  /* The one moment that is meant, null while that is not known. */
  function moment() {
    const found = moments();
    const meant = found.length === 2 ? found[which.findIndex((radio) => radio.checked)] : found[0];
    return meant === undefined ? null : meant;
  }

  /* A whole number of minutes; null for none; what is none as it was typed, so that a complaint can quote it. */
  function minutes() {
    const text = $("duration_minutes").value.trim();
    if (!text) return null;
    return Number.isFinite(Number(text)) ? Number(text) : text;
  }

  function isGap() {
    return !Number.isNaN(typed()) && zoneName() !== null && !moments().length;
  }

  /* Somebody has typed: what was chosen of two times was of others. */
  function read() {
    for (const radio of which) radio.checked = false;
    fields.clear("meet_time");
    fields.clear("time_zone");
    nameBoth();
    describe();
    if (isGap()) fields.mark("meet_time", gapWords);
  }

  function nameBoth() {
    const found = moments();
    $("twice").hidden = found.length !== 2;
    if (found.length !== 2) return;
    which.forEach((radio, index) => {
      const values = { time: clockTime(found[index], zoneName()), offset: zoneOffset(zoneName(), found[index]) };
      write(radio.nextElementSibling, index ? t("when.second", values) : t("when.first", values));
    });
  }

  function describe() {
    const [meant, where] = [moment(), zoneName()];
    $("after_gap").hidden = !isGap();
    if (isGap()) write($("after_gap"), t("when.use", { when: clockTime(afterGap(typed(), where), where) }));
    write($("meet_time-hint"), meant === null ? "" : `${dayAndTime(meant, where)}. ${hereWords(meant, where)}`);
    const long = minutes();
    const isLength = Number.isInteger(long) && long > 0 && long <= LONGEST_SHOWN;
    const ends = meant !== null && isLength ? endWords(meant, long, where) : "";
    write($("duration_minutes-hint"), ends || t("when.length_hint"));
  }

  function gapWords() {
    const where = zoneName();
    const next = clockTime(afterGap(typed(), where), where);
    return t("when.gap", { time: clockTime(typed(), "UTC"), zone: zoneWords(where), next });
  }

  /* Put a moment into the form, on the clocks of a zone; which one it is of two that look the same is chosen with it. */
  function set(time, where = zoneName() || ownZone()) {
    $("time_zone").value = zoneWords(where);
    $("meet_time").value = new Date(wallTime(time, where)).toISOString().slice(0, 16);
    read();
    moments().forEach((found, index) => { which[index].checked = time >= found && time - found < MINUTE; });
    describe();
  }

  /* Begin anew, on the clocks of a zone. */
  function restart(where) {
    $("time_zone").value = zoneWords(where);
    read();
  }

  function settleZone() {
    if (zoneName()) $("time_zone").value = zoneWords(zoneName());
  }

  /* All zones, when they are first looked for. */
  function offerZones() {
    $("time_zone").select();
    if ($("zones").childElementCount) return;
    $("zones").append(...allZones().map((name) => {
      const choice = element("option");
      choice.value = zoneWords(name);
      return choice;
    }));
    helpToChoose(0);
  }

  /* To say how four hundred zones are called takes seconds: a few at a time, so that whoever types need not wait. */
  function helpToChoose(from) {
    const [names, at] = [allZones().slice(from, from + 5), moment() || now()];
    names.forEach((name, index) => { $("zones").options[from + index].label = zoneHelp(name, at); });
    if (names.length) setTimeout(helpToChoose, 0, from + 5);
  }

  /* Mark what no server has to be asked about. */
  function check() {
    if (!zoneName()) fields.mark("time_zone", () => t("wrong.zone"));
    if (isGap()) fields.mark("meet_time", gapWords);
    if (moments().length === 2 && moment() === null) fields.mark("meet_time", () => t("when.say_which"));
    if ($("meet_time").value && Number.isNaN(typed())) fields.mark("meet_time", () => t("wrong.no_time"));
  }

  /* Where the eye has to go for a field that is marked. */
  function place(name) {
    return name === "meet_time" && !$("twice").hidden ? which[0] : $(name);
  }

  return { moment, minutes, zoneName, set, restart, describe, check, place };
}
