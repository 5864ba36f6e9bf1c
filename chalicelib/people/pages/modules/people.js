import { $, pick, write } from "./page.js";
import { t } from "./words.js";
import { clockTime } from "./times.js";
import { moment, otherName } from "./facts.js";

const PRESENCES = {
  absent: "other.absent",
  waiting: "other.waiting",
  in: "other.in",
  lost: "other.lost",
  left: "other.left",
};

let before = null;        // where the other person was by the answer before

/* Where the other person is. */
export function showOther(body) {
  const { presence, since } = body.other || {};
  const key = pick(PRESENCES, presence);
  $("other").dataset.presence = key ? presence : "";
  write($("other"), key ? t(key, { name: otherName(body), at: clockTime(moment(since)) }) : "");
}

/* The news, if the other person has come since the answer before, else nothing. */
export function whoHasCome(body) {
  const { presence } = body.other || {};
  const here = presence === "waiting" || presence === "in";
  const came = here && before && before !== "waiting" && before !== "in";
  before = presence || before;
  return came ? t("other.came", { name: otherName(body) }) : "";
}
