const $ = (id) => document.getElementById(id);

/* The URL that `text` holds if it is one a browser may be sent to, else null. */
function webAddress(text) {
  try {
    const url = new URL(text);
    return /^https?:$/.test(url.protocol) ? url : null;
  } catch {
    return null;
  }
}
