import { $, write } from "./page.js";

let settle = () => {};    // takes the answer to what is being asked

/* Ask once more before something is done that cannot be undone: {reason} for a yes, null for a no. */
export function confirmed({ title, words, yes, asksReason = false }) {
  const dialog = $("question");
  if (!dialog.showModal) return Promise.resolve(window.confirm(`${title}\n\n${words}`) ? { reason: "" } : null);
  write($("question-title"), title);
  write($("question-words"), words);
  write($("question-yes"), yes);
  $("question-reason").hidden = !asksReason;
  $("reason").value = "";
  dialog.showModal();
  $("question-no").focus();
  return new Promise((resolve) => { settle = resolve; });
}

/* Make its buttons work, once a page. */
export function startQuestions() {
  const answer = (found) => {
    $("question").close();
    settle(found);
  };
  $("question-no").addEventListener("click", () => answer(null));
  $("question-yes").addEventListener("click", () => answer({ reason: $("reason").value.trim() }));
  $("question").addEventListener("cancel", () => settle(null));    // the key Escape
}
