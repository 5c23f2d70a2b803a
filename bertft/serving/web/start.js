/* What the service is, and what happens on a key or a click. */

const TYPING_PAUSE = 400;
let typing = 0;

async function start() {
  byId("trouble").hidden = byId("key-form").hidden = true;
  try {
    state.info = await call("info");
  } catch (error) {
    return error.status === 401 ? askForKey(key ? "That key is not the service's." : "") : inTrouble(error.message);
  }
  if (!Array.isArray(state.info.models) || !state.info.models.length) return inTrouble("The service has no model to ask.");
  offerModels(state.info.models);
}

function inTrouble(words) {
  const again = make("button", { type: "button", class: "quiet small" }, "Try again");
  again.addEventListener("click", start);
  byId("trouble").replaceChildren(make("p", {}, words), make("p", {}, again));
  byId("trouble").hidden = false;
}

function askForKey(words) {
  byId("key-form").hidden = false;
  byId("desk").hidden = true;
  byId("key-trouble").textContent = words;
  byId("key").focus();
}

/** Where the service no longer takes the key, or wants one only now. */
const askForNewKey = () => askForKey(key ? "The service no longer takes this key. Enter the new one: what you typed is kept." : "");

function offerModels(models) {
  byId("model").replaceChildren(...models.map(({ name }, place) => make("option", { value: String(place) }, name)));
  byId("choice").hidden = models.length < 2;
  byId("desk").hidden = false;
  const place = Math.max(models.findIndex(({ name }) => state.model && name === state.model.name), 0);
  byId("model").value = String(place);
  choose(models[place]);
}

/** Texts stay where both forms have a field of the same name. */
function choose(model) {
  const before = state.model ? readForm().values : {};
  if (state.model && state.model.name !== model.name) forgetFile();
  if (state.stopper) stopAsking();
  state.model = model;
  state.form = formOf(model);
  drawForm(state.form, model);
  for (const box of byId("fields").querySelectorAll("[data-field]")) box.value = before[box.dataset.field] || "";
  clearAnswer();
  say("The answer will stand here.");
  describe(model);
  formChanged();
}

function describe(model) {
  const limit = model.max_length ? `reads up to ${counted(model.max_length, "token")}` : null;
  const labels = model.labels && model.labels.length ? counted(model.labels.length, "label") : null;
  const types = model.entity_types && model.entity_types.length ? counted(model.entity_types.length, "entity type") : null;
  const name = state.info.models.length < 2 ? model.name : null;
  byId("about").replaceChildren(foreign([name, model.kind, types || labels, limit].filter(Boolean).join(" · ")));
  document.title = `${model.name} · bertft`;
  byId("file-part").hidden = !(model.answers || []).includes("file");
  const columns = columnsOf(model).map((name) => columnShown(name, model));
  byId("wanted").replaceChildren(...(columns.length ? [columns.length === 1 ? "It needs the column " : "It needs the columns ", foreign(columns.join(", ")), "."] : []));
  const version = state.info.version ? ` ${state.info.version}` : "";
  byId("foot").textContent = `bertft${version}${model.device ? ` · ${model.device}` : ""}. What you type goes to ${location.host} and nowhere else.`;
}

/** A column that stands alone in its role may also have one of the usual names. */
function columnShown(name, model) {
  const role = roleOf(name, model);
  const others = [model.columns[role]].flat().length === 1 ? ((model.usual_columns || {})[role] || []).filter((other) => other !== name) : [];
  return others.length ? `${name} (or ${others.join(", ")})` : name;
}

function formChanged() {
  state.cut = false;
  showCode(decidingRequest());
  markStale();
}

/** While someone composes a letter from several keys, nothing is asked. */
function listenToTyping() {
  const form = byId("question");
  form.addEventListener("input", ({ isComposing }) => {
    clearTimeout(typing);
    formChanged();
    if (byId("live").checked && !isComposing && !readForm().missing) typing = setTimeout(ask, TYPING_PAUSE);
  });
  form.addEventListener("compositionend", () => form.dispatchEvent(new InputEvent("input")));
  form.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form.requestSubmit(); }
    if (event.key === "Escape" && !byId("stop").hidden) stopAsking();
  });
  form.addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(typing); ask(); });
}

function listen() {
  listenToTyping();
  takeDrops();
  byId("stop").addEventListener("click", stopAsking);
  byId("model").addEventListener("change", ({ target }) => choose(state.info.models[Number(target.value)]));
  byId("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const given = byId("key").value.trim();
    if (!/^[\x21-\x7e]+$/.test(given)) { byId("key-trouble").textContent = "A key holds letters, digits and signs without accents or spaces."; return; }
    key = given;
    byId("key").value = "";
    start().then(() => byId("desk").hidden || byId("fields").querySelector("[data-field]").focus());
  });
}

byId("code").append(codeBlock("curl", "curl"), codeBlock("Python", "python"));
listen();
start();
