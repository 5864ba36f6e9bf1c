import { t } from "./words.js";
import { hear } from "./times.js";

const ANSWER_S = 30;      // who has not answered by then will not

/* Ask the app; return the answer, or null where none came.
   `ours` says that the app itself has answered: only its word is final. A gateway, a firewall or a network's sign-in
   page answers without the app's mark, and that passes. */
export async function ask(address, request = {}, limit = new AbortController()) {
  const timer = setTimeout(() => limit.abort(), ANSWER_S * 1000);
  try {
    const answer = await fetch(address, { cache: "no-store", ...request, signal: limit.signal });
    hear(Date.parse(answer.headers.get("Elephant-Time")));
    const ours = answer.headers.get("Elephant") === "1";
    const body = await answer.json().catch((error) => { if (ours) throw error; });    // what was cut off is no word
    return {
      ours,
      status: answer.status,
      body: body && typeof body === "object" ? body : {},
      retryAfter: Number(answer.headers.get("Retry-After")) || 0,
    };
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

/* What is amiss where the app's own word did not come, as a sentence. */
export function whatIsAmiss(answer) {
  if (!answer) return navigator.onLine ? t("amiss.unreachable") : t("amiss.offline");
  if (answer.ours && answer.body.why === "paused") return t("amiss.paused");
  if (answer.status === 429) return t("amiss.many");
  if (answer.ours || answer.status >= 500) return t("amiss.unwell");
  return t("amiss.stranger");
}
