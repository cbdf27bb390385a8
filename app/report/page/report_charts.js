"use strict";
// The charts of a report.

// The curves of a key over the epochs: validation and training.
function epochCurves(key, title) {
  const points = (name) => data.epochs.filter((line) => isNumber(line[name])).map((line) => ({x: line.epoch, y: line[name]}));
  const val = points(`val_${key}`);
  const train = points(`train_${key}`);
  if (val.length === 0 && train.length === 0) return null;
  const at = val.find((point) => point.x === data.best_epoch);
  const description = `Over ${countText(data.epochs.length, "epoch")}. ` +
    (at ? `At the epoch that was kept, ${data.best_epoch}, the validation images have ${fixed(at.y)}.` : "");
  return chartFigure(title, description, (palette) => ({
    type: "line",
    data: {datasets: [line("validation", val, 1, palette, {borderDash: []}), line("training", train, 0, palette, {borderDash: [6, 4]})]
      .filter((set) => set.data.length > 0)},
    options: options(palette, {x: axis("epoch", palette, {ticks: {precision: 0, color: palette.muted}}), y: axis(title, palette)}),
    plugins: [markAt(data.best_epoch, `kept: ${data.best_epoch}`, palette)],
  }), {columns: ["epoch", "training", "validation"],
    rows: data.epochs.map((entry) => [String(entry.epoch), fixed(entry[`train_${key}`], 4), fixed(entry[`val_${key}`], 4)])});
}

function showTraining() {
  if (data.epochs.length === 0) return;
  const last = data.epochs[data.epochs.length - 1];
  const keys = Object.keys(last).filter((key) => key.startsWith("val_") && key !== "val_loss").map((key) => key.slice(4));
  const figures = [epochCurves("loss", "Loss (lower is better)"), ...keys.map((key) => epochCurves(key, scoreOf(key).title))];
  show("training", {
    kept: `The network of epoch ${data.best_epoch} of ${last.epoch} was kept (green line).` +
      (data.ended_by ? ` Training ended because ${data.ended_by}.` : ""),
    charts: figures.filter((figure) => figure !== null),
  });
}

function showReliability() {
  const reliability = data.charts.reliability;
  if (!reliability) return;
  const width = 1 / reliability.bins.length;
  const filled = reliability.bins.map((bin, i) => ({...bin, low: i * width, high: (i + 1) * width})).filter((bin) => bin.count > 0);
  const what = data.task === "labels" ? "Each label of each image counts once, by its probability." : "Each image counts once, by the probability of its predicted class.";
  const diagram = chartFigure("Reliability diagram", what, (palette) => ({
    type: "bar",
    data: {datasets: [
      {label: data.task === "labels" ? "share that has the label" : "share that is right", data: filled.map((bin) => ({x: (bin.low + bin.high) / 2, y: bin.accuracy})), backgroundColor: palette.series[0], barThickness: 14},
      diagonal("as it should be", 0, 1, palette)]},
    options: options(palette, {x: axis("confidence", palette, {min: 0, max: 1, offset: false}), y: axis("share", palette, {min: 0, max: 1})}),
  }), {columns: ["confidence from", "to", "predictions", "mean confidence", "share that is right"],
    rows: filled.map((bin) => [percent(bin.low, 0), percent(bin.high, 0), String(bin.count), percent(bin.confidence), percent(bin.accuracy)])});
  const counts = chartFigure("How sure the model is", "How many predictions have which confidence.", (palette) => ({
    type: "bar",
    data: {datasets: [{label: "predictions", data: filled.map((bin) => ({x: (bin.low + bin.high) / 2, y: bin.count})), backgroundColor: palette.series[1], barThickness: 14}]},
    options: options(palette, {x: axis("confidence", palette, {min: 0, max: 1, offset: false}), y: axis("predictions", palette, {min: 0})}, {plugins: {legend: {display: false}}}),
  }));
  let text = `Expected calibration error: ${percent(reliability.error)} — on average, confidence and truth are that far apart (15 classes of equal width).`;
  text += ` Measured on the ${data.split === "all" ? "" : `${data.split} `}images, as model.pt answers them.`;
  if (data.calibration) text += ` What the temperature ${fixed(data.calibration.temperature, 2)} does was measured on the validation images, each by a temperature that was fitted to others: ${percent(data.calibration.before)} without and ${percent(data.calibration.after)} with one.`;
  show("reliability", {error: text, charts: [diagram, counts]});
}

