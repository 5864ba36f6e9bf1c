/* What this browser keeps of the pages, under names of their own; in a private window it may keep nothing. */
const PREFIX = "elephant.";

export function recall(name) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name));
  } catch {
    return null;
  }
}

export function keep(name, value) {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Nothing rests on it.
  }
}
