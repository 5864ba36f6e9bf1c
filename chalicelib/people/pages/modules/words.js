import { data } from "./page.js";
import { recall, keep } from "./memory.js";

const STRINGS = data("strings");
const speakers = [];      // what says its texts anew when another language is chosen
let spoken = preferred();

/* The language of the page. */
export function language() {
  return spoken;
}

/* Every language that there is, by its code, with its own name. */
export function languages() {
  return Object.entries(STRINGS).map(([code, strings]) => [code, strings["language.name"]]);
}

/* How dates and numbers are written: as in this language where this person lives, as far as the browser knows. */
export function locale() {
  return navigator.languages.find((tag) => tag.split("-")[0] === spoken) || spoken;
}

/* The text of a key, with these values in it; one that counts has the form that its `count` takes. */
export function t(key, values = {}) {
  const text = STRINGS[spoken][key];
  const form = typeof text === "string" ? text : text[new Intl.PluralRules(spoken).select(values.count)] || text.other;
  return form.replace(/\{(\w+)\}/g, (mark, name) => (name in values ? values[name] : mark));
}

/* Say something now, and again when another language is chosen. */
export function say(speaker) {
  speakers.push(speaker);
  speaker();
}

/* Go on in another language, on this page and on those that are opened after it. */
export function speak(code) {
  spoken = code;
  keep("language", code);
  const here = new URL(location.href);
  if (here.searchParams.has("lang")) {
    here.searchParams.delete("lang");
    history.replaceState(null, "", here);
  }
  speakers.forEach((speaker) => speaker());
}

/* The language that the link asks for, that was chosen here before, or that the browser prefers. */
function preferred() {
  const asked = [new URLSearchParams(location.search).get("lang"), recall("language"), ...navigator.languages];
  const known = asked.map((tag) => String(tag).toLowerCase().split("-")[0]).filter((tag) => tag in STRINGS);
  return known[0] || Object.keys(STRINGS)[0];
}
