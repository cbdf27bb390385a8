"use strict";
// Fills the page that compares runs from its data (app/report/run_comparison_text.cpp).

// The names of runs without what all their paths begin with.
function shortNames(runs) {
  const parts = runs.map((run) => run.run.split("/"));
  let shared = 0;
  while (runs.length > 1 && parts.every((part) => part.length > shared + 1 && part[shared] === parts[0][shared])) shared += 1;
  return parts.map((part) => part.slice(shared).join("/"));
}

function pText(p) {
  return p < 0.001 ? "< 0.001" : p.toFixed(3);
}

function differenceText(key, value) {
  return scoreOf(key).percent ? `${(100 * value).toFixed(2)} points` : fixed(value);
}

function verdict(run, key) {
  const test = run.with_best;
  if (!test) return run.remark || "the best run";
  const [low, high] = test.interval || [null, null];
  const range = isNumber(low) ? ` (${differenceText(key, low)} to ${differenceText(key, high)})` : "";
  return `${differenceText(key, test.difference)} below the best${range}; ${test.adjusted_p_value < 0.05 ? "they differ" : "may be chance"}`;
}

function scoresTable(comparison, names, keys) {
  const rows = comparison.runs.map((run, i) => [
    nameElement(names[i]), run.strategy, nameElement(run.backbone), String(run.images),
    ...keys.map((key) => {
      const score = (run.scores || {})[key];
      if (!score) return "–";
      const interval = score.interval ? `${scoreText(key, score.interval[0])} to ${scoreText(key, score.interval[1])}` : "too few to tell";
      return element("div", {}, scoreText(key, score.value), element("div", {class: "muted"}, interval));
    }),
    verdict(run, keys[0]), run.with_best ? pText(run.with_best.p_value) : "–", run.with_best ? pText(run.with_best.adjusted_p_value) : "–",
  ]);
  return tableOf("Scores with 95 % intervals, the best run first", [
    {title: "run"}, {title: "strategy"}, {title: "backbone"}, {title: "images", number: true},
    ...keys.map((key) => ({title: scoreOf(key).title, number: true})),
    {title: "against the best", words: true}, {title: "p", number: true}, {title: "p (Holm)", number: true}], rows);
}

function testText(comparison) {
  const test = comparison.runs.map((run) => run.with_best).find((one) => one);
  if (!test) return "No two of these runs can be tested against each other: they judged no image in common, or their tables of predictions are gone.";
  const how = test.test === "mcnemar"
    ? "McNemar's test on the images that only one of the two judged right (exact below 25 of them)"
    : "a paired bootstrap over the images";
  return `Every run is tested against the best one by ${how}. p is the probability of so large a difference between equally good models; "p (Holm)" allows for the number of tests. Below 0.05 the two differ; above, more images would be needed to tell.`;
}

function intervalChart(comparison, names, key) {
  const runs = comparison.runs.map((run, i) => ({name: names[i], score: (run.scores || {})[key]})).filter((run) => run.score);
  return chartFigure(`${scoreOf(key).title} with 95 % intervals`, "Points are the values, bars the intervals. Runs whose intervals overlap may still differ: see p.", (palette) => ({
    type: "bar",
    data: {labels: runs.map((run) => shortened(run.name)), datasets: [
      {label: "95 % interval", data: runs.map((run) => run.score.interval || [run.score.value, run.score.value]), backgroundColor: palette.series[0], barThickness: 8, order: 2},
      {type: "line", label: "value", data: runs.map((run) => run.score.value), showLine: false, pointRadius: 6, order: 1, backgroundColor: palette.series[1], borderColor: palette.series[1]}]},
    options: options(palette, {x: {ticks: {color: palette.text}, grid: {display: false}}, y: axis(scoreOf(key).title, palette, {beginAtZero: false})}),
  }));
}

function curvesChart(comparison, names, key, title) {
  const runs = comparison.runs.map((run, i) => ({name: names[i], points: run.epochs.filter((entry) => isNumber(entry[key])).map((entry) => ({x: entry.epoch, y: entry[key]}))}))
    .filter((run) => run.points.length > 0);
  if (runs.length === 0) return null;
  return chartFigure(title, "Validation images, over the epochs of each run.", (palette) => ({
    type: "line", data: {datasets: runs.map((run, i) => line(run.name, run.points, i, palette))},
    options: options(palette, {x: axis("epoch", palette, {ticks: {precision: 0, color: palette.muted}}), y: axis(title, palette)}),
  }));
}

function differencesTable(comparison, names) {
  const rows = Object.entries(comparison.differences).map(([key, values]) => [element("code", {}, key), ...values.map(nameElement)]);
  if (rows.length === 0) return element("p", {}, "All settings are the same.");
  return tableOf("Settings that are not the same in all runs", [{title: "setting"}, ...names.map((name) => ({title: shortened(name)}))], rows);
}

function comparisonSection(comparison, i) {
  const names = shortNames(comparison.runs);
  const keys = Object.keys(comparison.runs[0].scores || {});
  const last = comparison.runs.flatMap((run) => run.epochs.slice(-1))[0] || {};
  const scoreKey = Object.keys(last).find((key) => key.startsWith("val_") && key !== "val_loss");
  const charts = [
    keys.length > 0 ? intervalChart(comparison, names, keys[0]) : null,
    curvesChart(comparison, names, "val_loss", "Validation loss"),
    scoreKey ? curvesChart(comparison, names, scoreKey, scoreOf(scoreKey.slice(4)).title) : null,
  ].filter((figure) => figure !== null);
  const heading = data.comparisons.length === 1 ? `${comparison.split === "test" ? "Test" : "Validation"} images`
    : `Models of ${comparison.classes.length} classes or targets, from ${shortened(comparison.classes[0])}`;
  return element("section", {id: `comparison-${i + 1}`}, element("h2", {}, heading), element("p", {}, testText(comparison)),
    keys.length > 0 ? scoresTable(comparison, names, keys) : element("p", {}, "These runs have no score."),
    ...comparison.runs.filter((run) => run.remark && run.with_best).map((run) => element("p", {}, element("bdi", {}, run.run), `: ${run.remark}.`)),
    element("div", {class: "charts"}, ...charts), element("h3", {}, "What was set differently"), differencesTable(comparison, names));
}

if (data.apart) byId("comparisons").append(element("p", {}, data.apart));
byId("comparisons").append(...data.comparisons.map(comparisonSection));
fillNavigation();
drawCharts();
