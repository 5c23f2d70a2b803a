/* Requests to the service, and what its refusals say in words. */

const MOST_TRIES = 4, LONGEST_WAIT = 30;
let key = "";

class Refusal extends Error {
  constructor(words, { status = 0, wait = 0, type = "" } = {}) {
    super(words);
    Object.assign(this, { status, wait, type });
  }
}

/** Of the page's own service, also behind a proxy that puts a path before it. */
const addressOf = (path) => new URL(path, location.origin + location.pathname).href;

const headersWithKey = (type) => ({ ...(type ? { "Content-Type": type } : {}), ...(key ? { Authorization: `Bearer ${key}` } : {}) });

/** The answer's JSON; Refusal where there is none. Without a body it is a GET. */
async function call(path, body, signal) {
  const asked = { signal, cache: "no-store", credentials: "same-origin", headers: headersWithKey(body && "application/json") };
  let response, text;
  try {
    response = await fetch(addressOf(path), body === undefined ? asked : { ...asked, method: "POST", body: JSON.stringify(body) });
    text = await response.text();
  } catch (error) {
    if (signal && signal.aborted) throw error;
    throw new Refusal(`The service at ${location.host} does not answer. Is it still running?`);
  }
  if (!response.ok) throw refusalOf(response.status, text, response.headers.get("Retry-After"));
  return parsed(text);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal("The service answered something that is no JSON. Is this its own address?");
  }
}

const MEANINGS = { 401: "The key is missing or wrong.", 413: "That is more than the service takes at once.", 503: "The service is stopping." };

function refusalOf(status, text, retryAfter) {
  let said = {};
  try {
    said = JSON.parse(text) || {};
  } catch { /* a proxy's own page */ }
  const words = typeof said.error === "string" ? said.error : MEANINGS[status] || `The service refused with status ${status}.`;
  return new Refusal(words, { status, wait: secondsOf(retryAfter), type: said.error_type });
}

/** Of a Retry-After header, which holds seconds or a date. */
function secondsOf(header) {
  const seconds = header === null ? 1 : /^\d+$/.test(header.trim()) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Math.min(Math.max(Math.ceil(seconds) || 1, 1), LONGEST_WAIT);
}

/** Tries again where the service is busy; `tell` hears why it takes longer. */
async function callPatiently(path, body, signal, tell) {
  for (let number = 1; ; number += 1) {
    try {
      return await call(path, body, signal);
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== 429) throw error;
      if (number === MOST_TRIES) throw new Refusal(`The service is still busy after ${MOST_TRIES} tries. Try again later.`, error);
      tell(`The service is busy. Trying again in ${error.wait} s (try ${number + 1} of ${MOST_TRIES}).`);
      await pause(error.wait, signal);
    }
  }
}

function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); }, { once: true });
  });
}
