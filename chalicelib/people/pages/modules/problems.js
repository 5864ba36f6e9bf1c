import { t } from "./words.js";

/* What the app says of a field that cannot be used, by how it says it; anything else is told as it came. */
const PROBLEMS = [
  [/name is missing/, () => t("wrong.name")],
  [/name is too long: (\d+) characters, of (\d+)/, (given, most) => t("wrong.name_long", { given, most })],
  [/name holds a line break/, () => t("wrong.name_signs")],
  [/is not an e-mail address/, () => t("wrong.email")],
  [/time is missing/, () => t("wrong.time")],
  [/more than (\d+) minutes in the past/, (count) => t("wrong.past", { count })],
  [/more than (\d+) days ahead/, (count) => t("wrong.ahead", { count })],
  [/number of minutes from 1 to (\d+)/, (most) => t("wrong.length", { most })],
  [/^The time zone /, () => t("wrong.zone")],
];

/* The app's sentence in the page's language, as far as the page knows it. */
export function problemWords(sentence) {
  for (const [pattern, words] of PROBLEMS) {
    const found = String(sentence).match(pattern);
    if (found) return words(...found.slice(1));
  }
  return String(sentence);
}

/* Put each problem beside its field; return the sentences of those that the form has no field for. */
export function markProblems(fields, errors) {
  const elsewhere = [];
  for (const { field, problem } of Array.isArray(errors) ? errors : []) {
    if (fields.names.includes(field)) fields.mark(field, () => problemWords(problem));
    else elsewhere.push(() => problemWords(problem));
  }
  return elsewhere;
}
