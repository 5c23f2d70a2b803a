/* One question at a time: only the newest is waited for, and only its answer is shown. */

const SLOW = 2000;
const state = { info: null, model: null, form: null, number: 0, stopper: null, answered: "", cut: false };

/** {path, body} of what the form holds now; null where a field is empty. */
function requestNow() {
  const { values, missing } = readForm();
  if (missing || !state.form) return null;
  return toModel({ path: state.form.path, body: state.form.body({ ...values, cut: state.cut }) });
}

/** The request whose answer decides: of several labels, that which says which of them are given. */
function decidingRequest() {
  const { values, missing } = readForm();
  const also = !missing && state.form.also ? state.form.also(values, state.model) : null;
  return also ? toModel(also) : requestNow();
}

/** Only where there are several does a request name its model. */
function toModel(request) {
  return request && state.info.models.length > 1 ? { ...request, body: { ...request.body, model: state.model.name } } : request;
}

function say(words) { byId("status").textContent = words; }

function begin() {
  if (state.stopper) state.stopper.abort(new DOMException("a newer question", "AbortError"));
  state.stopper = new AbortController();
  state.number += 1;
  byId("stop").hidden = false;
  byId("answer").setAttribute("aria-busy", "true");
  return { number: state.number, signal: state.stopper.signal };
}

function end() {
  byId("stop").hidden = true;
  byId("answer").removeAttribute("aria-busy");
}

/** `work(signal)` may take its time. Whatever comes of it counts only while no newer work has begun. */
async function newest(work, show, fail = refused) {
  const { number, signal } = begin();
  const isNewest = () => number === state.number;
  const slow = setTimeout(() => isNewest() && say("Still waiting for the service …"), SLOW);
  try {
    const answer = await work(signal, (words) => isNewest() && say(words));
    if (isNewest()) show(answer);
  } catch (error) {
    if (isNewest()) fail(error);
  } finally {
    clearTimeout(slow);
    if (isNewest()) end();
  }
}

function stopAsking() {
  if (!state.stopper) return;
  state.number += 1;
  state.stopper.abort(new DOMException("stopped", "AbortError"));
  end();
  say("Stopped.");
}

async function ask() {
  const { values, missing } = readForm();
  if (missing) {
    clearAnswer();
    say("Type a text first.");
    return missing.focus();
  }
  const [request, form, model] = [requestNow(), state.form, state.model];
  say("Asking …");
  const wanted = [request, form.also ? toModel(form.also(values, model)) : null];
  const work = (signal, tell) => Promise.all(wanted.map((one) => one && callPatiently(one.path, one.body, signal, tell)));
  await newest(work, ([answer, also]) => {
    const { said, shown } = form.show(answer, { ...form.given(values), model, also });
    clearAnswer();
    byId("result").replaceChildren(...shown.filter(Boolean));
    if (request.body.truncate) byId("result").append(make("p", { class: "soft" }, "The text was cut to what the model reads."));
    say(said);
    state.answered = JSON.stringify(requestNow());
    offerReasons(values, model);
    markStale();
  });
}

function clearAnswer() {
  for (const id of ["refusal", "result", "reasons"]) byId(id).replaceChildren();
  state.answered = "";
}

/** What went wrong, in words. */
function faultShown(error) {
  const words = error instanceof Refusal ? error.message : "The answer could not be read: it has another form than this page knows.";
  if (!(error instanceof Refusal)) console.error(error);
  if (error.status === 401) askForNewKey();
  return make("p", { class: "bad" }, foreign(words));
}

/** The fault in place of the answer, and what helps. */
function refused(error) {
  clearAnswer();
  say("");
  byId("refusal").replaceChildren(faultShown(error));
  if (state.form.path === "predict" && !state.cut && error.message.includes('"truncate": true')) {
    const cut = make("button", { type: "button", class: "quiet" }, "Cut the text and answer");
    cut.addEventListener("click", () => { state.cut = true; showCode(decidingRequest()); ask(); });
    byId("refusal").append(make("p", {}, cut));
  }
}

function offerReasons(values, model) {
  if (!(model.answers || []).includes("explain")) return;
  const button = make("button", { type: "button", class: "quiet" }, "Show the words that mattered");
  button.addEventListener("click", () => explain(textsOf(values), model));
  byId("reasons").replaceChildren(make("p", {}, button));
}

/** Where that fails, the answer stays. */
async function explain(texts, model) {
  const { path, body } = toModel({ path: "explain", body: { inputs: oneOrAll(texts) } });
  say("Weighing the words …");
  await newest((signal, tell) => callPatiently(path, body, signal, tell), (answer) => {
    byId("reasons").replaceChildren(...reasonsShown(answer, texts, model.problem === "regression"));
    say("The words that mattered are marked below the answer.");
  }, (error) => {
    byId("reasons").replaceChildren(byId("reasons").firstChild, make("div", { role: "alert" }, faultShown(error)));
    say("");
  });
}

/** An answer to an earlier text is shown as such. */
function markStale() {
  const isStale = Boolean(state.answered) && JSON.stringify(requestNow()) !== state.answered;
  byId("answer").classList.toggle("stale", isStale);
  byId("answer-title").textContent = isStale ? "Answer to the text before" : "Answer";
}