function operatingFigures(curves) {
  const chart = (title, description, xTitle, yTitle, pointsOf, extra) => chartFigure(title, description, (palette) => ({
    type: "line",
    data: {datasets: [...curves.map((curve, i) => line(curve.name, pointsOf(curve), i, palette, {pointRadius: curve.points.length > 12 ? 0 : 3})), ...extra(palette)]},
    options: options(palette, {x: axis(xTitle, palette, {min: 0, max: 1}), y: axis(yTitle, palette, {min: 0, max: 1.02, ticks: {color: palette.muted, max: 1}})}),
  }), {columns: ["curve", xTitle, yTitle, "threshold"],
    rows: curves.flatMap((curve) => thinned(curve.points, 12).map((point) => {
      const at = pointsOf({points: [point]})[pointsOf({points: [point]}).length - 1];
      return [shortened(curve.name), fixed(at.x), fixed(at.y), fixed(point[3])];
    }))});
  const areas = curves.map((curve) => `${shortened(curve.name)} ${fixed(curve.auroc)}`).join(", ");
  return [
    chart("ROC curve", `Area below the curve (AUROC): ${areas}.`, "false alarms, of images without it", "found, of images with it",
      (curve) => [...(curve.points.length > 1 ? [{x: 0, y: 0}] : []), ...curve.points.map(([x, y]) => ({x, y}))], (palette) => [diagonal("chance", 0, 1, palette)]),
    chart("Precision–recall curve", "The further to the upper right, the better.", "recall: found, of images with it", "precision: right, of those found",
      (curve) => curve.points.map(([, recall, precision]) => ({x: recall, y: precision})), () => []),
  ];
}

// At most `most` of a list, evenly spread.
function thinned(list, most) {
  if (list.length <= most) return list;
  return Array.from({length: most}, (_, i) => list[Math.round(i * (list.length - 1) / (most - 1))]);
}

function showThresholds() {
  const curves = data.charts.curves || [];
  if (curves.length === 0) return;
  const MOST_TOGETHER = 6;
  if (curves.length <= MOST_TOGETHER) {
    show("thresholds", {charts: operatingFigures(curves)});
    return;
  }
  const section = show("thresholds");
  const select = element("select", {id: "curve"}, ...curves.map((curve, i) => element("option", {value: i}, curve.name)));
  const redraw = () => {
    section.querySelector('[data-slot="charts"]').replaceChildren(...operatingFigures([curves[Number(select.value)]]));
    drawCharts();
  };
  section.querySelector('[data-slot="choice"]').append(element("label", {for: "curve"}, "Label: "), select);
  section.querySelector('[data-slot="charts"]').append(...operatingFigures([curves[0]]));
  select.addEventListener("change", redraw);
}

function histogram(values, bins) {
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const width = (high - low) / bins || 1;
  const counts = new Array(bins).fill(0);
  for (const value of values) counts[Math.min(bins - 1, Math.floor((value - low) / width))] += 1;
  return counts.map((count, i) => ({x: low + (i + 0.5) * width, y: count}));
}

function numberFigures(target) {
  const points = target.points.filter(([truth, predicted]) => isNumber(truth) && isNumber(predicted)).map(([x, y]) => ({x, y}));
  const all = points.flatMap((point) => [point.x, point.y]);
  const low = all.reduce((a, b) => Math.min(a, b), Infinity);
  const high = all.reduce((a, b) => Math.max(a, b), -Infinity);
  const shown = points.length < target.of ? `${points.length} of ${target.of} images, spread evenly.` : `${countText(points.length, "image")}.`;
  const errors = points.map((point) => ({x: point.x, y: point.y - point.x}));
  const dots = (palette, list, name) => ({label: name, data: list, backgroundColor: palette.series[0], pointRadius: list.length > 300 ? 2 : 4});
  const bars = histogram(errors.map((point) => point.y), Math.min(30, Math.max(5, Math.round(Math.sqrt(points.length)))));
  const name = shortened(target.name);
  return [
    chartFigure(`${name}: predicted against true`, shown, (palette) => ({
      type: "scatter", data: {datasets: [dots(palette, points, "images"), diagonal("right", low, high, palette)]},
      options: options(palette, {x: axis(`true ${name}`, palette), y: axis(`predicted ${name}`, palette)}),
    }), {columns: ["true", "predicted"], rows: thinned(points, 50).map((point) => [fixed(point.x), fixed(point.y)])}),
    chartFigure(`${name}: error against true`, "Predicted minus true. A slope means that large and small ones are pulled to the middle.", (palette) => ({
      type: "scatter", data: {datasets: [dots(palette, errors, "images")]},
      options: options(palette, {x: axis(`true ${name}`, palette), y: axis("error", palette)}, {plugins: {legend: {display: false}}}),
    })),
    chartFigure(`${name}: how large the errors are`, "How many images have which error (predicted minus true).", (palette) => ({
      type: "bar", data: {datasets: [{label: "images", data: bars, backgroundColor: palette.series[1], barPercentage: 1, categoryPercentage: 0.95}]},
      options: options(palette, {x: axis("error", palette, {offset: false}), y: axis("images", palette, {min: 0})}, {plugins: {legend: {display: false}}}),
    })),
  ];
}

function showNumbers() {
  const targets = data.charts.scatter || [];
  if (targets.length === 0) return;
  const MOST_TARGETS = 6;
  const rows = (data.charts.per_target || []).map((target) => [nameElement(target.name), fixed(target.r2), fixed(target.mae), fixed(target.rmse)]);
  show("numbers", {
    table: rows.length === 0 ? [] : tableOf("Target by target", [{title: "target"}, {title: "R²", number: true}, {title: "mean absolute error", number: true}, {title: "RMSE", number: true}], rows),
    charts: targets.slice(0, MOST_TARGETS).flatMap(numberFigures),
  });
}
