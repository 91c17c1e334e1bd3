"use strict";
// The error browser: filters over the errors that the page holds as data. Text is only ever set as text.
const PAGE = 40;
const read = (id) => JSON.parse(document.getElementById(id).textContent);
const errors = read("data");
const names = read("names");
const form = document.querySelector(".filters");
const list = document.getElementById("list");
const more = document.getElementById("more");
let chosen = [];

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function fill(name, title) {
  const counts = new Map();
  for (const error of errors) counts.set(error[name], (counts.get(error[name]) ?? 0) + 1);
  for (const [value, count] of [...counts].sort((a, b) => b[1] - a[1])) {
    const option = element("option", "", `${title(value)} (${count})`);
    option.value = value;
    form.elements[name].append(option);
  }
}

// The sentence in code points, as offsets are; the marks of one reader, and the trigger of an argument.
function sentence(error, item) {
  const paragraph = element("p");
  error.contexts.forEach((context, number) => {
    if (number) paragraph.append(" … ");
    const letters = Array.from(context.text);
    const places = [];
    if (item) places.push([item.start, item.end, "mark", item.label]);
    const trigger = error.trigger;
    if (trigger && !(item && trigger.start < item.end && item.start < trigger.end)) places.push([trigger.start, trigger.end, "u"]);
    let at = 0;
    for (const [start, end, tag, label] of places.sort((a, b) => a[0] - b[0])) {
      const low = start - context.start;
      const high = end - context.start;
      if (low < at || high > letters.length) continue;
      paragraph.append(letters.slice(at, low).join(""));
      const marked = element(tag, "", letters.slice(low, high).join(""));
      if (label) marked.dataset.label = label.replace("TRIGGER:", "▸").toLowerCase();
      paragraph.append(marked);
      at = high;
    }
    paragraph.append(letters.slice(at).join(""));
  });
  return paragraph;
}

function card(error) {
  const item = element("li");
  const head = element("div", "head");
  const whole = error.event ? ` · its event is ${error.event}` : "";
  head.append(element("span", "kind", error.kind), element("span", "label", names[error.label] ?? error.label));
  head.append(element("span", "score", (error.score === null ? "no score" : error.score.toFixed(2)) + whole));
  const link = element("button", "link", error.document);
  link.type = "button";
  link.dataset.document = error.document;
  head.append(link);
  const pair = element("div", "pair");
  for (const [side, title] of [["gold", "gold"], ["found", "predicted"]]) {
    const column = element("div", side);
    column.append(element("h4", "", title + (error[side] ? "" : ": none")), sentence(error, error[side]));
    pair.append(column);
  }
  item.append(head, pair);
  return item;
}

function show(size) {
  const from = list.childElementCount;
  list.append(...chosen.slice(from, from + size).map(card));
  more.hidden = list.childElementCount >= chosen.length;
}

function apply() {
  const wanted = Object.fromEntries(["what", "kind", "label"].map((name) => [name, form.elements[name].value]));
  const words = form.elements.words.value.trim();
  chosen = errors.filter((error) => {
    if (Object.entries(wanted).some(([name, value]) => value && error[name] !== value)) return false;
    return !words || error.document === words || error.contexts.some((context) => context.text.includes(words));
  });
  if (form.elements.order.value === "text") {
    const place = (error) => (error.gold ?? error.found).start;
    chosen.sort((a, b) => (a.document === b.document ? place(a) - place(b) : a.document < b.document ? -1 : 1));
  }
  document.getElementById("count").textContent = `${chosen.length} of ${errors.length}`;
  list.replaceChildren();
  show(PAGE);
}

fill("kind", (value) => value);
fill("label", (value) => names[value] ?? value);
form.addEventListener("input", apply);
form.addEventListener("submit", (event) => event.preventDefault());
more.addEventListener("click", () => show(PAGE));
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-document]");
  if (!link) return;
  form.reset();
  form.elements.words.value = link.dataset.document;
  form.elements.order.value = "text";
  apply();
  document.getElementById("errors").scrollIntoView();
});
apply();
