"use strict";
// Fills the page from its data (app/report/html_report.cpp) and leaves out what there is nothing to show of.

const SEEN = "the model was trained on these very images, so that this says nothing about new ones";
const PERHAPS_SEEN = "the model was trained on some of these images";

// Why a score has no interval: too many images to be resampled, or resamples that are all the same.
function missingInterval(split) {
  return split.resamples > 0 ? "too few images or mistakes to tell" : "no interval";
}

function showHeadline() {
  document.title = data.title;
  byId("title").textContent = data.title;
  const shown = data.scores[data.scores.length - 1];
  const first = shown.rows[0];
  const interval = intervalText(first.key, first);
  const value = scoreText(first.key, first.value);
  const images = countText(shown.images, "image");
  byId("headline").textContent = (first.key === "accuracy" ? `The predicted class is right for ${value} of ${images}` : `${scoreOf(first.key).title} ${value} on ${images}`) +
    ` (${shown.split})` + (data.seen === "yes" ? `; ${SEEN}.` : interval ? `; the true value lies between ${interval.replace(" to ", " and ")} with 95 % confidence${data.seen === "perhaps" ? `, unless ${PERHAPS_SEEN}` : ""}.` : ".");
}

const METHODS = {wilson: "Wilson's score interval", bootstrap: "bootstrap"};

function showScores() {
  const shown = data.scores[data.scores.length - 1];
  const cards = shown.rows.map((row) => element("li", {}, scoreOf(row.key).title, element("span", {class: "value"}, scoreText(row.key, row.value)),
    element("span", {class: "range"}, intervalText(row.key, row) || missingInterval(shown)), element("div", {class: "muted"}, scoreOf(row.key).meaning)));
  const rows = data.scores.flatMap((split) => split.rows.map((row) => [split.split, String(split.images), scoreOf(row.key).title, scoreText(row.key, row.value),
    intervalText(row.key, row) || missingInterval(split), row.method ? METHODS[row.method] + (row.method === "bootstrap" ? `, ${split.resamples} resamples` : "") : "–"]));
  const isChosenBy = shown.split === "validation" ? " Training chose its best epoch by these very images, so that new images may do a little worse." : "";
  const measured = shown.split === "all" ? "Measured on all images." : `Measured on the ${shown.split} images.`;
  const seen = {yes: ` Beware: ${SEEN}.`, perhaps: ` Beware: the data names no splits. If ${PERHAPS_SEEN}, the scores are too good.`}[data.seen] || "";
  show("scores", {
    about: `${measured}${isChosenBy}${seen}`,
    cards,
    intervals: `Ranges are 95 % confidence intervals: measured on other images of the same kind${data.seen === "yes" ? ", which the model was trained on too" : ""}, the value would most likely lie in this range.`,
    table: tableOf("All scores with their 95 % intervals", [{title: "images"}, {title: "number", number: true}, {title: "score"}, {title: "value", number: true}, {title: "95 % interval", number: true}, {title: "method"}], rows),
  });
}

function showRun() {
  const facts = data.facts.flatMap(({title, text}) => [element("dt", {}, title), element("dd", {}, element("bdi", {}, text))]);
  show("run", {
    facts,
    repeat: data.repeat ? [element("h3", {}, "Repeat it"), element("pre", {tabindex: "0"}, data.repeat)] : [],
    config: data.config ? element("details", {}, element("summary", {}, "All settings (config.yaml)"), element("pre", {tabindex: "0"}, data.config)) : [],
  });
}

const CLASS_COLUMNS = {threshold: "threshold", average_precision: "average precision", precision: "precision", recall: "recall", f1: "F1"};

function showClasses() {
  const scores = data.charts.per_class;
  if (!scores) return;
  const isLabels = data.task === "labels";
  const keys = Object.keys(CLASS_COLUMNS).filter((key) => key in scores);
  const columns = [{title: isLabels ? "label" : "class", sort: true}, ...keys.map((key) => ({title: CLASS_COLUMNS[key], number: true, sort: true})), {title: "images", number: true, sort: true}];
  if (isLabels) columns.push({title: "missed"}, {title: "wrongly given"});
  const rows = data.classes.map((name, c) => [
    {value: name, show: nameElement(name)},
    ...keys.map((key) => ({value: scores[key][c], show: fixed(scores[key][c])})),
    {value: scores.support[c], show: String(scores.support[c])},
    ...(isLabels ? [labelButton(name, c, "missed", "missed"), labelButton(name, c, "added", "wrongly given")] : []),
  ]);
  rows.sort((a, b) => a[keys.length].value - b[keys.length].value);
  show("classes", {heading: isLabels ? "Label by label" : "Class by class", table: tableOf(`${isLabels ? "Labels" : "Classes"} by rising F1`, columns, rows, true)});
}

