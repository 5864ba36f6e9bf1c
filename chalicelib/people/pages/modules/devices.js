import { $, write } from "./page.js";
import { t, say } from "./words.js";
import { testTone } from "./sound.js";

const KINDS = { camera: "video", microphone: "audio" };
const WORKS = { camera: "camera.works", microphone: "microphone.works" };
const SAID_OF_EACH = { camera: "camera.said", microphone: "microphone.said" };
const HEARD = 0.04;       // a voice at a usual distance
const said = {};          // the key of what was found out of each device, and its values

let listening = null;     // what measures the microphone's level
let streams = [];         // what camera and microphone give to this page, until they are let go
let check = 0;            // the check that is under way, or was last

/* Let people try their devices; nothing rests on it. */
export function offerChecks() {
  $("try-devices").addEventListener("click", tryDevices);
  $("let-go").addEventListener("click", letGo);
  $("try-speakers").addEventListener("click", async () => tell("speakers", await testTone() ? "speakers.played" : "speakers.none"));
  $("try-clipboard").addEventListener("click", tryClipboard);
  $("check").addEventListener("toggle", () => { if (!$("check").open) letGo(); });
  addEventListener("pagehide", letGo);
  say(() => Object.keys(said).forEach(show));
}

/* Let go of camera and microphone: a device is nobody else's as long as this page has it. */
export function letGo() {
  check += 1;
  streams.forEach((stream) => stream.getTracks().forEach((track) => track.stop()));
  streams = [];
  if (listening) listening.close();
  listening = null;
  $("preview").srcObject = null;
  $("preview").hidden = $("let-go").hidden = $("level-of").hidden = true;
  $("try-devices").hidden = false;
}

async function tryDevices() {
  letGo();
  const mine = check;
  $("try-devices").hidden = true;
  $("let-go").hidden = false;
  $("let-go").focus();
  for (const device of Object.keys(KINDS)) tell(device, "device.asking");
  const both = await open({ video: true, audio: true });
  for (const [device, kind] of Object.entries(KINDS)) {
    const opened = both.stream ? both : await open({ [kind]: true });
    if (mine !== check) return stopAll([both, opened]);
    if (opened.stream && !streams.includes(opened.stream)) streams.push(opened.stream);
    const [track] = opened.stream ? opened.stream.getTracks().filter((each) => each.kind === kind) : [];
    if (track) use(device, track);
    else tell(device, whyNot(opened.error));
  }
  if (!streams.length) {
    $("let-go").hidden = true;
    $("try-devices").hidden = false;
    $("try-devices").focus();
  }
}

/* Ask for devices: what they give, or the error that says why not. */
async function open(wanted) {
  try {
    return { stream: await navigator.mediaDevices.getUserMedia(wanted) };
  } catch (error) {
    return { error };
  }
}

function stopAll(opened) {
  for (const { stream } of opened) if (stream) stream.getTracks().forEach((track) => track.stop());
}

function use(device, track) {
  tell(device, WORKS[device], { name: track.label });
  track.addEventListener("ended", () => tell(device, "device.gone"));
  if (device === "camera") {
    $("preview").srcObject = new MediaStream([track]);
    $("preview").hidden = false;
  } else {
    listen(track);
  }
}

function listen(track) {
  listening = new AudioContext();
  const measure = listening.createAnalyser();
  const mine = listening;
  listening.createMediaStreamSource(new MediaStream([track])).connect(measure);
  $("level-of").hidden = false;
  const wave = new Float32Array(measure.fftSize);
  const look = () => {
    if (listening !== mine) return;
    measure.getFloatTimeDomainData(wave);
    const level = Math.sqrt(wave.reduce((sum, value) => sum + value * value, 0) / wave.length);
    $("level").value = Math.min(1, level * 5);
    if (level > HEARD) tell("microphone", "microphone.hears", { name: track.label });
    requestAnimationFrame(look);
  };
  look();
}

async function tryClipboard() {
  const text = t("page.title");
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    return tell("clipboard", isSecureContext ? "clipboard.refused" : "device.insecure");
  }
  try {
    tell("clipboard", await navigator.clipboard.readText() === text ? "clipboard.works" : "clipboard.half");
  } catch {
    tell("clipboard", "clipboard.half");
  }
}

/* The key of why a device cannot be had, by what the browser's error is called. */
function whyNot(error) {
  if (!isSecureContext || !navigator.mediaDevices) return "device.insecure";
  if (error.name === "NotAllowedError" || error.name === "SecurityError") {
    return /system/i.test(error.message) ? "allow.system" : howToAllow(navigator.userAgent);
  }
  if (error.name === "NotFoundError" || error.name === "OverconstrainedError") return "device.none";
  return "device.busy";
}

/* Where this browser keeps what it has been forbidden. */
function howToAllow(agent) {
  if (/iPhone|iPad/.test(agent)) return "allow.ios";
  if (/Android/.test(agent)) return "allow.android";
  if (/Firefox/.test(agent)) return "allow.firefox";
  return /Chrome/.test(agent) ? "allow.chrome" : "allow.safari";
}

function tell(device, key, values = {}) {
  said[device] = [key, values];
  show(device);
}

function show(device) {
  const [key, values] = said[device];
  const words = t(key, values);
  write($(`${device}-said`), device in SAID_OF_EACH ? t(SAID_OF_EACH[device], { words }) : words);
}
