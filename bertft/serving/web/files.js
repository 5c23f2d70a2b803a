/* A file goes to the service as it is, and comes back with answers, to be saved. */

const TYPES = { csv: "text/csv", tsv: "text/tab-separated-values", jsonl: "application/jsonl", json: "application/json" };
const inMegabytes = (bytes) => (bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1000)).toLocaleString("en")} kB` : `${(bytes / 1e6).toFixed(1)} MB`);
const endingOf = (name) => (name.includes(".") ? name.split(".").pop().toLowerCase() : "");
const answeredName = (name, by) => `${name.slice(0, name.lastIndexOf("."))}${by ? `.${by}` : ""}.answered.${endingOf(name)}`;
let sending = null;

/** Why a file is not sent; nothing where it is. */
function faultOf(files) {
  const most = state.info.max_body_bytes;
  if (files.length !== 1) return files.length ? "One file at a time, please." : "That was no file.";
  const [file] = files;
  if (!TYPES[endingOf(file.name)]) return `${file.name} is no .csv, .tsv, .jsonl or .json file.`;
  if (!file.size) return `${file.name} is empty.`;
  if (most && file.size > most) {
    return `${file.name} has ${inMegabytes(file.size)}; the service takes ${inMegabytes(most)} at once. For larger files: bertft predict ${location.origin} FILE`;
  }
  return "";
}

/** A file that is on its way, or back, stays where the next one cannot be sent. */
function takeFiles(files) {
  const fault = faultOf(files);
  byId("file-refusal").textContent = fault;
  if (!fault) sendFile(files[0]);
}

/** What was said of a file; one that is on its way goes on. */
function forgetFile() {
  if (sending) return;
  byId("download").hidden = true;
  fileSays("");
}

function fileSays(words, fault = "") {
  byId("file-status").textContent = words;
  byId("file-refusal").textContent = fault;
}

/** XMLHttpRequest, as fetch tells nothing of what has been sent. */
function sendFile(file) {
  if (sending) sending.abort();
  byId("download").hidden = true;
  const [request, model] = [new XMLHttpRequest(), state.model.name];
  sending = request;
  const query = new URLSearchParams({ model, filename: file.name });
  request.open("POST", `${addressOf("file")}?${query}`);
  for (const [name, value] of Object.entries(headersWithKey(TYPES[endingOf(file.name)]))) request.setRequestHeader(name, value);
  request.responseType = "blob";
  request.upload.onprogress = ({ loaded, total }) => showProgress(`Sending ${file.name} …`, total ? loaded / total : null);
  request.upload.onload = () => showProgress(`${file.name} was sent (${inMegabytes(file.size)}). The service is answering its rows …`, null);
  request.onload = () => fileCameBack(request, file, model);
  request.onerror = () => fileFailed(`${file.name} could not be sent, or the service broke off. Did the file change, or did the service stop?`);
  request.onabort = () => sending === request && fileFailed(`${file.name} was stopped.`);
  showProgress(`Sending ${file.name} …`, 0);
  request.send(file);
}

/** `done` is a share, or null while nobody knows. */
function showProgress(words, done) {
  const bar = byId("progress");
  bar.hidden = byId("file-stop").hidden = false;
  if (done === null) bar.removeAttribute("value");
  else bar.value = done;
  if (byId("file-status").textContent !== words) byId("file-status").textContent = words;
}

function sendingIsOver() {
  sending = null;
  byId("progress").hidden = byId("file-stop").hidden = true;
}

function fileFailed(words) {
  sendingIsOver();
  fileSays("", words);
}

async function fileCameBack(request, file, model) {
  if (sending !== request) return;
  if (request.status !== 200) {
    const refusal = refusalOf(request.status, await request.response.text(), request.getResponseHeader("Retry-After"));
    if (refusal.status === 401) askForNewKey();
    return fileFailed(refusal.status === 429 ? `${refusal.message} Try again in ${refusal.wait} s.` : refusal.message);
  }
  sendingIsOver();
  offerDownload(request, file, state.info.models.length > 1 ? model : "");
}

/** How many rows, and what is to be known of them: the service says it beside the file. */
function toldBeside(request) {
  const number = (name) => Number(request.getResponseHeader(name)) || 0;
  const [rows, unanswered, truncated] = ["x-rows", "x-unanswered", "x-truncated"].map(number);
  return [
    rows ? ` ${counted(rows, "row")}.` : "",
    unanswered ? ` ${counted(unanswered, "row")} without an answer: the column “reason” says why.` : "",
    truncated ? ` ${counted(truncated, "text")} longer than the model reads, so cut.` : "",
  ].join("");
}

/** `by`: the model that answered, where there are several. */
function offerDownload(request, file, by) {
  const link = byId("download");
  if (link.href) URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(request.response);
  link.download = answeredName(file.name, by);
  link.textContent = `Save ${link.download}`;
  link.hidden = false;
  byId("file-status").textContent = `${file.name} is answered${by ? ` by ${by}` : ""} (${inMegabytes(request.response.size)}).${toldBeside(request)}`;
  link.focus();
}

/** Text that is dragged goes into a box, as everywhere. */
function onFiles(target, kind, act) {
  target.addEventListener(kind, (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    act(event);
  });
}

function takeDrops() {
  const area = byId("drop");
  for (const kind of ["dragenter", "dragover"]) onFiles(area, kind, () => area.classList.add("over"));
  for (const kind of ["dragleave", "drop"]) area.addEventListener(kind, () => area.classList.remove("over"));
  onFiles(area, "drop", ({ dataTransfer }) => takeFiles([...dataTransfer.files]));
  for (const kind of ["dragover", "drop"]) onFiles(window, kind, () => {}); // a miss would leave the page
  byId("file").addEventListener("change", ({ target }) => { takeFiles([...target.files]); target.value = ""; });
  byId("file-stop").addEventListener("click", () => sending && sending.abort());
}
