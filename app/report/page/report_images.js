"use strict";
// Images with what is known of them, in the page and in a dialog.

const pictures = data.pictures;

function pictureElement(address, text) {
  if (!address) return element("span", {class: "missing", role: "img", "aria-label": `${text} (cannot be read)`}, "cannot be read");
  return element("img", {src: address, alt: text, decoding: "async"});
}

// What is said of an image: true, predicted, confidence.
function judgement(image) {
  const isRight = image.right === true;
  const lines = [
    element("div", {}, "true: ", nameElement(image.true)),
    element("div", {}, "predicted: ", nameElement(image.predicted)),
  ];
  if (image.confidence !== undefined) {
    lines.push(element("div", {class: isRight ? "right" : "wrong"}, `${isRight ? "✓ right" : "✗ wrong"}, ${percent(image.confidence, 0)} sure`));
  }
  lines.push(element("div", {class: "muted"}, `${data.task === "numbers" ? "squared error in deviations" : "loss"} ${fixed(image.loss, 2)}`));
  return lines;
}

function nearestElement(nearest) {
  const list = element("div", {class: "nearest"}, element("div", {class: "muted"}, "most like these training images:"));
  for (const image of nearest) {
    const text = `training image ${fileName(image.path)}, ${image.true}, similarity ${fixed(image.similarity, 2)}`;
    const picture = pictureElement(image.thumbnail, text);
    picture.setAttribute("title", text);
    list.append(picture);
  }
  return list;
}

// The list item of an image, by its place in the list of all.
function imageItem(place) {
  const image = pictures.images[place];
  const name = fileName(image.path);
  const figure = element("figure", {class: image.overlay ? "with-overlay" : null},
    pictureElement(image.thumbnail, `${name}: true ${image.true || "none"}, predicted ${image.predicted || "none"}`),
    image.overlay ? pictureElement(image.overlay, `${name}: the places that made the prediction, laid over it`) : null,
    element("figcaption", {}, element("bdi", {title: image.path}, shortened(name, 40)), ...judgement(image)));
  if (image.nearest) figure.append(nearestElement(image.nearest));
  return element("li", {}, figure);
}

// Opens the dialog with these images, of which there are `count`.
function openImages(title, places, count) {
  byId("viewer-title").textContent = title;
  byId("viewer-about").textContent = places.length === count
    ? countText(count, "image")
    : `${countText(count, "image")}, of which ${places.length === 0 ? "none is" : places.length === 1 ? "one is" : `${places.length} are`} kept in this page. The table of predictions beside the report names all of them.`;
  byId("viewer-images").replaceChildren(...places.map(imageItem));
  byId("viewer").showModal();
  byId("viewer-title").focus();  // the button to close it, at its end, would have the focus
  byId("viewer").scrollTop = 0;
}

byId("viewer-close").addEventListener("click", () => byId("viewer").close());

function showMistakes() {
  if (pictures.top.length === 0) return;
  const first = pictures.images[pictures.top[0]];
  const isNumbers = data.task === "numbers";
  const areMistakes = isNumbers || first.right === false;
  show("mistakes", {
    heading: isNumbers ? "The largest errors" : areMistakes ? "The worst mistakes" : "The least sure predictions",
    about: isNumbers ? "The images whose predictions are furthest off. Look for wrong targets in the data first."
      : areMistakes ? "The images on which the model was most certain of something wrong. Look for wrong labels in the data first: they are often among these."
        : "No image was predicted wrong. These are those of which the model was least sure.",
    images: pictures.top.map(imageItem),
  });
}

function showAugmentation() {
  if (!data.augmentation || data.augmentation.length === 0) return;
  show("augmentation", {rows: data.augmentation.map((row) => element("div", {class: "views"},
    element("figure", {}, pictureElement(row.original, `${fileName(row.path)} as the network sees it`), element("figcaption", {}, "original")),
    ...row.views.map((view, i) => pictureElement(view, `${fileName(row.path)}, changed copy ${i + 1}`))))});
}
