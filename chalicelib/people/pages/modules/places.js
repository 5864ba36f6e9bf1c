import { HERE } from "./here.js";

/* Each view, and the page that shows it. */
const PAGES = { now: "ops", meeting: "ops", day: "days", ahead: "days", week: "days" };
const PAGE = /days\/?$/.test(location.pathname) ? "days" : "ops";

/* What the address says behind its #: the key, if it brings one, which view, and of what. */
export function readFragment() {
  const said = {};
  for (const part of location.hash.slice(1).split("&")) {
    const [name, ...rest] = part.split("=");
    said[name] = plain(rest.join("="));
  }
  const view = Object.keys(PAGES).find((each) => said[each]) || "now";
  return { key: said.key || "", view, what: said[view] || "" };
}

/* The address of a view; it never holds the key. */
export function placeOf(view, what = "") {
  const fragment = what ? `#${view}=${encodeURIComponent(what)}` : `#${view}`;
  return PAGES[view] === PAGE ? fragment : new URL(PAGES[view] + fragment, HERE).href;
}

function plain(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
