/* Put elements where others are, unless those say the same. What had the focus has it again, and what somebody has
   opened stays open: both are known by their ids. */
export function rebuild(place, elements) {
  for (const each of place.querySelectorAll("details[id]")) {
    const next = elements.map((made) => found(made, each.id)).find(Boolean);
    if (next) next.open = each.open;
  }
  const before = [...place.childNodes];
  if (before.length === elements.length && elements.every((each, index) => each.isEqualNode(before[index]))) return;
  const had = place.contains(document.activeElement) ? document.activeElement.id : "";
  place.replaceChildren(...elements);
  if (had && document.getElementById(had)) document.getElementById(had).focus({ preventScroll: true });
}

function found(made, id) {
  return made.id === id ? made : made.querySelector(`#${CSS.escape(id)}`);
}
