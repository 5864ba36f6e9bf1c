import { MINUTE, now } from "./times.js";

/* A calendar's own file (RFC 5545) with one meeting, for one person: their link and nobody else's, all times in UTC.
   The same meeting has the same UID whenever its file is made, and a higher SEQUENCE after every change, so a calendar
   takes a second one for the same event as it is now; one that is cancelled is taken away. */
export function calendarFile({ uid, sequence = 0, start, minutes, title, link, sentences, cancelled = false }) {
  const lines = [
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//Elephant//Elephant//EN",
    ...(cancelled ? ["METHOD:CANCEL"] : []),
    "BEGIN:VEVENT",
    `UID:${uid}`,
    `SEQUENCE:${sequence}`,
    `DTSTAMP:${stamp(now())}`,
    `DTSTART:${stamp(start)}`,
    ...(minutes ? [`DTEND:${stamp(start + minutes * MINUTE)}`] : []),
    `SUMMARY:${escaped(title)}`,
    `DESCRIPTION:${escaped([link, ...sentences].join("\n"))}`,
    `URL:${link}`,
    `STATUS:${cancelled ? "CANCELLED" : "CONFIRMED"}`,
    "END:VEVENT",
    "END:VCALENDAR",
  ];
  return lines.map(folded).join("\r\n") + "\r\n";
}

function stamp(time) {
  return new Date(time).toISOString().replace(/[-:]|\.\d+/g, "");
}

/* A text as a value; of signs that are not to be seen it keeps line breaks alone. */
function escaped(text) {
  return text.replace(/[\\;,]/g, "\\$&").replace(/\s*\n\s*/g, "\\n").replace(/[\x00-\x1f\x7f]/g, " ");
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
