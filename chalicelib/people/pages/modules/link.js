import { HERE } from "./here.js";

/* What the link says that led here, whatever mail programs have done to it. */
const LINK = decoded(location.search);

export const ID = named("id");
export const ROLE = named("role").toLowerCase().replace(/(?![\w-])[^]*$/, "").replace(/[-_]+$/, "");

/* The key of what the link does not say, null where it says all. */
export function whatIsMissing() {
  if (/^\.*$/.test(ID)) return "incomplete.meeting";  // nothing but dots would lead out of join/
  return ROLE === "teacher" || ROLE === "student" ? null : "incomplete.role";
}

/* The app's address for this person at this door. Who only looks has not come; who asks without a word has. */
export function door(query = "") {
  return new URL(`join/${encodeURIComponent(ID)}/${ROLE}${query}`, HERE);
}

/* The link itself, as it may be kept. */
export function ownLink() {
  return new URL(`meeting?${new URLSearchParams({ id: ID, role: ROLE })}`, HERE).href;
}

/* Mail programs and scanners encode a link again, break it with signs that nobody sees, and write & as &amp;. */
function decoded(text) {
  for (let times = 0; times < 3; times += 1) {
    text = text.replace(/\+/g, " ").replace(/(%[0-9a-f]{2})+/gi, (codes) => {
      try {
        return decodeURIComponent(codes);
      } catch {
        return " ";
      }
    });
  }
  return text.replace(/[\p{C}]/gu, "").replace(/&(amp|#38);/gi, "&");
}

/* What the link says under this name, without the full stop, the bracket or the quote that followed it in a text. */
function named(name) {
  const found = LINK.match(new RegExp(`[?&;]${name}=([^&#]*)`, "i"));
  return found ? found[1].trim().replace(/[^\p{L}\p{N}_-]+$/u, "") : "";
}
