// Tables: sorted by a click on a title, filtered by words, columns put away.

const TITLES = { ascending: "sorted, lowest first", descending: "sorted, highest first" };

function sortable(table) {
  const body = table.tBodies[0];
  const original = [...body.rows];
  const titles = [...table.tHead.rows[0].cells];
  titles.forEach((title, column) => {
    const button = make("button", { type: "button", class: "sort" }, ...title.childNodes);
    title.append(button);
    button.addEventListener("click", () => {
      const number = title.classList.contains("number");
      const [first, second] = number ? ["descending", "ascending"] : ["ascending", "descending"];
      const now = title.getAttribute("aria-sort");
      const next = now === first ? second : now === second ? null : first;
      for (const other of titles) other.removeAttribute("aria-sort");
      if (next) title.setAttribute("aria-sort", next);
      body.append(...(next ? sorted(original, column, number, next === "ascending" ? 1 : -1) : original));
    });
  });
}

// Missing numbers stay at the end; equal ones in the order that they had at first.
function sorted(rows, column, number, sign) {
  const key = (row) => {
    const cell = row.cells[column];
    const text = cell.textContent.trim();
    if (!number) return text;
    return "value" in cell.dataset ? Number(cell.dataset.value) : parseFloat(text.replace("\u2212", "-"));
  };
  const keyed = rows.map((row) => [key(row), row]);
  const order = number
    ? ([a], [b]) => (isNaN(a) || isNaN(b) ? isNaN(a) - isNaN(b) : sign * (a - b))
    : ([a], [b]) => sign * a.localeCompare(b, "en", { numeric: true });
  return keyed.sort(order).map(([, row]) => row);
}

function tools(table) {
  const rows = [...table.tBodies[0].rows];
  const count = make("span", { role: "status" });
  const filter = make("input", { type: "search", placeholder: "words, all of them", autocomplete: "off" });
  filter.addEventListener("input", () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    count.textContent = words.length ? `${shown} of ${rows.length} rows` : "";
  });
  const titles = [...table.tHead.rows[0].cells];
  const boxes = titles.slice(1).map((title, place) => {
    const box = make("input", { type: "checkbox" });
    const hide = () => {
      for (const row of table.rows) row.cells[place + 1].hidden = !box.checked;
    };
    box.checked = !title.hidden;
    box.addEventListener("change", hide);
    return make("label", {}, box, " ", title.textContent);
  });
  const columns = make("details", {}, make("summary", {}, "Columns"), make("div", {}, ...boxes));
  return make("div", { class: "tools" }, make("label", {}, "Filter ", filter), count, columns);
}

for (const table of document.querySelectorAll("table")) {
  if (table.classList.contains("main")) table.parentElement.before(tools(table));
  if (table.tBodies[0].rows.length > 1) sortable(table);
}

// Paper cannot be unfolded.
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});
