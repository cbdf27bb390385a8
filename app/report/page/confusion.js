"use strict";
// The confusion matrix: a table of buttons for few classes, a picture with a cursor for many.

const MOST_TABLE_CLASSES = 15;

// Counts and images of the cells, by "truth,predicted".
function confusionCells() {
  const cells = new Map(data.charts.confusion.map(([truth, predicted, count]) => [`${truth},${predicted}`, {truth, predicted, count, images: []}]));
  for (const cell of pictures.cells) cells.get(`${cell.truth},${cell.predicted}`).images = cell.images;
  return cells;
}

function cellTitle(cell) {
  return cell.truth === cell.predicted
    ? `${data.classes[cell.truth]}, predicted right`
    : `${data.classes[cell.truth]}, taken for ${data.classes[cell.predicted]}`;
}

function openCell(cell) {
  openImages(cellTitle(cell), cell.images, cell.count);
}

// The share of its row, which the shade shows.
function shareOf(cell) {
  return cell.count / Math.max(1, data.charts.per_class.support[cell.truth]);
}

function confusionTable(cells) {
  const heat = (share) => Math.min(5, Math.max(1, Math.ceil(share * 5)));
  const cellElement = (truth, predicted) => {
    const cell = cells.get(`${truth},${predicted}`);
    if (!cell) return element("td", {class: "muted"}, "0");
    return element("td", {}, element("button", {
      type: "button", class: `cell ${truth === predicted ? "hit" : "miss"} heat-${heat(shareOf(cell))}`,
      "aria-label": `${countText(cell.count, "image")} of ${cellTitle(cell)}: show`, onclick: () => openCell(cell),
    }, String(cell.count)));
  };
  const table = element("table", {class: "confusion"},
    element("thead", {}, element("tr", {}, element("td", {}), ...data.classes.map((name) => element("th", {scope: "col"}, nameElement(name))))),
    element("tbody", {}, ...data.classes.map((name, truth) => element("tr", {}, element("th", {scope: "row"}, nameElement(name)),
      ...data.classes.map((_, predicted) => cellElement(truth, predicted))))));
  return [element("p", {class: "muted"}, "Rows: true class. Columns: predicted class. Numbers of images."),
    element("div", {class: "scrolls", tabindex: "0", role: "region", "aria-label": "Confusion matrix"}, table)];
}

// Draws every cell as a square of `side` pixels.
function paintCells(canvas, cells, side, cursor) {
  const palette = colours();
  const context = canvas.getContext("2d");
  context.fillStyle = palette.background;
  context.fillRect(0, 0, canvas.width, canvas.height);
  for (const cell of cells.values()) {
    context.globalAlpha = 0.2 + 0.8 * shareOf(cell);
    context.fillStyle = cell.truth === cell.predicted ? palette.accent : palette.bad;
    context.fillRect(cell.predicted * side, cell.truth * side, side, side);
  }
  context.globalAlpha = 1;
  context.strokeStyle = palette.text;
  context.lineWidth = 2;
  context.strokeRect(cursor.predicted * side - 1, cursor.truth * side - 1, side + 2, side + 2);
}

function confusionMap(cells) {
  const count = data.classes.length;
  const side = Math.max(1, Math.floor(720 / count));
  const canvas = element("canvas", {width: side * count, height: side * count, "aria-hidden": "true"});
  const status = element("p", {class: "status", role: "status"});
  const map = element("div", {
    class: "map", tabindex: "0", role: "application",
    "aria-label": `Confusion matrix of ${count} classes. Arrow keys move between fields, Enter shows the images of a field. The table of confused pairs below has the same numbers.`,
  }, canvas);
  const cursor = {truth: 0, predicted: 0};
  const cellAt = () => cells.get(`${cursor.truth},${cursor.predicted}`) || {...cursor, count: 0, images: []};
  const move = (truth, predicted) => {
    cursor.truth = Math.min(count - 1, Math.max(0, truth));
    cursor.predicted = Math.min(count - 1, Math.max(0, predicted));
    const cell = cellAt();
    status.replaceChildren("True: ", nameElement(data.classes[cell.truth]), ". Predicted: ", nameElement(data.classes[cell.predicted]), `. ${countText(cell.count, "image")}.`);
    paintCells(canvas, cells, side, cursor);
  };
  const open = () => { if (cellAt().count > 0) openCell(cellAt()); };
  const moveTo = (event) => {
    const box = canvas.getBoundingClientRect();
    move(Math.floor((event.clientY - box.top) / box.height * count), Math.floor((event.clientX - box.left) / box.width * count));
  };
  canvas.addEventListener("mousemove", moveTo);
  canvas.addEventListener("click", (event) => { moveTo(event); open(); });
  map.addEventListener("keydown", (event) => {
    const step = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]}[event.key];
    if (step) move(cursor.truth + step[0], cursor.predicted + step[1]);
    else if (event.key === "Enter" || event.key === " ") open();
    else return;
    event.preventDefault();
  });
  document.addEventListener("colours", () => paintCells(canvas, cells, side, cursor));
  move(0, 0);
  return [element("p", {class: "muted"}, "Rows from above: true classes. Columns from the left: predicted classes, in the same order."), map, status];
}

function confusedPairs(cells) {
  const pairs = [...cells.values()].filter((cell) => cell.truth !== cell.predicted).sort((a, b) => b.count - a.count);
  if (pairs.length === 0) return element("p", {}, "No class was taken for another.");
  const rows = pairs.slice(0, 20).map((cell) => [
    nameElement(data.classes[cell.truth]), nameElement(data.classes[cell.predicted]), String(cell.count), percent(shareOf(cell), 0),
    element("button", {type: "button", "aria-label": `Show images of ${cellTitle(cell)}`, onclick: () => openCell(cell)}, "show"),
  ]);
  return element("div", {}, element("h3", {}, "Most confused pairs"),
    tableOf(pairs.length > 20 ? `The first 20 of ${pairs.length} pairs` : "All pairs", [{title: "true class"}, {title: "taken for"},
      {title: "images", number: true}, {title: "of that class", number: true}, {title: "look"}], rows));
}

function showConfusion() {
  if (!data.charts.confusion || data.classes.length < 2) return;
  const cells = confusionCells();
  show("confusion", {
    map: data.classes.length <= MOST_TABLE_CLASSES ? confusionTable(cells) : confusionMap(cells),
    pairs: confusedPairs(cells),
  });
}
