"use strict";
// Charts by Chart.js in the colours of the page, each with its numbers as a table for those who do not see it.

const drawn = [];

function colours() {
  const style = getComputedStyle(document.documentElement);
  const named = (name) => style.getPropertyValue(`--${name}`).trim();
  const isDark = matchMedia("(prefers-color-scheme: dark)").matches && !document.documentElement.classList.contains("printing");
  return {
    text: named("text"), muted: named("muted"), line: named("line"), accent: named("accent"), good: named("good"), bad: named("bad"),
    background: named("background"),
    // Told apart without colour vision, too: Okabe and Ito 2008, darker on white.
    series: isDark ? ["#56b4e9", "#e69f00", "#4fd1a5", "#f0e442", "#cc9fd0", "#ff8a5c", "#9fb7ff", "#d0d0d0"]
                   : ["#0b57d0", "#b35900", "#00734f", "#6b5b00", "#8a3f86", "#b42318", "#3f51b5", "#4d4d4d"],
  };
}

const DASHES = [[], [6, 4], [2, 3], [10, 4, 2, 4]];

function axis(title, palette, more = {}) {
  return {
    type: "linear", title: {display: true, text: title, color: palette.text},
    ticks: {color: palette.muted}, grid: {color: palette.line, borderColor: palette.muted}, ...more,
  };
}

// What all charts have in common; `more` replaces parts of it.
function options(palette, scales, more = {}) {
  return {
    responsive: true, maintainAspectRatio: false, animation: false, scales,
    interaction: {mode: "nearest", intersect: false},
    ...more,
    plugins: {legend: {labels: {color: palette.text, usePointStyle: false, boxWidth: 28, boxHeight: 1}}, ...more.plugins},
  };
}

function line(name, points, i, palette, more = {}) {
  return {
    label: shortened(name), data: points, borderColor: palette.series[i % palette.series.length],
    backgroundColor: palette.series[i % palette.series.length], borderDash: DASHES[i % DASHES.length], borderWidth: 2,
    pointRadius: points.length > 40 ? 0 : 3, ...more,
  };
}

// The straight line on which predictions would be perfect, or chance would lie.
function diagonal(name, low, high, palette) {
  return {
    type: "line", label: name, data: [{x: low, y: low}, {x: high, y: high}], borderColor: palette.muted, borderDash: [4, 4],
    borderWidth: 1, pointRadius: 0, backgroundColor: "transparent",
  };
}

// A vertical line at an epoch, with a text.
function markAt(x, text, palette) {
  return {
    id: "mark",
    afterDatasetsDraw(chart) {
      const {ctx, chartArea, scales} = chart;
      const at = scales.x.getPixelForValue(x);
      if (!(at >= chartArea.left && at <= chartArea.right)) return;
      ctx.save();
      ctx.strokeStyle = ctx.fillStyle = palette.good;
      ctx.lineWidth = 2;
      ctx.beginPath();
      ctx.moveTo(at, chartArea.top);
      ctx.lineTo(at, chartArea.bottom);
      ctx.stroke();
      ctx.font = "12px system-ui, sans-serif";
      const isLeft = at > (chartArea.left + chartArea.right) / 2;
      ctx.textAlign = isLeft ? "right" : "left";
      ctx.fillText(text, at + (isLeft ? -6 : 6), chartArea.top + 12);
      ctx.restore();
    },
  };
}

// A figure with a chart. make(palette) gives Chart.js's configuration; numbers: {columns, rows} for the table below.
function chartFigure(title, description, make, numbers) {
  const canvas = element("canvas", {role: "img", "aria-label": `${title}. ${description}`});
  const entry = {canvas, make, chart: null};
  drawn.push(entry);
  const figure = element("figure", {}, element("h3", {}, title), element("div", {class: "canvas"}, canvas),
    element("figcaption", {}, description));
  if (numbers) {
    figure.append(element("details", {}, element("summary", {}, "Numbers of this chart"),
      tableOf(title, numbers.columns.map((column) => ({title: column, number: true})), numbers.rows, true)));
  }
  return figure;
}

// Draws all charts anew: once they are in the page, and when colours change.
function drawCharts() {
  const palette = colours();
  for (const entry of drawn) {
    if (entry.chart) entry.chart.destroy();
    entry.chart = entry.canvas.isConnected ? new Chart(entry.canvas, entry.make(palette)) : null;
  }
  document.dispatchEvent(new Event("colours"));
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawCharts);
addEventListener("beforeprint", () => {
  document.documentElement.classList.add("printing");
  for (const details of document.querySelectorAll("details:not([open])")) {
    details.dataset.wasClosed = "1";
    details.open = true;
  }
  drawCharts();
});
addEventListener("afterprint", () => {
  document.documentElement.classList.remove("printing");
  for (const details of document.querySelectorAll("details[data-was-closed]")) {
    delete details.dataset.wasClosed;
    details.open = false;
  }
  drawCharts();
});
