import { ask } from "./asking.js";
import { HERE } from "./here.js";

const SHELF = "elephant.key";    // of this tab alone, and only until it is closed
let key = "";

/* Take a key: from now on it goes with whatever the app is asked, and nowhere else. */
export function takeKey(given) {
  key = given;
  try {
    sessionStorage.setItem(SHELF, key);
  } catch {
    // It is kept until the page is left.
  }
}

export function forgetKey() {
  key = "";
  try {
    sessionStorage.removeItem(SHELF);
  } catch {
    // None was kept.
  }
}

/* Whether there is a key, be it one that this tab had before. */
export function hasKey() {
  try {
    key = key || sessionStorage.getItem(SHELF) || "";
  } catch {
    // Nothing is kept here.
  }
  return Boolean(key);
}

/* Whether this tab has forgotten it since, on another page: one that comes back whole must not show what it showed. */
export function isForgotten() {
  try {
    return sessionStorage.getItem(SHELF) !== key;
  } catch {
    return false;
  }
}

/* Whether a text can be a key at all: nothing else can be sent. */
export function isKey(text) {
  return /^[\x21-\x7e][\x20-\x7e]*$/.test(text);
}

/* Ask the app with the key. */
export function askWithKey(way, request, limit) {
  return ask(new URL(way, HERE), signed(request), limit);
}

/* A file of the app's, null where it gives none. */
export async function fileWithKey(way) {
  try {
    const answer = await fetch(new URL(way, HERE), signed({ cache: "no-store" }));
    return answer.ok && answer.headers.get("Elephant") === "1" ? await answer.blob() : null;
  } catch {
    return null;
  }
}

function signed(request = {}) {
  return { ...request, headers: { ...request.headers, Authorization: `Bearer ${key}` }, credentials: "omit" };
}
