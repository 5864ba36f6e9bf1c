import { recall, keep } from "./memory.js";

const speakers = [];      // what says its texts anew when another language is chosen
let strings = textsOf(document);
let spoken = document.documentElement.lang;
let wanted = spoken;      // the language that was asked for last

/* The language of the page. */
export function language() {
  return spoken;
}

/* How dates and numbers are written: as in this language where this person lives, as far as the browser knows. */
export function locale() {
  return navigator.languages.find((tag) => tag.split("-")[0] === spoken) || spoken;
}

/* The text of a key, with these values in it; one that counts has the form that its `count` takes. */
export function t(key, values = {}) {
  const text = strings[key];
  const form = typeof text === "string" ? text : text[new Intl.PluralRules(spoken).select(values.count)] || text.other;
  return form.replace(/\{(\w+)\}/g, (mark, name) => (name in values ? values[name] : mark));
}

/* Say something now, and again when another language is chosen. */
export function say(speaker) {
  speakers.push(speaker);
  speaker();
}

/* Go on in the language that was chosen here before, unless the link asks for another. */
export function speakAsBefore() {
  const before = recall("language");
  if (typeof before === "string" && !new URLSearchParams(location.search).has("lang")) speak(before);
}

/* Go on in another language, on this page and on those that are opened after it. */
export function choose(code) {
  keep("language", code);
  const here = new URL(location.href);
  if (here.searchParams.has("lang")) {
    here.searchParams.delete("lang");
    history.replaceState(null, "", here);
  }
  return speak(code);
}

/* A document holds the texts of one language; those of another are in the same document as it is in that one. */
async function speak(code) {
  wanted = code;
  const found = code === spoken ? strings : await stringsIn(code);
  if (code !== wanted) return;
  if (found) [strings, spoken] = [found, code];
  speakers.forEach((speaker) => speaker());
}

async function stringsIn(code) {
  try {
    const answer = await fetch(`${location.pathname}?lang=${encodeURIComponent(code)}`);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return page.documentElement.lang === code ? textsOf(page) : null;
  } catch {
    return null;          // it was not this app that answered, or nobody: the page stays as it is
  }
}

/* The texts of a document by their keys: those that stand in it, and those that only its script says. */
function textsOf(page) {
  const standing = [...page.querySelectorAll("[data-t]")].map((place) => [place.dataset.t, place.textContent]);
  return { ...Object.fromEntries(standing), ...JSON.parse(page.getElementById("strings").textContent) };
}
