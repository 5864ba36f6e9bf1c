import { $, element, write } from "./page.js";
import { say } from "./words.js";

/* A form's fields: what is wrong with one stands beside it until it is corrected, and above the form what came of
   sending it. Words are functions here, so that they can be said anew in another language. */
export function fieldsOf(names) {
  const wrong = new Map();    // each field's problems
  let told = { words: [], choices: [] };

  for (const name of names) {
    $(name).closest(".field").append(errorOf(name));
    $(name).setAttribute("aria-describedby", `${$(`${name}-hint`) ? `${name}-hint ` : ""}${name}-error`);
    $(name).addEventListener("input", () => clear(name));
  }
  say(() => {
    names.forEach(show);
    showTold();
  });

  function errorOf(name) {
    const error = element("p", "", "error");
    error.id = `${name}-error`;
    return error;
  }

  function show(name) {
    write($(`${name}-error`), (wrong.get(name) || []).map((words) => words()).join(" "));
    if (wrong.has(name)) $(name).setAttribute("aria-invalid", "true");
    else $(name).removeAttribute("aria-invalid");
  }

  function showTold() {
    $("alert").textContent = "";
    if (!told.words.length) return;
    const notice = element("div", "", "notice bad");
    notice.append(...told.words.map((words) => element("div", words())));
    $("alert").append(notice);
    if (!told.choices.length) return;
    const choices = element("div", "", "choices");
    choices.append(...told.choices.map(({ words, choose }) => {
      const choice = element("button", words());
      choice.type = "button";
      choice.addEventListener("click", choose);
      return choice;
    }));
    $("alert").append(choices);
  }

  function mark(name, words) {
    wrong.set(name, [...(wrong.get(name) || []), words]);
    show(name);
  }

  function clear(name) {
    if (!wrong.delete(name)) return;
    show(name);
    if (!wrong.size) tell([]);
  }

  /* Say this above the form, with buttons for what can be done about it. */
  function tell(words, choices = []) {
    told = { words, choices };
    showTold();
  }

  function clearAll() {
    names.forEach(clear);
    tell([]);
  }

  function marked() {
    return names.filter((name) => wrong.has(name));
  }

  return { names, mark, clear, clearAll, marked, tell };
}
