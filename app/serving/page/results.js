"use strict";
// What is shown of an image: its classes with bars, whether it is like the training images, and where the answer
// comes from. Texts from outside become text nodes, never markup.

// An element with attributes and children: elements, or texts.
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

const percent = new Intl.NumberFormat("en", {style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1});
const MOST_BARS = 5;

function barOf(name, share, isChosen) {
  const bar = element("div", {class: "bar"});
  bar.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
  return element("li", {},
    element("div", {class: isChosen ? "line chosen" : "line"},
      element("bdi", {}, name), element("span", {class: "share"}, percent.format(share))),
    element("div", {class: "track", "aria-hidden": "true"}, bar));
}

// The lines of one image's predictions: classes, labels or numbers.
function linesOf(found) {
  if (found.top) return found.top.map((one, rank) => barOf(one.class, one.probability, rank === 0));
  if (found.probabilities) {
    return Object.entries(found.probabilities).sort((a, b) => b[1] - a[1])
      .map(([name, share]) => barOf(name, share, found.labels.includes(name)));
  }
  return Object.entries(found.values || {}).map(([name, value]) =>
    element("li", {}, element("div", {class: "line"}, element("bdi", {}, name), element("span", {class: "share"}, String(value)))));
}

// What a screen reader says once the answer is there.
function spoken(found) {
  if (found.error) return `${found.name}: ${found.error}`;
  if (found.known === "no") return `${found.name}: none of these`;
  if (found.top) return `${found.name}: ${found.top[0].class}, ${percent.format(found.top[0].probability)}`;
  if (found.labels) return `${found.name}: ${found.labels.join(", ") || "no label"}`;
  return `${found.name}: ${Object.entries(found.values || {}).map(([name, value]) => `${name} ${value}`).join(", ")}`;
}

// A button that asks for the overlay by `explain`, which gives an address or throws, and shows it.
function explanationOf(name, explain) {
  const button = element("button", {type: "button"}, "Show what it looks at");
  const place = element("figure", {"aria-live": "polite"});
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const found = await explain();
      place.replaceChildren(
        element("img", {src: found.overlay, alt: `${name} with the parts marked in red that speak for ${found.output}`}),
        element("figcaption", {}, "Red parts speak for ", element("bdi", {}, found.output), "."));
      button.hidden = true;
    } catch (failure) {
      place.replaceChildren(element("figcaption", {class: "failed"}, failure.message));
      button.disabled = false;
    }
  });
  return element("div", {}, button, place);
}

// The result of one image. `picture` is its address in this page; `explain` is missing where the model cannot.
function resultOf(found, picture, explain) {
  const side = element("div");
  const body = element("div");
  if (found.error) {
    body.append(element("p", {class: "failed"}, found.error));
  } else {
    side.append(element("img", {src: picture, alt: `The image ${found.name}`}));
    if (found.known === "no") body.append(element("p", {class: "unknown"}, "None of these: unlike all training images."));
    const lines = linesOf(found);
    body.append(element("ol", {}, ...lines.slice(0, MOST_BARS)));
    if (lines.length > MOST_BARS) {
      body.append(element("details", {}, element("summary", {}, `${lines.length - MOST_BARS} more`),
        element("ol", {}, ...lines.slice(MOST_BARS))));
    }
    if (explain) body.append(explanationOf(found.name, explain));
  }
  return element("article", {class: "result"}, element("h2", {}, element("bdi", {}, found.name)), side, body);
}
