"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const by = (id) => document.getElementById(id);
  const map = by("map"), panel = by("panel"), body = by("panel-body");
  const rows = [...map.tBodies[0].rows].map((tr, place) => {
    const link = tr.querySelector("a");
    return { tr, place, link, name: link.textContent, key: link.textContent.toLowerCase(), ...tr.dataset };
  });
  const versions = [...map.querySelectorAll("th.tall")].map((th) => th.dataset.version);
  const FIRST_CELL = 3;
  let shown = rows, current = null, opener = null;

  // What is chosen ---------------------------------------------------------------------------------------------------

  const words = new Set();
  const facets = [...document.querySelectorAll(".facet")];
  const value = (id) => (by(id) ? by(id).value : "");

  function choose() {
    const text = value("search").trim().toLowerCase(), ring = value("ring"), variant = value("variant");
    const fresh = by("fresh") !== null && by("fresh").checked;
    shown = rows.filter((row) => (words.size === 0 || words.has(row.word)) && (!ring || row.ring === ring)
      && (!variant || row.variant === variant) && (!fresh || row.new === "yes") && row.key.includes(text));
    const chosen = new Set(shown);
    for (const row of rows) if (row.tr.hidden === chosen.has(row)) row.tr.hidden = !row.tr.hidden;
    by("shown").textContent = `${shown.length} of ${rows.length}`;
    by("empty").hidden = shown.length > 0;
    by("clear").disabled = shown.length === rows.length && !text && words.size === 0;
    if (shown.length && (!at || at.row.tr.hidden)) settle(shown[0], 0);
  }

  function reset() {
    words.clear();
    for (const each of facets) each.setAttribute("aria-pressed", "false");
    by("tools").reset();
    choose();
  }

  for (const each of facets) {
    each.addEventListener("click", () => {
      const word = each.dataset.word, added = !words.delete(word);
      if (added) words.add(word);
      each.setAttribute("aria-pressed", String(added));
      choose();
    });
  }
  by("tools").hidden = false;
  by("unscripted").hidden = true;
  by("tools").addEventListener("submit", (event) => {
    event.preventDefault();
    if (shown.length === 1) open(shown[0]);
  });
  by("tools").addEventListener("input", choose);
  by("clear").addEventListener("click", () => { reset(); by("search").focus(); });

  // Several tenants, fixed by one command ------------------------------------------------------------------------------

  const picked = new Set();

  function commands() {
    const found = new Map();
    for (const row of rows.filter((each) => picked.has(each))) {
      const tenant = data.tenants[row.place];
      for (const each of tenant.fix) found.set(each, (found.get(each) || each) + tenant.option);
    }
    return [...found.values()];
  }

  function showPicked() {
    for (const row of rows) if (row.box) row.box.checked = picked.has(row);
    by("picked").hidden = picked.size === 0;
    by("picked-number").textContent = `${picked.size} selected`;
    by("picked-commands").replaceChildren(...commands().map((text) =>
      made("div", "code", made("pre", "", made("code", "", text)), copier(text, "command for the selected tenants"))));
  }

  function pick(row) {
    if (!row.box) return;
    if (!picked.delete(row)) picked.add(row);
    showPicked();
  }

  for (const row of rows) {
    if (!data.tenants[row.place].fix) continue;
    row.box = made("input", "pick");
    row.box.type = "checkbox";
    row.box.tabIndex = -1;
    row.box.setAttribute("aria-label", `Select ${row.name}`);
    row.box.addEventListener("click", () => pick(row));
    row.link.before(row.box);
  }
  if (by("picked")) {
    by("pick-shown").addEventListener("click", () => {
      for (const row of shown) if (row.box) picked.add(row);
      showPicked();
    });
    by("picked-clear").addEventListener("click", () => { picked.clear(); showPicked(); });
  }

  // The map by keyboard: one of its cells is in the order of the tab key, arrows move from there ------------------------

  let at = null;
  const target = (row, column) => (column === 0 ? row.link : row.tr.cells[column]);

  function settle(row, column) {
    if (at) target(at.row, at.column).tabIndex = -1;
    at = { row, column };
    target(row, column).tabIndex = 0;
  }

  function move(row, column) {
    settle(row, column);
    target(row, column).focus();
  }

  map.setAttribute("role", "grid");
  for (const row of rows) row.link.tabIndex = -1;

  map.addEventListener("keydown", (event) => {
    if (!at || !map.tBodies[0].contains(event.target)) return;
    const last = at.row.tr.cells.length - 1, place = shown.indexOf(at.row), page = 20;
    const to = (number) => shown[Math.max(0, Math.min(shown.length - 1, number))];
    const whole = event.ctrlKey || event.metaKey;
    const moves = {
      ArrowUp: () => move(to(place - 1), at.column),
      ArrowDown: () => move(to(place + 1), at.column),
      PageUp: () => move(to(place - page), at.column),
      PageDown: () => move(to(place + page), at.column),
      ArrowLeft: () => move(at.row, Math.max(0, at.column - 1)),
      ArrowRight: () => move(at.row, Math.min(last, at.column + 1)),
      Home: () => move(whole ? to(0) : at.row, 0),
      End: () => move(whole ? to(rows.length) : at.row, last),
      Enter: () => open(at.row, versions[at.column - FIRST_CELL]),
      " ": () => open(at.row, versions[at.column - FIRST_CELL]),
      x: () => pick(at.row),
    };
    const act = moves[event.key];
    if (!act || event.altKey || (event.key === " " && event.target.matches(".pick"))) return;
    event.preventDefault();
    act();
  });
  map.addEventListener("click", (event) => {
    const tr = event.target.closest("tbody tr"), row = tr && rows[tr.sectionRowIndex];
    if (!row || event.target.matches(".pick") || event.ctrlKey || event.metaKey || event.shiftKey || String(getSelection())) return;
    event.preventDefault();
    const cell = event.target.closest("td, th");
    settle(row, cell.cellIndex);
    open(row, versions[cell.cellIndex - FIRST_CELL]);
  });
  document.addEventListener("keydown", (event) => {
    const writes = event.target.matches("input, select, textarea");
    if (event.ctrlKey || event.metaKey || event.altKey || writes) return;
    if (panel.open && (event.key === "j" || event.key === "k")) step(event.key === "j" ? 1 : -1);
    else if (!panel.open && event.key === "/") { event.preventDefault(); by("search").focus(); }
  });

  // One tenant -------------------------------------------------------------------------------------------------------

  function open(row, version) {
    const tenant = data.tenants[row.place];
    if (current) current.tr.removeAttribute("aria-current");
    current = row;
    row.tr.setAttribute("aria-current", "true");
    by("panel-title").textContent = row.name;
    by("panel-word").textContent = row.word;
    by("panel-word").className = row.tr.cells[2].firstElementChild.className;
    by("panel-ring").textContent = row.ring ? `ring ${row.ring}` : "";
    by("panel-ring").hidden = !row.ring;
    by("panel-lead").textContent = tenant.lead;
    body.replaceChildren(...sections(tenant.blocks.map((place) => data.blocks[place])));
    const place = shown.indexOf(row);
    by("previous").disabled = place <= 0;
    by("next").disabled = place < 0 || place === shown.length - 1;
    history.replaceState(null, "", `#tenant=${encodeURIComponent(row.name)}`);
    if (!panel.open) { opener = document.activeElement; panel.showModal(); }
    panel.scrollTop = 0;
    by("panel-title").focus();
    const section = version && [...body.children].find((each) => (each.dataset.anchor || "").split(" ").includes(version));
    if (section) section.scrollIntoView();
  }

  function step(by_rows) {
    const row = shown[shown.indexOf(current) + by_rows];
    if (row) open(row);
  }

  panel.addEventListener("close", () => {
    history.replaceState(null, "", location.pathname + location.search);
    if (current && !current.tr.hidden && (!at || at.row !== current)) move(current, 0);
    else if (opener && opener.isConnected) opener.focus();
    if (current) current.tr.removeAttribute("aria-current");
    current = null;
  });
  panel.addEventListener("click", (event) => { if (event.target === panel && event.offsetX < 0) panel.close(); });
  by("close").addEventListener("click", () => panel.close());
  by("previous").addEventListener("click", () => step(-1));
  by("next").addEventListener("click", () => step(1));

  // Blocks: text goes in as text, so that nothing of it can be markup ---------------------------------------------------

  function made(tag, name, ...children) {
    const element = document.createElement(tag);
    if (name) element.className = name;
    element.append(...children);
    return element;
  }

  const item = (line) => made("li", "", line);
  const titled = (title, ...rest) => [...(title ? [made("h4", "", title)] : []), ...rest];
  const word = (status) => made("span", `w w-${status.style}`, status.word);

  const blocks = {
    paragraph: (block) => [made("p", block.tone === "bad" ? "fault" : `saying ${block.tone || ""}`, block.text)],
    lines: (block) => titled(block.title, made("ul", "", ...block.lines.map(item))),
    code: (block) => [
      ...titled(block.title),
      ...(block.hazards ? [made("p", "hazards", `Hazards: ${block.hazards.join(", ")}`)] : []),
      made("div", "code", made("pre", "", made("code", "", block.text)), copier(block.text, block.title)),
    ],
    contrast: (block) => {
      const [expected, found] = block.actual && block.expected ? marked(block.expected, block.actual)
        : [[block.expected || "nothing"], [block.actual || "nothing"]];
      const line = made("p", "", block.title);
      for (const tag of block.tags || []) line.append(" ", made("span", tag === "new" ? "tag new" : "tag", tag));
      return [made("div", "contrast", line, made("dl", "",
        made("dt", "", "expected"), made("dd", "expected", made("pre", "", ...expected)),
        made("dt", "", "found"), made("dd", "found", made("pre", "", ...found))))];
    },
    tenants: (block) => titled(block.title, made("p", "", block.names.join(", "))),
    table: (block) => {
      const table = made("table", "plain"), rest = block.is_numeric ? "figure" : "";
      const shown = (cell) => (cell.word ? word(cell) : cell);
      const th = (cell, scope) => { const made_th = made("th", "", shown(cell)); made_th.scope = scope; return made_th; };
      if (block.head) table.append(made("thead", "", made("tr", "", ...block.head.map((text) => th(text, "col")))));
      table.append(made("tbody", "", ...block.rows.map(([first, ...others]) =>
        made("tr", "", th(first, "row"), ...others.map((cell) => made("td", rest, shown(cell)))))));
      return titled(block.title, table);
    },
  };

  function sections(found) {
    const made_sections = [made("div", "section")];
    for (const block of found) {
      if (block.kind !== "section") { made_sections.at(-1).append(...blocks[block.kind](block)); continue; }
      const header = made("header", "", made("h3", "", block.title));
      if (block.status) header.append(word(block.status));
      if (block.aside) header.append(made("span", "small", block.aside));
      const section = made("div", "section", header);
      if (block.anchors) section.dataset.anchor = block.anchors.join(" ");
      made_sections.push(section);
    }
    return made_sections.filter((each) => each.childElementCount > 0);
  }

  function marked(expected, found) {
    const a = expected.split(/(\s+|[(),])/), b = found.split(/(\s+|[(),])/);
    let start = 0, end = 0;
    while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
    while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
    const parts = (words) => {
      const middle = words.slice(start, words.length - end).join("");
      return [words.slice(0, start).join(""), ...(middle ? [made("mark", "", middle)] : []), words.slice(words.length - end).join("")];
    };
    return [parts(a), parts(b)];
  }

  let clearing;

  function copier(text, title) {
    const button = made("button", "copy", "Copy");
    button.type = "button";
    button.setAttribute("aria-label", `Copy: ${title}`);
    button.addEventListener("click", async () => {
      const done = await copied(text);
      button.textContent = done ? "Copied" : "Press Ctrl+C";
      by("live").textContent = done ? "Copied" : "Could not be copied; the text is selected";
      if (!done) getSelection().selectAllChildren(button.parentElement.querySelector("code"));
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
      clearTimeout(clearing);
      clearing = setTimeout(() => { by("live").textContent = ""; }, 2000);
    });
    return button;
  }

  async function copied(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return false;
    }
  }

  // Links to a tenant --------------------------------------------------------------------------------------------------

  function follow() {
    let name = null;
    try {
      name = decodeURIComponent((location.hash.match(/^#tenant=(.*)$/) || [])[1] || "");
    } catch {
      return;
    }
    const row = name && rows.find((each) => each.name === name);
    if (row && row !== current) open(row);
  }

  addEventListener("hashchange", follow);
  choose();
  follow();
})();
