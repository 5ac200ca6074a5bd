// diff.js - two reports side by side: what differs as a table on top, then both in columns with every number that differs marked.

// Numbers to the right, so that their digits stand below one another; words to the left.
function diffCell(text) {
  const shownText = text === null || text === undefined ? NONE : String(text).replace(/^-(?=[\d.])/, MINUS);
  return h("td", { class: /^[\u2212\u2013.\d]/.test(shownText) ? "n" : "" }, shownText);
}

function diffTable(rows) {
  if (!rows.length) return h("p", null, "Nothing that the reports show differs.");
  const heading = ["Hamiltonian", "what", "left", "right"].map((t, k) => h("th", { scope: "col", class: k > 1 ? "n" : "" }, t));
  const lines = rows.map((row, k) => {
    const same = k > 0 && rows[k - 1].hamiltonian === row.hamiltonian;
    return h(
      "tr",
      null,
      h("td", null, same ? "" : row.hamiltonian || ""),
      h("td", null, row.what),
      diffCell(row.left),
      diffCell(row.right),
    );
  });
  return h("table", { class: "diff" }, h("thead", null, h("tr", null, heading)), h("tbody", null, lines));
}

// Marks numbers that have another value at the same place of the other side, or no place there.
function markDifferences(body) {
  const placeOf = (element) => element.dataset.path.replace(/^(left|right)\./, "");
  const collect = (side) => [...body.querySelectorAll(`.side.${side} .number`)];
  const values = (elements) => new Map(elements.map((e) => [placeOf(e), e.dataset.value]));
  const left = collect("left"),
    right = collect("right"),
    there = [values(right), values(left)];
  [left, right].forEach((elements, k) =>
    elements.forEach((e) => e.classList.toggle("differs", there[k].get(placeOf(e)) !== e.dataset.value)),
  );
}

const SIDES = ["left", "right"];

// One line of the page: the same part of both reports.
const pair = (parts) =>
  h(
    "div",
    { class: "sides" },
    SIDES.map((name, k) => h("div", { class: `side ${name}`, "aria-label": name }, parts[k])),
  );

// Hamiltonian k of both reports, part by part.
function pairsOf(reports, k) {
  const there = reports.map((report) => list(report.hamiltonians).length > k);
  const parts = reports.map((report, side) => {
    const context = { subject: subjectOf(report), wide: 560, stem: `${SIDES[side]}-` };
    return there[side] ? hamiltonianParts(context, report.hamiltonians[k], k) : [missing("This side has no such Hamiltonian.")];
  });
  const count = Math.max(parts[0].length, parts[1].length);
  return Array.from({ length: count }, (_, line) => pair(parts.map((of) => of[line] || null)));
}

function diffPage(report) {
  const reports = SIDES.map((name) => (isObject(report[name]) ? report[name] : {})),
    names = reports.map((side) => subjectOf(side).name || "?");
  const heads = SIDES.map((name, k) =>
    isObject(report[name])
      ? [documentHead(reports[k], "h2"), documentGaps(reports[k])]
      : missing(`The report has no ${name} side.`),
  );
  const most = Math.max(...reports.map((side) => list(side.hamiltonians).length));
  const lines = Array.from({ length: most }, (_, k) => h("article", { class: "hamiltonian" }, pairsOf(reports, k)));
  const body = h("div", null, pair(heads), lines);
  markDifferences(body);
  const longer = reports.findIndex((side) => list(side.hamiltonians).length === most);
  return [
    h(
      "header",
      { class: "page" },
      h("p", { class: "brand" }, "isg inspect --diff"),
      h("h1", null, `${names[0]} and ${names[1]}`),
    ),
    contentsOf(list(reports[longer].hamiltonians), `${SIDES[longer]}-`),
    h(
      "section",
      { id: "differences" },
      h("h3", null, "What differs"),
      isObject(report.diff) ? diffTable(list(report.diff.rows)) : missing("The report does not say what differs."),
    ),
    body,
  ];
}
