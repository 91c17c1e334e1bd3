"use strict";
const index = document.querySelector(".index");
if (index) document.body.prepend(index); // written last, when all documents were known

// Cards carry data-links, a list of [place of a span, role]; marks carry data-at, their place. Everything else follows.
for (const section of document.querySelectorAll(".document")) {
  const text = section.querySelector(".text");
  const canvas = section.querySelector(".links");
  const marks = new Map([...text.querySelectorAll("mark")].map((mark) => [mark.dataset.at, mark]));
  const cards = [...section.querySelectorAll(".linker")];
  const linksOf = new Map(cards.map((card) => [card, JSON.parse(card.dataset.links)]));
  const narrow = matchMedia("(max-width: 860px)").matches;
  let pinned = null;

  function clear() {
    text.classList.remove("focused");
    for (const mark of marks.values()) {
      mark.classList.remove("lit");
      delete mark.dataset.role;
    }
    cards.forEach((card) => card.classList.remove("on", "touched"));
    canvas.replaceChildren();
  }

  function draw(links) {
    canvas.replaceChildren();
    const from = marks.get(links[0]?.[0])?.getClientRects()[0];
    if (!from) return;
    const origin = canvas.getBoundingClientRect();
    for (const [place] of links.slice(1)) {
      const to = marks.get(place)?.getClientRects()[0];
      if (!to) continue;
      const [x1, y1] = [from.left + from.width / 2 - origin.left, from.bottom - origin.top];
      const [x2, y2] = [to.left + to.width / 2 - origin.left, to.bottom - origin.top];
      const dip = Math.max(y1, y2) + 10 + Math.min(40, Math.abs(x1 - x2) / 16);
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("d", `M${x1} ${y1} C${x1} ${dip} ${x2} ${dip} ${x2} ${y2}`);
      canvas.append(path);
    }
  }

  function show(card) {
    clear();
    if (!card) return;
    card.classList.add("on");
    document.getElementById(card.dataset.card)?.classList.add("on"); // of a moment on the timeline
    text.classList.add("focused");
    for (const [place, role] of linksOf.get(card)) {
      const mark = marks.get(place);
      if (!mark) continue;
      mark.classList.add("lit");
      const name = role.split(" ")[0]; // the Chinese name alone fits over a name; the card has both
      if (name) mark.dataset.role = mark.dataset.role ? `${mark.dataset.role} · ${name}` : name;
    }
    if (!card.classList.contains("person")) draw(linksOf.get(card));
  }

  function pin(card, scroll) {
    pinned = pinned === card && !scroll ? null : card;
    show(pinned);
    if (pinned && scroll) marks.get(linksOf.get(card)[0]?.[0])?.scrollIntoView({ block: "center" });
  }

  for (const card of cards) {
    card.addEventListener("mouseenter", () => pinned || show(card));
    card.addEventListener("mouseleave", () => pinned || clear());
    card.addEventListener("click", (event) => {
      const link = event.target.closest("a");
      if (link?.classList.contains("to-card")) {
        event.preventDefault();
        pinned = document.getElementById(card.dataset.card);
        show(pinned);
        pinned.scrollIntoView({ block: "nearest" });
      } else if (link) {
        event.preventDefault();
        pinned = card;
        show(card);
        marks.get(link.dataset.to)?.scrollIntoView({ block: "center" });
      } else {
        pin(card, pinned !== card);
      }
    });
    card.addEventListener("keydown", (event) => {
      if (event.target === card && (event.key === "Enter" || event.key === " ")) {
        event.preventDefault();
        pin(card, pinned !== card);
      }
    });
  }

  // A span that takes part in events: hovering marks their cards, a click goes through them in turn.
  for (const [place, mark] of marks) {
    const parts = cards.filter((card) => card.classList.contains("event") && linksOf.get(card).some(([at]) => at === place));
    if (!parts.length) continue;
    mark.classList.add("in-event");
    mark.addEventListener("mouseenter", () => parts.forEach((card) => card.classList.add("touched")));
    mark.addEventListener("mouseleave", () => parts.forEach((card) => card.classList.remove("touched")));
    mark.addEventListener("click", (event) => {
      event.stopPropagation();
      pinned = parts[(parts.indexOf(pinned) + 1) % parts.length];
      show(pinned);
      if (!narrow) pinned.scrollIntoView({ block: "nearest" });
    });
  }

  for (const box of section.querySelectorAll(".labels input")) {
    const apply = () => marks.forEach((mark) => mark.classList.contains(box.value) && mark.classList.toggle("off", !box.checked));
    box.addEventListener("change", apply);
    apply(); // browsers keep the state of a box over a reload
  }

  if (narrow) section.querySelector(".legend").open = false;
  text.addEventListener("click", () => { pinned = null; clear(); });
  addEventListener("keydown", (event) => { if (event.key === "Escape") { pinned = null; clear(); } });
  addEventListener("resize", () => pinned && show(pinned));
}
