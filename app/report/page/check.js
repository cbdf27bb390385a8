"use strict";
// Shows the findings of `transfer check` and saves the marks that a person makes as a CSV file. All text from outside becomes
// text nodes.
const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const marks = new Map();  // path -> {action, label}
const controls = new Map();  // path -> functions that show the path's mark
const targets = new Map(data.pictures.map((picture) => [picture.path, picture.target]));
let isSaved = true;

function make(tag, parent, text, className) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  if (parent) parent.append(element);
  return element;
}

function csvField(text) {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// A new class that is the present one changes nothing.
function actionOf(path, mark) {
  return mark.action === "relabel" && mark.label === targets.get(path) ? "keep" : mark.action;
}

function marksAsCsv() {
  const rows = [...marks].map(([path, mark]) => {
    const action = actionOf(path, mark);
    return [path, action, action === "relabel" ? mark.label : ""].map(csvField).join(",");
  });
  return ["path,action,label", ...rows].join("\n") + "\n";
}

function showCount() {
  const count = (action) => [...marks].filter(([path, mark]) => actionOf(path, mark) === action).length;
  byId("count").textContent = `${count("drop")} to drop, ${count("relabel")} to relabel, ${count("keep")} to keep`;
}

function setMark(path, action, label) {
  if (action === "") marks.delete(path);
  else marks.set(path, {action, label: action === "relabel" ? label : ""});
  isSaved = marks.size === 0;
  for (const show of controls.get(path)) show();
  showCount();
}

function addMarkControls(parent, figure, picture, suggested) {
  const box = make("div", parent, undefined, "mark");
  if (!picture.can_be_marked) {
    make("span", box, "its name is not UTF-8 and cannot be marked here", "muted");
    return;
  }
  const path = picture.path;
  const action = make("select", box);
  action.setAttribute("aria-label", `What to do with ${path}`);
  const actions = [["", "no mark"], ["keep", "keep"], ["drop", "drop"]];
  if (data.can_relabel) actions.push(["relabel", "relabel"]);
  for (const [value, text] of actions) make("option", action, text).value = value;
  const label = make("select", box);
  label.setAttribute("aria-label", `New class of ${path}`);
  for (const entry of data.classes) make("option", label, entry.name).value = entry.name;
  const preferred = suggested ?? picture.target;
  label.value = preferred;
  action.addEventListener("change", () => setMark(path, action.value, label.value));
  label.addEventListener("change", () => setMark(path, "relabel", label.value));
  const show = () => {
    const mark = marks.get(path);
    action.value = mark ? mark.action : "";
    label.hidden = action.value !== "relabel";
    if (mark && mark.action === "relabel") label.value = mark.label;
    figure.classList.toggle("is-drop", action.value === "drop");
    figure.classList.toggle("is-relabel", mark !== undefined && actionOf(path, mark) === "relabel");
  };
  if (!controls.has(path)) controls.set(path, []);
  controls.get(path).push(show);
  show();
}

function addFigure(parent, number, suggested) {
  const picture = data.pictures[number];
  const figure = make("figure", parent);
  if (picture.thumbnail) {
    const image = make("img", figure);
    image.src = picture.thumbnail;
    image.alt = `${picture.path}, ${picture.target}`;
    image.loading = "lazy";
  } else {
    make("div", figure, "no picture", "absent");
  }
  const caption = make("figcaption", figure);
  make("strong", caption, picture.target);
  make("div", caption, picture.split ? `${picture.split}: ${picture.path}` : picture.path);
  addMarkControls(figure, figure, picture, suggested);
}

// Marks the first image of each pair, but of none with two labels: which of the two is right is for a person to say.
function addDropButton(parent, section) {
  const hasOneLabel = (card) => card.other === undefined || data.pictures[card.picture].target === data.pictures[card.other].target;
  const cards = section.cards.filter((card) => data.pictures[card.picture].can_be_marked);
  const left = cards.filter((card) => !hasOneLabel(card)).length;
  const button = make("button", parent, left === 0 ? "Drop all of these that are shown" : "Drop all of these that are shown and have one label");
  button.type = "button";
  button.addEventListener("click", () => cards.filter(hasOneLabel).forEach((card) => setMark(data.pictures[card.picture].path, "drop", "")));
  if (left > 0) make("p", parent, `The button leaves out ${left} with two labels: look which of the two is right, and drop the other.`, "muted");
}

function addSection(section) {
  const element = make("section", byId("sections"));
  make("h2", element, `${section.title[0].toUpperCase()}${section.title.slice(1)}: ${section.count}`);
  make("p", element, section.advice);
  const left = section.count - section.cards.length;
  if (left > 0) make("p", element, `The ${section.cards.length} worst are shown; check.json lists the other ${left}.`, "muted");
  if (["exact_duplicate", "near_duplicate", "leak", "broken", "one_shade"].includes(section.fault)) {
    addDropButton(element, section);
  }
  const list = make("ul", element, undefined, "cards");
  for (const card of section.cards) {
    const item = make("li", list, undefined, "card");
    const pair = make("div", item, undefined, "pair");
    addFigure(pair, card.picture, card.suggested);
    if (card.other !== undefined) addFigure(pair, card.other);
    if (card.text && card.other === undefined) make("p", item, card.text);
  }
}

function addClassTable() {
  const table = byId("classes");
  if (data.classes.length === 0) return;
  const splits = Object.keys(data.classes[0]).filter((key) => key !== "name");
  const head = make("tr", make("thead", table));
  make("th", head, "class");
  for (const split of splits) make("th", head, split, "number");
  const body = make("tbody", table);
  for (const entry of data.classes) {
    const row = make("tr", body);
    make("td", row, entry.name);
    for (const split of splits) make("td", row, String(entry[split]), "number");
  }
}

function save() {
  const link = make("a", document.body);
  link.href = URL.createObjectURL(new Blob([marksAsCsv()], {type: "text/csv"}));
  link.download = "fixes.csv";
  link.click();
  link.remove();
  isSaved = true;
}

// Marks are kept by the page alone: a browser keeps nothing for a page that is a file.
window.addEventListener("beforeunload", (event) => {
  if (!isSaved) event.preventDefault();
});

byId("about").textContent = `${data.data}: ${data.images} images` + (data.backbone ? `, features of ${data.backbone}` : "");
byId("command").textContent = data.command;
for (const line of data.summary) make("li", byId("summary"), line);
addClassTable();
data.sections.forEach(addSection);
if (data.sections.length === 0) make("p", byId("sections"), "No faults were found in single images.");
byId("save").addEventListener("click", save);
showCount();
