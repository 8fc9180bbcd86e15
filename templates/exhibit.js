// The screen version of an exhibit: zoom, filters, and the row behind a mark. Adds nothing that is
// not in the page, loads nothing, and leaves the page as printed when it does not run.
"use strict";
(() => {
  const make = (tag, words, attributes = {}) => {
    const node = document.createElement(tag);
    if (words) node.textContent = words;
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };
  const holds = (text, sought) => text.toLowerCase().includes(sought.trim().toLowerCase());
  const field = (words, listen) => {
    const label = make("label", words + " ");
    const input = make("input", "", { type: "search", autocomplete: "off" });
    input.addEventListener("input", () => listen(input.value));
    label.append(input);
    return label;
  };

  // Zoom and pan change the view box alone: no mark moves against another.
  const view = (svg) => {
    const [left, top, width, height] = svg.getAttribute("viewBox").split(/\s+/).map(Number);
    let now = [left, top, width, height];
    const show = (x, y, w) => {
      const wide = Math.min(Math.max(w, width / 40), width);
      const high = (wide * height) / width;
      now = [
        Math.min(Math.max(x, left), left + width - wide),
        Math.min(Math.max(y, top), top + height - high), wide, high,
      ];
      svg.setAttribute("viewBox", now.join(" "));
    };
    return {
      zoom: (factor) => show(now[0] + (now[2] * (1 - factor)) / 2, now[1] + (now[3] * (1 - factor)) / 2, now[2] * factor),
      move: (x, y) => show(now[0] + x * now[2], now[1] + y * now[3], now[2]),
      whole: () => show(left, top, width),
    };
  };

  const picture = (figure) => {
    const svg = figure.querySelector("svg");
    if (!svg) return;
    const eye = view(svg);
    const tools = make("div", "", { class: "tools", role: "group", "aria-label": "Picture" });
    for (const [words, act] of [
      ["Zoom in", () => eye.zoom(0.7)], ["Zoom out", () => eye.zoom(1 / 0.7)],
      ["Left", () => eye.move(-0.25, 0)], ["Right", () => eye.move(0.25, 0)],
      ["Up", () => eye.move(0, -0.25)], ["Down", () => eye.move(0, 0.25)], ["Whole", eye.whole],
    ]) {
      const button = make("button", words, { type: "button" });
      button.addEventListener("click", act);
      tools.append(button);
    }
    const lanes = [...svg.querySelectorAll("g[data-lane]")];
    if (lanes.length) {
      tools.append(field("Lanes that hold", (sought) => {
        for (const lane of lanes) lane.classList.toggle("dim", !holds(lane.dataset.lane, sought));
      }));
    }
    svg.setAttribute("tabindex", "0");
    svg.addEventListener("keydown", (event) => {
      const act = {
        "+": () => eye.zoom(0.7), "=": () => eye.zoom(0.7), "-": () => eye.zoom(1 / 0.7),
        0: eye.whole, ArrowLeft: () => eye.move(-0.1, 0), ArrowRight: () => eye.move(0.1, 0),
        ArrowUp: () => eye.move(0, -0.1), ArrowDown: () => eye.move(0, 0.1),
      }[event.key];
      if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      act();
    });
    let held = null;
    svg.addEventListener("pointerdown", (event) => { held = [event.clientX, event.clientY]; });
    svg.addEventListener("pointermove", (event) => {
      if (!held || !event.buttons) return;
      const box = svg.getBoundingClientRect();
      eye.move((held[0] - event.clientX) / box.width, (held[1] - event.clientY) / box.height);
      held = [event.clientX, event.clientY];
    });
    svg.addEventListener("dragstart", (event) => event.preventDefault());
    const told = make("p", "", { class: "told", role: "status" });
    const tell = (event) => {
      const mark = event.target.closest("g.mark");
      if (!mark) return;
      const link = mark.closest("a[href^='#']");
      const row = link && document.getElementById(link.getAttribute("href").slice(1));
      const cells = row ? [...row.cells].map((cell) => cell.innerText.trim()) : [];
      told.textContent = [mark.querySelector("title").textContent, ...cells].join(" | ");
    };
    svg.addEventListener("pointerover", tell);
    svg.addEventListener("focusin", tell);
    svg.parentElement.before(tools);
    if (svg.querySelector("g.mark")) svg.parentElement.after(told);
  };

  const table = (scroll) => {
    const rows = [...scroll.querySelectorAll("tbody tr")];
    if (rows.length < 8) return;
    const count = make("output", `${rows.length} of ${rows.length} rows shown`);
    const tools = make("div", "", { class: "tools", role: "group", "aria-label": "Table" });
    tools.append(field("Rows that hold", (sought) => {
      for (const row of rows) row.hidden = !holds(row.textContent, sought);
      count.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows shown`;
    }), count);
    scroll.before(tools);
    // A link to a row that the filter hides shows it again.
    addEventListener("hashchange", () => {
      const row = rows.find((one) => "#" + one.id === location.hash);
      if (row && row.hidden) { row.hidden = false; row.scrollIntoView(); }
    });
  };

  document.querySelectorAll("figure").forEach(picture);
  document.querySelectorAll("div.scroll").forEach(table);
})();
