/* Answers as people read them: from the service's JSON to {said, shown}, a sentence for the status line and the elements below. */

const FEW = 8, MOST_LISTED = 200;

function bars(entries, { number = share, isFirst = (_, place) => place === 0 } = {}) {
  const list = make("ul", { class: "bars" }, ...entries.map((entry, place) => make("li", { class: isFirst(entry, place) ? "first" : null },
    foreign(entry.label), make("span", { class: "number" }, number(entry.score)),
    make("span", { class: "bar", "aria-hidden": "true" }, make("i", { "--share": `${100 * Math.min(Math.max(entry.score, 0), 1)}%` })))));
  const rest = [...list.children].slice(FEW);
  if (rest.length < 2) return [list];
  for (const line of rest) line.hidden = true;
  const all = make("button", { type: "button", class: "quiet small" }, `Show all ${entries.length} labels`);
  all.addEventListener("click", () => { for (const line of rest) line.hidden = false; all.remove(); });
  return [list, make("p", {}, all)];
}

/** /predict: [{label, score}], or one number. */
function scoresAnswer(answer, { model, also }) {
  if (!Array.isArray(answer) || !answer.length) throw new Refusal("The service answered without a label.");
  const [first] = answer;
  if (model.problem === "regression") {
    return { said: `Score ${decimal(first.score)}.`, shown: [make("p", { class: "lead number-only" }, decimal(first.score))] };
  }
  if (also) return labelsAnswer(answer, also.rows[0].predicted_labels);
  return { said: `${first.label}, probability ${share(first.score)}.`, shown: [make("p", { class: "lead" }, foreign(first.label)), ...bars(answer)] };
}

/** Any number of labels: which of them the text gets is the service's to say, as each has a threshold of its own. */
function labelsAnswer(answer, given) {
  const lead = given.length ? given.flatMap((label, place) => [place ? ", " : "", foreign(label)]) : ["No label"];
  const said = given.length ? `${counted(given.length, "label")} of ${answer.length}.` : "No label reaches its threshold.";
  const note = "Each label stands for itself and has its own threshold: probabilities need not add up to 1.";
  const shown = bars(answer, { isFirst: ({ label }) => given.includes(label) });
  return { said, shown: [make("p", { class: "lead" }, ...lead), ...shown, make("p", { class: "soft" }, note)] };
}

/** /entities: for one text, a list that holds its list. */
function entitiesAnswer(answer, { text, model }) {
  const [entities] = answer;
  if (!entities.length) return { said: "No entities.", shown: [passage("Your text", text, [])] };
  const fit = allFit(text, entities);
  const rows = entities.map(({ text: words, label, probability, start, end }) => [words, label, share(probability), `${start}–${end}`]);
  const list = table("Entities", ["entity", "label", "probability", "place"], rows.slice(0, MOST_LISTED), [2, 3]);
  const left = rows.length > MOST_LISTED ? make("p", { class: "soft" }, `The first ${MOST_LISTED} are listed.`) : null;
  const inPlace = fit ? entityPassage(text, entities, model.entity_types || model.labels || []) : make("p", { class: "bad" }, MISFIT);
  return { said: `${counted(entities.length, "entity", "entities")}.`, shown: [inPlace, list, left] };
}

/** /answer: a place in the context, or none. */
function spanAnswer(answer, { context }) {
  const none = typeof answer.no_answer_probability === "number" ? `No answer: ${share(answer.no_answer_probability)}.` : "";
  if (!answer.answer) {
    return { said: `The context holds no answer. ${none}`, shown: [make("p", { class: "lead" }, "No answer"), passage("The context", context, [])] };
  }
  const place = { start: answer.start, end: answer.end, text: answer.answer };
  const mark = { ...place, name: "", attributes: { class: "found", title: `probability ${share(answer.probability)}` } };
  const shown = allFit(context, [place]) ? passage("The context with the answer", context, [mark]) : make("p", { class: "bad" }, MISFIT);
  return { said: `Probability ${share(answer.probability)}. ${none}`, shown: [make("p", { class: "lead" }, foreign(answer.answer)), shown] };
}

/** /similarity: a number for each sentence; the most similar first. */
function similarityAnswer(answer, { sentences }) {
  const entries = sentences.map((label, place) => ({ label, score: answer[place] })).sort((one, other) => other.score - one.score);
  return { said: `Most similar: ${decimal(entries[0].score)} of at most 1.`, shown: bars(entries, { number: (score) => score.toFixed(3) }) };
}

/** /rows: the columns that `predict` would add. */
function columnsAnswer(answer) {
  const [row] = answer.rows;
  const worded = (value) => (value === null || value === undefined || value === "" ? "–" : typeof value === "string" ? value : JSON.stringify(value));
  const rows = answer.columns.filter((name) => name !== "reason").map((name) => [name, worded(row[name])]);
  const reason = row.reason ? make("p", { class: "bad" }, foreign(row.reason)) : null;
  return { said: row.reason ? "This row has no answer." : "Answered.", shown: [reason, table("Columns of the answer", ["column", "value"], rows)] };
}

const TOWARDS_A_LABEL = { for: "speaks for it", against: "speaks against it" }, TOWARDS_A_NUMBER = { for: "raises it", against: "lowers it" };

/** /explain: words with their weights, in each text and as a table, strongest first. */
function reasonsShown({ label, pieces }, texts, isNumber) {
  const ofText = texts.map((_, number) => pieces.filter(({ input }) => (input || 0) === number));
  if (!texts.every((text, number) => allFit(text, ofText[number]))) return [make("p", { class: "bad" }, MISFIT)];
  const ranked = pieces.filter(({ weight }) => weight).sort((one, other) => Math.abs(other.weight) - Math.abs(one.weight));
  const effects = isNumber ? TOWARDS_A_NUMBER : TOWARDS_A_LABEL;
  const rows = ranked.slice(0, MOST_LISTED).map(({ text, weight }) => [text, signed(weight), effects[sideOf(weight)]]);
  const unread = pieces.filter(({ weight }) => weight === null).length;
  return [
    make("h3", {}, "The words that mattered for ", isNumber ? "the number" : foreign(label)),
    ...texts.map((text, number) => weightPassage(text, ofText[number], strongest(pieces), effects)),
    unread ? make("p", { class: "soft" }, `${counted(unread, "word")} at the end, struck through, were beyond what the model reads.`) : null,
    make("p", { class: "soft" }, ...(isNumber ? legendOfNumber() : legendOfLabel(label))),
    make("details", {}, make("summary", {}, "As a table"), table("Words by weight", ["word", "weight", "effect"], rows, [1])),
  ].filter(Boolean);
}

const sample = (side, words) => make("mark", { class: side, "--share": "45%" }, words);
const legendOfNumber = () => ["An underlined word ", sample("for", "raises"), " the number, a dotted one ", sample("against", "lowers"), " it, by as much as stands behind it."];
const legendOfLabel = (label) => ["Underlined words speak ", sample("for", "for"), " ", foreign(label), ", dotted ones ", sample("against", "against"),
  " it. The number says how much a word adds to the label’s score before that becomes a probability."];
