const SVG = "http://www.w3.org/2000/svg";

/* Drawn from numbers, at even distances: an area, and a broken line where the limit is. Its words say the same. */
export function strip(numbers, limit, words) {
  const top = Math.max(limit || 0, ...numbers, 1) * 1.1;
  const steps = [];
  numbers.forEach((number, index) => {
    if (index && number === numbers[index - 1]) return;
    steps.push(`H${index}V${top - number}`);
  });
  const drawn = drawing(numbers.length, top, words);
  drawn.append(shape("path", { class: "area", d: `M0 ${top}${steps.join("")}H${numbers.length}V${top}Z` }));
  if (limit) {
    drawn.append(shape("path", {
      class: "limit", d: `M0 ${top - limit}H${numbers.length}`, "vector-effect": "non-scaling-stroke",
    }));
  }
  return drawn;
}

/* One bar of so much, of which a part is drawn apart from it. Only beside words that say the same. */
export function bar(value, part, most) {
  const drawn = drawing(100, 10, "");
  const width = (of) => String(most > 0 ? (100 * Math.max(of, 0)) / most : 0);
  drawn.append(shape("rect", { class: "area", width: width(value), height: "10" }));
  if (part) drawn.append(shape("rect", { class: "part", width: width(part), y: "5", height: "5" }));
  return drawn;
}

function drawing(width, height, words) {
  return shape("svg", {
    viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none",
    ...(words ? { role: "img", "aria-label": words } : { "aria-hidden": "true" }),
  });
}

function shape(kind, attributes) {
  const made = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}
