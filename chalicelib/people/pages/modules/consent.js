import { asText } from "./page.js";
import { t } from "./words.js";

/* What people are told of being recorded, in sentences; none where the app tells of no recording. */
export function recordingWords(consent) {
  if (!consent || typeof consent !== "object") return [];
  const [operator, contact] = [asText(consent.operator), asText(consent.contact)];
  const how = { who: operator || t("recorded.somebody"), count: consent.keep_days };
  return [
    t("recorded.that"),
    ...(Number.isFinite(consent.keep_days) ? [t("recorded.how", how)] : []),
    t("recorded.erase", { contact: contact || operator || t("recorded.sender") }),
  ];
}
