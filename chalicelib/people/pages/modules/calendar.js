import { now } from "./times.js";

/* A calendar's own file (RFC 5545) with one meeting, for one person: their link and nobody else's, all times in UTC.
   The same meeting has the same UID whenever its file is made, so a calendar takes a second one for the same event. */
export function calendarFile({ uid, start, minutes, title, link, sentences }) {
  const stamp = (time) => new Date(time).toISOString().replace(/[-:]|\.\d+/g, "");
  const escaped = (text) => text.replace(/[\\;,]/g, "\\$&").replace(/\s*\n\s*/g, "\\n");
  const lines = [
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//Elephant//Elephant//EN",
    "BEGIN:VEVENT",
    `UID:${uid}`,
    `DTSTAMP:${stamp(now())}`,
    `DTSTART:${stamp(start)}`,
    ...(minutes ? [`DTEND:${stamp(start + minutes * 60000)}`] : []),
    `SUMMARY:${escaped(title)}`,
    `DESCRIPTION:${escaped([link, ...sentences].join("\n"))}`,
    `URL:${link}`,
    "END:VEVENT",
    "END:VCALENDAR",
  ];
  return lines.map(folded).join("\r\n") + "\r\n";
}

/* A line in pieces of 75 bytes at most, none of which breaks a letter; what goes on begins with a space. */
function folded(line) {
  const size = (text) => new TextEncoder().encode(text).length;
  const pieces = [""];
  for (const sign of line) {
    if (size(pieces[pieces.length - 1] + sign) > 75) pieces.push(" ");
    pieces[pieces.length - 1] += sign;
  }
  return pieces.join("\r\n");
}
