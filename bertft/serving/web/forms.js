/* What is asked for each kind of answer: its fields, the request they make, and how its answer is shown. */

/** Of the fields of one `group` some may be empty, not all: their texts are joined. */
const longField = (id, label, placeholder, { tall = false, group = id } = {}) => ({ id, label, placeholder, tall, group, lines: true });
const shortField = (id, label, placeholder) => ({ id, label, placeholder, group: id, lines: false });
const textsOf = (values) => Object.keys(values).filter((id) => id.startsWith("text ")).map((id) => values[id]);
const oneOrAll = (texts) => (texts.length === 1 ? texts[0] : texts);
const rowOf = (values, model) => Object.fromEntries(textsOf(values).map((text, place) => [columnsOf(model)[place], text]));

const FORMS = {
  answer: {
    title: "Your question",
    fields: () => [shortField("ask", "Question", "What would you like to know?"), longField("context", "Context", "The text that may hold the answer.", { tall: true })],
    body: ({ ask, context }) => ({ question: ask, context }),
    show: spanAnswer, given: ({ context }) => ({ context }),
  },
  entities: {
    title: "Your text",
    fields: () => [longField("text 0", "Text", "A sentence that names people, places or things.", { tall: true })],
    tick: "These are words already, with spaces between them",
    body: (values) => ({ inputs: values.ticked ? [wordsOf(values["text 0"])] : values["text 0"] }),
    show: entitiesAnswer, given: (values) => ({ text: values.ticked ? wordsOf(values["text 0"]).join(" ") : values["text 0"] }),
  },
  predict: {
    title: (model) => (columnsOf(model).length > 1 ? "Your texts" : "Your text"),
    fields: (model) => columnsOf(model).length > 1
      ? columnsOf(model).map((name, place) => longField(`text ${place}`, name, "", { group: roleOf(name, model) }))
      : [longField("text 0", "Text", "Type or paste a text.", { tall: true })],
    body: (values) => ({ inputs: oneOrAll(textsOf(values)), ...(values.cut ? { truncate: true } : {}) }),
    also: (values, model) => (model.problem === "multi-label" ? { path: "rows", body: { rows: [rowOf(values, model)] } } : null),
    show: scoresAnswer, given: (values) => ({ texts: textsOf(values) }),
  },
  similarity: {
    title: "Your texts",
    fields: () => [longField("source", "Text", "The text to compare with."), longField("others", "Others, one per line", "Texts to compare it with.", { tall: true })],
    body: (values) => ({ inputs: { source_sentence: values.source, sentences: linesOf(values.others) } }),
    show: similarityAnswer, given: ({ others }) => ({ sentences: linesOf(others) }),
  },
  rows: {
    title: "Your row",
    fields: (model) => columnsOf(model).map((name) => longField(`column ${name}`, name, "", { group: roleOf(name, model) })),
    body: (values) => ({ rows: [Object.fromEntries(Object.entries(values).filter(([id]) => id.startsWith("column ")).map(([id, value]) => [id.slice(7), value]))] }),
    show: columnsAnswer, given: () => ({}),
  },
};

const wordsOf = (text) => text.trim().split(/\s+/);
const linesOf = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);
const columnsOf = (model) => [...new Set(Object.values(model.columns || {}).flat())].filter((name) => typeof name === "string");
const roleOf = (name, model) => Object.keys(model.columns).find((role) => [model.columns[role]].flat().includes(name));

/** The form of a model: the first that it can answer; an encoder alone, which answers no rows, compares texts. */
function formOf(model) {
  const can = new Set(model.answers || []);
  const path = ["answer", "entities", "predict"].find((name) => can.has(name)) || (can.has("rows") ? "rows" : "similarity");
  return { path, ...FORMS[path] };
}

function fieldShown({ id, label, placeholder, lines, tall, group }) {
  const common = { id: `field-${id}`, "data-field": id, "data-group": group, placeholder, dir: "auto", autocomplete: "off" };
  const box = lines ? make("textarea", { ...common, rows: "4", class: tall ? "tall" : null }) : make("input", { ...common, type: "text" });
  return make("div", { class: "field" }, make("label", { for: common.id }, foreign(label)), box);
}

function drawForm(form, model) {
  byId("question-title").textContent = typeof form.title === "string" ? form.title : form.title(model);
  const tick = form.tick && make("p", { class: "row" }, make("label", { class: "tick" }, make("input", { type: "checkbox", id: "ticked" }), form.tick));
  byId("fields").replaceChildren(...form.fields(model).map(fieldShown), ...(tick ? [tick] : []));
}

/** What the fields hold, by their names; `missing` is the first empty one whose group is empty too. */
function readForm() {
  const boxes = [...byId("fields").querySelectorAll("[data-field]")];
  const values = Object.fromEntries(boxes.map((box) => [box.dataset.field, wellFormed(box.value)]));
  const ticked = byId("ticked");
  const filled = new Set(boxes.filter((box) => box.value.trim()).map((box) => box.dataset.group));
  return { values: { ...values, ...(ticked && ticked.checked ? { ticked: true } : {}) }, missing: boxes.find((box) => !filled.has(box.dataset.group)) };
}
