"use strict";
const PLACES = ["First guess", "Second guess", "Third guess", "Fourth guess", "Fifth guess"];
const guesses = document.getElementById("guesses");
const canvas = document.getElementById("draw");
const pen = canvas.getContext("2d", { willReadFrequently: true });

function element(name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function show(...parts) { guesses.replaceChildren(...parts); }

function card(answer, file) {
  const article = element("article");
  const image = element("img");
  image.src = URL.createObjectURL(file);
  image.alt = "";
  image.addEventListener("load", () => URL.revokeObjectURL(image.src));
  article.append(image, element("b", answer.name));
  if (answer.error) {
    article.append(element("p", answer.error, "wrong"));
    return article;
  }
  const list = element("ol");
  answer.top.forEach((guess, place) => {
    const item = element("li");
    const percent = `${(100 * guess.probability).toFixed(1)} %`;
    item.append(element("span", `${PLACES[place]}: `, "place"), element("b", guess.class), ` ${percent}`);
    const bar = element("meter");
    bar.max = 1;
    bar.value = guess.probability;
    bar.setAttribute("aria-label", `${guess.class} ${percent}`);
    item.append(bar);
    list.append(item);
  });
  article.append(list);
  return article;
}

async function ask(files) {
  if (!files.length) return;
  show(element("p", "Asking …", "soft"));
  const form = new FormData();
  for (const file of files) form.append("image", file, file.name || "drawing.png");
  try {
    const response = await fetch("/predict?top=5", { method: "POST", body: form });
    const found = await response.json();
    if (!response.ok) throw new Error(typeof found.detail === "string" ? found.detail : response.statusText);
    show(...found.images.map((answer, place) => card(answer, files[place])));
    if (files.length === 1 && document.getElementById("layers")) await look(files[0]);
  } catch (error) {
    show(element("p", error.message, "wrong"));
  }
}

const hidden = new Set(); // names of layers that are switched off
async function look(file) {
  const form = new FormData();
  form.append("image", file, file.name || "drawing.png");
  const response = await fetch("/layers", { method: "POST", body: form });
  if (!response.ok) return;
  const { layers } = await response.json();
  const switches = document.getElementById("switches");
  const maps = document.getElementById("maps");
  switches.replaceChildren();
  maps.replaceChildren();
  for (const layer of layers) {
    const figure = element("figure");
    const image = element("img");
    image.src = layer.picture;
    image.alt = `Maps of layer ${layer.name}`;
    const [height, width, n] = layer.shape;
    figure.append(image, element("figcaption", `${layer.name} (${layer.kind}): ${n} ${n === 1 ? "map" : "maps"} of ${height}×${width}`));
    figure.hidden = hidden.has(layer.name);
    const label = element("label");
    const box = element("input");
    box.type = "checkbox";
    box.checked = !figure.hidden;
    box.addEventListener("change", () => {
      figure.hidden = !box.checked;
      if (box.checked) hidden.delete(layer.name); else hidden.add(layer.name);
    });
    label.append(box, ` ${layer.name}`);
    switches.append(label);
    maps.append(figure);
  }
}

const input = document.getElementById("file");
input.addEventListener("change", () => ask([...input.files]));
const drop = document.getElementById("drop");
for (const kind of ["dragover", "dragleave", "drop"]) {
  drop.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", kind === "dragover");
    if (kind === "drop") ask([...event.dataTransfer.files]);
  });
}

function clear() {
  pen.fillStyle = "#000";
  pen.fillRect(0, 0, canvas.width, canvas.height);
}

let last = null;
function place(event) {
  const box = canvas.getBoundingClientRect();
  return [(event.clientX - box.left) * canvas.width / box.width, (event.clientY - box.top) * canvas.height / box.height];
}
canvas.addEventListener("pointerdown", (event) => { last = place(event); canvas.setPointerCapture(event.pointerId); line(event); });
canvas.addEventListener("pointermove", (event) => { if (last) line(event); });
for (const kind of ["pointerup", "pointercancel"]) canvas.addEventListener(kind, () => { last = null; });
function line(event) { stroke(place(event)); }
function stroke(next) {
  pen.strokeStyle = "#fff";
  pen.lineWidth = canvas.width / 13;
  pen.lineCap = pen.lineJoin = "round";
  pen.beginPath();
  pen.moveTo(...last);
  pen.lineTo(next[0] + 0.01, next[1]);
  pen.stroke();
  last = next;
}

function guess() {
  canvas.toBlob((blob) => ask([new File([blob], "drawing.png", { type: "image/png" })]), "image/png");
}

const STEP = canvas.width / 28; // a key moves the pen so far
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const cursor = document.getElementById("cursor");
const pen_state = document.getElementById("pen");
let at = [canvas.width / 2, canvas.height / 2];
let is_down = false;
function show_cursor() {
  cursor.style.left = `${100 * at[0] / canvas.width}%`;
  cursor.style.top = `${100 * at[1] / canvas.height}%`;
  cursor.classList.toggle("down", is_down);
}
function dot(next) {
  last = at;
  stroke(next);
  last = null;
}
canvas.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const move = MOVES[event.key];
  if (move) {
    const next = at.map((value, axis) => Math.min(canvas.width, Math.max(0, value + STEP * move[axis])));
    if (is_down) dot(next);
    at = next;
  } else if (event.key === " ") {
    is_down = !is_down;
    if (is_down) dot(at);
    pen_state.textContent = is_down ? "The pen is down: arrows draw." : "The pen is up: arrows move it.";
  } else if (event.key === "Enter") guess();
  else if (event.key === "Delete" || event.key === "Backspace") clear();
  else return;
  event.preventDefault();
  show_cursor();
});
canvas.addEventListener("blur", () => { is_down = false; pen_state.textContent = ""; show_cursor(); });

document.getElementById("clear").addEventListener("click", clear);
document.getElementById("guess").addEventListener("click", guess);
clear();
show_cursor();