function labelButton(name, c, list, words) {
  const places = pictures.labels[c][list];
  if (places.length === 0) return "–";
  const title = `${name}: ${words}`;
  return element("button", {type: "button", "aria-label": `Show images of ${title}`, onclick: () => openImages(title, places, places.length)}, "show");
}

function adviceBox(advice) {
  const cell = (size, likeness, strategy) => element("td", {class: advice.box.size === size && advice.box.likeness === likeness ? "chosen" : null},
    strategy + (advice.box.size === size && advice.box.likeness === likeness ? " (this data)" : ""));
  return element("div", {class: "scrolls", tabindex: "0", role: "region", "aria-label": "The four cases"}, element("table", {class: "box"},
    element("caption", {}, "The four cases, by how much data there is and how like the pretraining images it is"),
    element("thead", {}, element("tr", {}, element("td", {}), element("th", {scope: "col"}, "similar"), element("th", {scope: "col"}, "different"))),
    element("tbody", {},
      element("tr", {}, element("th", {scope: "row"}, "small"), cell("small", "similar", "freeze-conv"), cell("small", "different", "early-features")),
      element("tr", {}, element("th", {scope: "row"}, "large"), cell("large", "similar", "fine-tune"), cell("large", "different", "retrain")))));
}

function showAdvice() {
  const advice = data.advice;
  if (!advice || !advice.stages) return;
  const score = advice.expected.score;
  const most = Math.max(1, ...advice.stages.map((stage) => stage.multiply_adds));
  const stages = advice.stages.map((stage) => [stage.stage, String(stage.features), `${scoreText(score, stage[score])} ± ${scoreText(score, stage.standard_error)}`, percent(stage.multiply_adds / most, 0)]);
  const times = (advice.estimated_seconds || []).map((entry) => [`${entry.strategy} ${entry.settings}`, `${fixed(entry.seconds, 0)} s`]);
  show("advice", {
    reasons: `${advice.strategy}: ${advice.reasons.join(" ")}`,
    box: adviceBox(advice),
    stages: tableOf("A small classifier was tried behind each stage of the network", [{title: "stage"}, {title: "features", number: true}, {title: scoreOf(score).title.toLowerCase(), number: true}, {title: "arithmetic", number: true}], stages),
    times: times.length === 0 ? [] : tableOf("Estimated training times", [{title: "strategy"}, {title: "time", number: true}], times),
  });
}

const FINDINGS = {
  warnings: "Warnings", notes: "Notes", skipped: "Files that were passed over", copies_across_splits: "The same image in two splits",
  near_copies_across_splits: "Nearly the same image in two splits", copies_with_different_targets: "The same image under two labels",
  missing_in_val: "Classes without any validation image",
};

function listElement(title, count, items) {
  const texts = items.map((item) => element("li", {}, element("bdi", {}, typeof item === "string" ? item : `${item.path}: ${item.reason}`)));
  if (count > items.length) texts.push(element("li", {}, `and ${count - items.length} more`));
  return element("details", {}, element("summary", {}, `${title} (${count})`), element("ul", {}, ...texts));
}

function showFindings() {
  const lists = [];
  if (data.broken.count > 0) lists.push(listElement("Images that could not be read and were left out", data.broken.count, data.broken.items));
  for (const [key, title] of Object.entries(FINDINGS)) {
    const list = data.findings[key];
    if (list && list.count > 0) lists.push(listElement(title, list.count, list.items));
  }
  if (data.findings.copies > 0) lists.push(element("p", {}, `${countText(data.findings.copies, "image is a copy", "images are copies")} of another one.`));
  if (lists.length === 0) lists.push(element("p", {}, "Nothing odd was found when the images were read."));
  show("findings", {lists});
}

showHeadline();
showScores();
showRun();
showTraining();
showClasses();
showConfusion();
showMistakes();
showReliability();
showThresholds();
showNumbers();
showAugmentation();
showAdvice();
showFindings();
byId("images-left-out").textContent = pictures.left_out === 0 ? `All ${countText(pictures.counted, "image")} are kept in this page as small pictures.`
  : `This page keeps small pictures of ${pictures.images.length} of ${countText(pictures.counted, "image")}: ${data.task === "classes" ? "the worst mistakes, images of each kind of mistake, and some that are right" : "those whose predictions are furthest off"}. ${pictures.left_out} are left out, so that it can be mailed.`;
fillNavigation();
drawCharts();
