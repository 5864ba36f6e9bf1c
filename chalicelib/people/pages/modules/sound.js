import { $ } from "./page.js";
import { recall, keep } from "./memory.js";

const RISING = [[660, 0], [880, 0.18]];
const CALM = [[440, 0], [440, 0.5]];

let sounding = null;      // what this page sounds with, once somebody has wanted a sound

/* Whether sounds are wanted is kept in this browser; they are not, until somebody says so. */
export function offerSound() {
  $("sound").checked = recall("sound") === true;
  $("sound").addEventListener("change", () => {
    keep("sound", $("sound").checked);
    chime();
  });
}

/* Something has happened that somebody waits for. */
export function chime() {
  if ($("sound").checked) play(RISING);
}

/* A tone by which people hear whether they hear. */
export function testTone() {
  return play(CALM);
}

/* Play notes, each from a moment on; return whether this browser lets pages sound at all. */
async function play(notes) {
  try {
    sounding = sounding || new AudioContext();
    await sounding.resume();
    for (const [pitch, after] of notes) note(pitch, sounding.currentTime + after);
    return true;
  } catch {
    return false;
  }
}

function note(pitch, from) {
  const [tone, volume] = [sounding.createOscillator(), sounding.createGain()];
  tone.frequency.value = pitch;
  volume.gain.setValueAtTime(0, from);
  volume.gain.linearRampToValueAtTime(0.25, from + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.001, from + 0.45);
  tone.connect(volume).connect(sounding.destination);
  tone.start(from);
  tone.stop(from + 0.5);
}
