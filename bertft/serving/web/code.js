/* A request as lines to copy. They hold no key, only the name of the variable that holds it. */

/** Python's `json` and every shell agree on this: one line, in which what cannot be seen is written as \uXXXX. */
function visibleJson(value) {
  const unseen = /[\u007f-\u00a0\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff]/g;
  return spaced(value).replace(unseen, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** JSON with a space after each comma and colon, as people write it. */
function spaced(value) {
  if (Array.isArray(value)) return `[${value.map(spaced).join(", ")}]`;
  if (value !== null && typeof value === "object") {
    return `{${Object.entries(value).map(([name, part]) => `${JSON.stringify(name)}: ${spaced(part)}`).join(", ")}}`;
  }
  return JSON.stringify(value);
}

/** In single quotes of a shell nothing has a meaning but the quote itself. A backslash is spelt out, as fish would read two as one. */
const shellQuoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const LONGEST_WORD = 100000;

function curlLine({ path, body }) {
  const json = visibleJson(body).replaceAll("\\\\", "\\u005c");
  const opening = `curl -sS ${shellQuoted(addressOf(path))} \\\n  -H 'Content-Type: application/json' \\\n`;
  const withKey = key ? `  -H "Authorization: Bearer $BERTFT_API_KEY" \\\n` : "";
  const tooLong = new TextEncoder().encode(json).length > LONGEST_WORD;
  return opening + withKey + (tooLong ? `  -d @- <<'END'\n${json}\nEND` : `  -d ${shellQuoted(json)}`);
}

/** A value as Python writes it: strings as JSON writes them, which Python reads the same. */
function inPython(value) {
  if (Array.isArray(value)) return `[${value.map(inPython).join(", ")}]`;
  if (value !== null && typeof value === "object") {
    return `{${Object.entries(value).map(([name, part]) => `${visibleJson(name)}: ${inPython(part)}`).join(", ")}}`;
  }
  return value === null ? "None" : value === true ? "True" : value === false ? "False" : visibleJson(value);
}

function pythonLines({ path, body }) {
  const withKey = key ? `, "Authorization": "Bearer " + os.environ["BERTFT_API_KEY"]` : "";
  return [
    `import json, ${key ? "os, " : ""}urllib.request`,
    "",
    `url = ${visibleJson(addressOf(path))}`,
    `body = ${inPython(body)}`,
    `headers = {"Content-Type": "application/json"${withKey}}`,
    `request = urllib.request.Request(url, json.dumps(body).encode(), headers)`,
    "print(json.load(urllib.request.urlopen(request)))",
  ].join("\n");
}

function codeBlock(title, id) {
  const text = make("pre", { id, tabindex: "0", "aria-label": title, dir: "ltr" });
  const said = make("span", { class: "soft", role: "status" });
  const button = make("button", { type: "button", class: "quiet small", "aria-label": `Copy the ${title} lines` }, "Copy");
  button.addEventListener("click", async () => { said.textContent = await copied(text); });
  return make("div", { class: "code" }, make("div", { class: "row" }, make("h3", {}, title), make("span", {}, said, " ", button)), text);
}

/** The clipboard is there only at localhost and with https; elsewhere the old way, or the reader's own hands. */
async function copied(element) {
  try {
    await navigator.clipboard.writeText(element.lines);
    return "Copied.";
  } catch {
    element.textContent = element.lines;
    getSelection().selectAllChildren(element);
    return document.execCommand("copy") ? "Copied." : "Selected: press Ctrl + C.";
  }
}

const MOST_SHOWN = 6000;

/** All lines are copied; of very long ones the beginning is shown, as a browser takes a second to draw the rest. */
function showLines(id, lines) {
  const rest = lines.length - MOST_SHOWN;
  byId(id).lines = lines;
  byId(id).textContent = rest > 0 ? `${lines.slice(0, MOST_SHOWN)}\n… ${counted(rest, "more character")}; all are copied.` : lines || "Type a text to see the request.";
}

/** `request` is {path, body}; null where the form is empty. */
function showCode(request) {
  showLines("curl", request ? curlLine(request) : "");
  showLines("python", request ? pythonLines(request) : "");
  for (const button of byId("code").querySelectorAll("button")) button.disabled = !request;
}
