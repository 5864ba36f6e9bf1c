import { $, write } from "./page.js";
import { t } from "./words.js";
import { ask } from "./asking.js";
import { recall, keep } from "./memory.js";

/* The key that unlocks scheduling. This browser keeps it only when told to, and whoever has one sees what it costs. */
const KEY_SHELF = "key";
let apiPlace = null;
let minutesAsked = () => null;

export function startUnlocking(here, minutes) {
  [apiPlace, minutesAsked] = [here, minutes];
  restoreKey();
  for (const name of ["schedule_key", "duration_minutes"]) $(name).addEventListener("change", tellCost);
}

export function restoreKey() {
  const kept = recall(KEY_SHELF);
  if (typeof kept !== "string" || !kept) return;
  $("schedule_key").value = kept;
  $("keep_key").checked = true;
  $("lock").hidden = false;
  tellCost();
}

/* The key has done its work, or was refused: from now on it is kept, or not. */
export function keepKey(key, isGood) {
  if (isGood && $("keep_key").checked) return keep(KEY_SHELF, key);
  if (recall(KEY_SHELF) !== null) keep(KEY_SHELF, null);
}

async function tellCost() {
  const [key, minutes] = [$("schedule_key").value.trim(), minutesAsked()];
  write($("cost"), "");
  if (!/^[\x20-\x7e]+$/.test(key) || !Number.isInteger(minutes)) return;
  const address = new URL(`cost?duration_minutes=${minutes}`, apiPlace);
  const { ours, status, body } = await ask(address, { headers: { Authorization: `Bearer ${key}` } }) || {};
  if (!ours || status !== 200 || typeof body.estimate !== "number") return;
  if (minutes !== minutesAsked()) return;
  write($("cost"), t("form.cost", { cost: body.estimate.toFixed(2), currency: String(body.currency) }));
}
