// What the page cannot do without. Where the browser lacks one of them the script ends here, and the page says so.
if (![window.fetch, window.AbortController, window.URL, window.Intl, window.crypto].every(Boolean)) {
  throw new Error("This browser lacks what the page needs.");
}
const ANSWER_S = 30;      // who has not answered by then will not

const $ = (id) => document.getElementById(id);

let told = null;          // the app's time when it last answered, and what this device's clock said then

/* The time by the app's clock, in milliseconds. This device's own may be wrong, and counts only until the app is heard. */
function now() {
  return told ? told.time + (Date.now() - told.at) : Date.now();
}

/* Ask the app; return the answer, or null where none came.
   `ours` says that the app itself has answered: only its word is final. A gateway, a firewall or a network's sign-in
   page answers without the app's mark, and that passes. */
async function ask(address, request = {}, limit = new AbortController()) {
  const timer = setTimeout(() => limit.abort(), ANSWER_S * 1000);
  try {
    const answer = await fetch(address, { cache: "no-store", ...request, signal: limit.signal });
    const time = Date.parse(answer.headers.get("Elephant-Time"));
    if (!Number.isNaN(time)) told = { time, at: Date.now() };
    const body = await answer.json().catch(() => null);
    return {
      ours: answer.headers.get("Elephant") === "1",
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
function whatIsAmiss(answer) {
  if (!answer) {
    return navigator.onLine ? "The server cannot be reached. Please check your connection." : "You are offline.";
  }
  if (answer.status === 429) return "Very many people are asking at the moment.";
  if (answer.ours || answer.status >= 500) return "The server cannot answer right now.";
  return "Something on the way answers in the server’s place: a firewall, a filter, or the sign-in page of a network.";
}

/* What people are told of being recorded, in sentences; none where the app tells of no recording. */
function recordingWords(consent) {
  if (!consent || typeof consent !== "object") return [];
  const { operator, contact, keep_days } = consent;
  const who = operator || "Whoever runs this service";
  const days = `${keep_days} ${keep_days === 1 ? "day" : "days"}`;
  return [
    "This meeting is recorded.",
    `${who} records the screen and the sound of your desktop, and keeps the recording for ${days} at most.`,
    `To have it erased sooner, ask ${contact || operator || "whoever sent you the link"}.`,
  ];
}

/* The URL that `text` holds if it is one a browser may be sent to, else null. */
function webAddress(text) {
  try {
    const url = new URL(text);
    return /^https?:$/.test(url.protocol) ? url : null;
  } catch {
    return null;
  }
}
