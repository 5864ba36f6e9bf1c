import { $, data, element } from "./page.js";
import { t, say, choose, speakAsBefore, language } from "./words.js";

const OPERATOR = data("operator");
const BRAND = OPERATOR.name || "Elephant";
const SAID_OF = ["aria-label", "placeholder"];    // attributes that people read: data-t-placeholder="key"

/* The document's title, as a tab shows it. */
export function entitle(words) {
  const title = `${words} · ${BRAND}`;
  if (document.title !== title) document.title = title;
}

/* Fill in what is the same on every page, and every text that the document itself names. `here` is where they lie. */
export function frame(here) {
  for (const logo of document.querySelectorAll("#logo")) logo.src = new URL("logo", here);
  if (OPERATOR.contact) {
    $("contact-words").replaceWith(contact(OPERATOR.contact));
    $("contact").hidden = false;
  }
  $("language").addEventListener("change", () => choose($("language").value));
  say(fillIn);
  speakAsBefore();
}

function fillIn() {
  document.documentElement.lang = $("language").value = language();
  for (const place of document.querySelectorAll("body [data-t]")) place.textContent = t(place.dataset.t);
  for (const name of SAID_OF) {
    for (const place of document.querySelectorAll(`[data-t-${name}]`)) {
      place.setAttribute(name, t(place.getAttribute(`data-t-${name}`)));
    }
  }
  entitle(t("page.title"));
}

/* An address of mail as a link, anything else as it is. */
function contact(words) {
  const isMail = /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(words);
  const made = element(isMail ? "a" : "span", words);
  if (isMail) made.href = `mailto:${words}`;
  return made;
}
