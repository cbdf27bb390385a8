"use strict";
// What pages build themselves from. Texts from outside become text nodes, never markup.

const data = JSON.parse(document.getElementById("data").textContent);

// Scores: what people call them, what they mean, and whether they are read in percent.
const SCORES = {
  accuracy: {title: "Accuracy", percent: true, meaning: "share of images whose predicted class is right"},
  macro_f1: {title: "Macro F1", meaning: "mean over all classes of F1, which is high only where both precision and recall are; rare classes count as much as common ones"},
  auroc: {title: "AUROC", meaning: "how well the scores put images of a class before the others: 1 is perfect, 0.5 is chance"},
  mean_average_precision: {title: "Mean average precision", meaning: "mean over the labels of the precision at every recall; 1 is perfect"},
  r2: {title: "R²", meaning: "share of the variation that is predicted: 1 is perfect, 0 is what always saying the mean would reach"},
  mae: {title: "Mean absolute error", meaning: "how far off a prediction is on average, in the units of the target"},
  rmse: {title: "Root mean squared error", meaning: "likewise, with large errors counting more"},
};

// {title, percent, meaning} of a key of summary.json.
function scoreOf(key) {
  const top = /^top(\d+)_accuracy$/.exec(key);
  if (top) return {title: `Top-${top[1]} accuracy`, percent: true, meaning: `share of images whose true class is among the ${top[1]} likeliest`};
  return SCORES[key] || {title: key.replaceAll("_", " "), meaning: ""};
}

// An element with properties (class, text, attributes) and children: elements, or texts.
function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "onclick") made.addEventListener("click", value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// A name from outside, whose direction of writing does not touch the text around it.
function nameElement(text) {
  return element("bdi", {title: text.length > 24 ? text : null}, text === "" ? "none" : text);
}

function byId(id) {
  return document.getElementById(id);
}

// Shows a section and fills the elements in it that are named by data-slot.
function show(id, slots = {}) {
  const section = byId(id);
  section.hidden = false;
  for (const [name, children] of Object.entries(slots)) {
    section.querySelector(`[data-slot="${name}"]`).append(...[children].flat());
  }
  return section;
}

function isNumber(value) {
  return typeof value === "number" && Number.isFinite(value);
}

function fixed(value, digits = 3) {
  if (!isNumber(value)) return "–";
  const size = Math.abs(value);
  return size !== 0 && (size < 10 ** -digits || size >= 1e5) ? value.toPrecision(3) : value.toFixed(digits);
}

function percent(share, digits = 1) {
  return isNumber(share) ? `${(100 * share).toFixed(digits)} %` : "–";
}

function scoreText(key, value) {
  return scoreOf(key).percent ? percent(value) : fixed(value);
}

// "90.9 % to 97.8 %", or "" where there is no interval.
function intervalText(key, row) {
  return isNumber(row.low) && isNumber(row.high) ? `${scoreText(key, row.low)} to ${scoreText(key, row.high)}` : "";
}

function countText(count, singular, plural = `${singular}s`) {
  return `${count.toLocaleString("en")} ${count === 1 ? singular : plural}`;
}

// The text, cut in its middle where it is longer.
function shortened(text, most = 28) {
  const letters = [...text];
  if (letters.length <= most) return text;
  const half = Math.floor((most - 1) / 2);
  return `${letters.slice(0, half).join("")}…${letters.slice(-half).join("")}`;
}

// The name of a file without its folders.
function fileName(path) {
  return path.split("/").pop();
}

// A table in a box that scrolls. columns: {title, number, words, sort}; rows: arrays of elements, texts or {value, show}.
function tableOf(caption, columns, rows, isTall = false) {
  const body = element("tbody");
  const fill = (sorted) => {
    body.replaceChildren(...sorted.map((row) => element("tr", {}, ...row.map((cell, i) =>
      element("td", {class: columns[i].number ? "number" : columns[i].words ? "words" : null}, shownOf(cell))))));
  };
  const head = element("tr", {}, ...columns.map((column, i) => {
    const cell = element("th", {scope: "col", class: column.number ? "number" : null});
    cell.append(column.sort ? sortButton(cell, column, i, rows, fill) : column.title);
    return cell;
  }));
  fill(rows);
  const table = element("table", {}, element("caption", {}, caption), element("thead", {}, head), body);
  return element("div", {class: isTall ? "scrolls tall" : "scrolls", tabindex: "0", role: "region", "aria-label": caption}, table);
}

function shownOf(cell) {
  return cell !== null && typeof cell === "object" && "show" in cell ? cell.show : cell;
}

function valueOf(cell) {
  if (cell !== null && typeof cell === "object" && "value" in cell) return cell.value;
  return cell instanceof Element ? cell.textContent : cell;
}

function sortButton(header, column, i, rows, fill) {
  return element("button", {type: "button", onclick: () => {
    const rises = header.getAttribute("aria-sort") !== "ascending";
    for (const other of header.parentElement.children) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", rises ? "ascending" : "descending");
    const order = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
    fill([...rows].sort((a, b) => (rises ? 1 : -1) * order(valueOf(a[i]), valueOf(b[i]))));
  }}, column.title);
}

// The links to the sections that are shown.
function fillNavigation() {
  const sections = [...document.querySelectorAll("main > section")].filter((section) => !section.hidden);
  byId("contents").append(...sections.map((section) =>
    element("li", {}, element("a", {href: `#${section.id}`}, section.querySelector("h2").textContent))));
}
