"use strict";
/* What the page is made of. Data only ever becomes text: nothing here reads markup. */

const byId = (id) => document.getElementById(id);

/** An element; null parts are left out, strings become text. Properties of `style` are set one by one, as the policy asks. */
function make(tag, attributes = {}, ...parts) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("--")) made.style.setProperty(name, value);
    else if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...parts.filter((part) => part !== null));
  return made;
}

/** Text from data, whose direction is its own. */
const foreign = (text, attributes = {}) => make("bdi", { dir: "auto", ...attributes }, String(text));

/** A number between 0 and 1 as people read it: never 1.000 or 0.000 for what is less than certain. */
function share(number) {
  if (typeof number !== "number" || !Number.isFinite(number)) return "–";
  if (number > 0 && number < 0.0005) return "< 0.001";
  if (number < 1 && number >= 0.9995) return "> 0.999";
  return number.toFixed(3);
}

/** With all its digits before the point and four behind it; of less than 0.001 the first four that are not 0. */
function decimal(number) {
  if (typeof number !== "number" || !Number.isFinite(number)) return "–";
  return String(Number(Math.abs(number) < 0.001 ? number.toPrecision(4) : number.toFixed(4)));
}

const counted = (number, one, more = `${one}s`) => `${number.toLocaleString("en")} ${number === 1 ? one : more}`;

/** What JSON and Python take as text: half a pair of UTF-16 is no character. */
const wellFormed = (text) => text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");

/** Columns that hold numbers are named in `numbers`. */
function table(caption, header, rows, numbers = []) {
  const kind = (place) => (numbers.includes(place) ? "number" : null);
  const cell = (value, place) => make("td", { class: kind(place) }, value instanceof Node ? value : foreign(value));
  const head = header.map((name, place) => make("th", { scope: "col", class: kind(place) }, name));
  const lines = rows.map((row) => make("tr", {}, ...row.map(cell)));
  const grid = make("table", { "aria-label": caption }, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...lines));
  return make("div", { class: "scroll", role: "region", "aria-label": caption, tabindex: "0" }, grid);
}
