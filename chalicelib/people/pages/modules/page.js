// What the pages cannot do without. Where the browser lacks one of them the script ends here, and the page says so.
if (![window.fetch, window.AbortController, window.URL, window.Intl, window.crypto].every(Boolean)) {
  throw new Error("This browser lacks what the page needs.");
}

/* The element with this id. */
export function $(id) {
  return document.getElementById(id);
}

/* The data that the app has written into the document under this id. */
export function data(id) {
  return JSON.parse($(id).textContent);
}

/* The page works in this browser: nothing is left to be said of that. */
export function works() {
  $("unable").remove();
}

/* An element of a kind, with a text in it. */
export function element(kind, text = "", className = "") {
  const made = document.createElement(kind);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

/* Write a text where it is another than the one that is there, so that screen readers do not say it again. */
export function write(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

/* Fill a place with elements, where they say something else than those that are there. */
export function fill(place, elements) {
  if (place.textContent === elements.map((each) => each.textContent).join("")) return;
  place.textContent = "";
  place.append(...elements);
}

/* What an answer holds under a name, if it is text; an answer may be forged, or of a version to come. */
export function asText(value) {
  return typeof value === "string" ? value : "";
}

/* What a table holds under a key that somebody else has named; undefined where it holds nothing. */
export function pick(table, key) {
  return Object.prototype.hasOwnProperty.call(table, key) ? table[key] : undefined;
}

/* The URL that `text` holds if it is one a browser may be sent to, else null. */
export function webAddress(text) {
  if (typeof text !== "string") return null;
  try {
    const url = new URL(text);
    return /^https?:$/.test(url.protocol) ? url : null;
  } catch {
    return null;
  }
}
