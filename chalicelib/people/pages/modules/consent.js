import { t } from "./words.js";

/* What people are told of being recorded, in sentences; none where the app tells of no recording. */
export function recordingWords(consent) {
  if (!consent || typeof consent !== "object") return [];
  const { operator, contact, keep_days } = consent;
  return [
    t("recorded.that"),
    t("recorded.how", { who: operator || t("recorded.somebody"), count: keep_days }),
    t("recorded.erase", { contact: contact || operator || t("recorded.sender") }),
  ];
}
