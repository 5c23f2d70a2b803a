/* Places in a text. The service counts characters as Python does, by code points; strings here count UTF-16. So a text is cut as a
   list of characters. */

/** Whether each place lies in the text and holds what the service says it holds. */
function allFit(text, places) {
  const letters = Array.from(text);
  return places.every(({ start, end, text: held }) => {
    const isInside = Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start <= end && end <= letters.length;
    return isInside && (typeof held !== "string" || letters.slice(start, end).join("") === held);
  });
}

/** A text in a box. Marks are {start, end, attributes, name}; where they overlap, the text is cut wherever one begins or ends. */
function passage(label, text, marks) {
  const letters = Array.from(text);
  const borders = [...new Set([0, letters.length, ...marks.flatMap(({ start, end }) => [start, end])])].sort((a, b) => a - b);
  const waiting = [...marks].sort((one, other) => one.start - other.start);
  let open = [];
  const parts = borders.slice(1).map((right, number) => {
    const left = borders[number];
    while (waiting.length && waiting[0].start <= left) open.push(waiting.shift());
    open = open.filter((mark) => mark.end > left);
    return marked(letters.slice(left, right).join(""), open, right);
  });
  return make("div", { class: "passage", dir: "auto", role: "group", "aria-label": label, tabindex: "0" }, ...parts);
}

/** The name of a mark stands where it ends. */
function marked(text, open, right) {
  return open.reduce((inner, mark) => {
    const name = mark.name && mark.end === right ? make("small", {}, " ", foreign(mark.name)) : null;
    return make("mark", mark.attributes, inner, name);
  }, text);
}

const MISFIT = "The places that the service named do not fit this text, so nothing is marked in it.";
const HUES = [212, 28, 142, 276, 350, 182, 52, 310];

/** The same label has the same colour in every answer of a model. */
function hueOf(label, labels) {
  const own = labels.indexOf(label);
  return HUES[(own >= 0 ? own : Array.from(label).reduce((sum, letter) => sum + letter.codePointAt(0), 0)) % HUES.length];
}

function entityPassage(text, entities, labels) {
  const marks = entities.map(({ start, end, label, probability }) => ({
    start, end, name: label, attributes: { class: "entity", "--hue": hueOf(label, labels), title: `${label}, probability ${share(probability)}` },
  }));
  return passage("Your text with its entities", text, marks);
}

/** Words that count little get no shade; the others their share of the strongest, `most`, and the number behind it. What was not
    read has no weight. */
function weightPassage(text, pieces, most, effects) {
  const marks = pieces.filter(({ weight }) => weight === null || (most > 0 && Math.abs(weight) >= 0.1 * most));
  return passage("Your text with the words that mattered", text, marks.map((piece) => ({ ...piece, ...weightMark(piece.weight, most, effects) })));
}

function weightMark(weight, most, effects) {
  if (weight === null) return { name: "", attributes: { class: "unread", title: "was not read" } };
  const [part, side] = [Math.abs(weight) / most, sideOf(weight)];
  const attributes = { class: part >= 0.5 ? side : `${side} faint`, "--share": `${Math.round(10 + 60 * part)}%`, title: `${signed(weight)}, ${effects[side]}` };
  return { name: part >= 0.5 ? signed(weight) : "", attributes };
}

const sideOf = (weight) => (weight > 0 ? "for" : "against");
const strongest = (pieces) => pieces.reduce((most, { weight }) => Math.max(most, Math.abs(weight) || 0), 0);
const signed = (weight) => (weight > 0 ? "+" : "−") + (Math.abs(weight) < 0.1 ? Number(Math.abs(weight).toPrecision(2)) : Math.abs(weight).toFixed(2));
