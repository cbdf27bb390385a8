"use strict";
// Sends images to the server that this page came from, and shows what it answers.

const settings = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
let models = [];

function say(text) {
  byId("status").textContent = text;
}

// The server's answer as JSON. Throws an Error that says what the server said.
async function ask(path, options = {}) {
  const headers = {Accept: "application/json"};
  if (byId("token").value) headers.Authorization = `Bearer ${byId("token").value}`;
  let answer;
  try {
    answer = await fetch(path, {...options, headers});
  } catch {
    throw new Error("The server does not answer. It may have been stopped.");
  }
  const found = await answer.json().catch(() => ({}));
  if (answer.status === 401) byId("token-form").hidden = false;
  if (!answer.ok) throw new Error(found.error ? found.error.message : `The server answers with status ${answer.status}.`);
  return found;
}

function modelInUse() {
  return models.find((model) => model.name === byId("model").value) || models[0];
}

function query(path) {
  return models.length > 0 ? `${path}?model=${encodeURIComponent(modelInUse().name)}` : path;
}

function describeModel() {
  const model = modelInUse();
  const outputs = model.predicts === "class" ? "classes" : model.predicts;
  const names = model.classes.slice(0, 12).join(", ") + (model.classes.length > 12 ? ", …" : "");
  byId("about").textContent = `${model.name}: ${model.classes.length} ${outputs} (${names})`;
}

async function loadModels() {
  try {
    models = (await ask("models")).models;
  } catch (failure) {
    byId("about").textContent = failure.message;
    return;
  }
  byId("token-form").hidden = true;
  byId("model").replaceChildren(...models.map((model) => element("option", {value: model.name}, model.name)));
  byId("model-choice").hidden = models.length < 2;
  describeModel();
}

function explainer(file) {
  if (models.length > 0 && !modelInUse().explains) return null;
  const address = query("explain");
  return () => ask(address, {method: "POST", body: formOf([file])});
}

function formOf(files) {
  const form = new FormData();
  for (const file of files) form.append("image", file, file.name || "image");
  return form;
}

async function classify(given) {
  const files = [...given];
  if (files.length === 0) return;
  if (files.length > settings.max_images) {
    say(`${files.length} images are more than the ${settings.max_images} that this server takes at a time.`);
    return;
  }
  say(files.length === 1 ? "Looking at the image …" : `Looking at ${files.length} images …`);
  byId("results").setAttribute("aria-busy", "true");
  try {
    const found = (await ask(query("predict"), {method: "POST", body: formOf(files)})).images;
    const results = found.map((one, i) => resultOf(one, URL.createObjectURL(files[i]), explainer(files[i])));
    byId("results").prepend(...results);
    say(found.map(spoken).join(". "));
  } catch (failure) {
    say(failure.message);
  }
  byId("results").setAttribute("aria-busy", "false");
}

function imagesIn(transfer) {
  return [...transfer.files];
}

for (const id of ["files", "photo"]) {
  byId(id).addEventListener("change", (event) => {
    classify(event.target.files);
    event.target.value = "";  // the same image may be chosen again
  });
}
for (const name of ["dragenter", "dragover"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    byId("drop").classList.add("over");
  });
}
for (const name of ["dragleave", "drop"]) {
  document.addEventListener(name, () => byId("drop").classList.remove("over"));
}
document.addEventListener("drop", (event) => {
  event.preventDefault();
  classify(imagesIn(event.dataTransfer));
});
document.addEventListener("paste", (event) => {
  const images = imagesIn(event.clipboardData);
  if (images.length > 0) classify(images);
});
byId("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  loadModels();
});
byId("model").addEventListener("change", describeModel);

if (settings.needs_token) {
  byId("token-form").hidden = false;
  byId("about").textContent = "This server asks for its token.";
} else {
  loadModels();
}
