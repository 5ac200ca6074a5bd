// diff.js - two reports side by side: what differs as a table on top, then both in columns with every number that differs marked.

function diffTable(rows) {
  if (!rows.length) return h("p", null, "Nothing that the reports show differs.");
  return h(
    "table",
    { class: "diff" },
    h(
      "thead",
      null,
      h(
        "tr",
        null,
        ["Hamiltonian", "what", "left", "right"].map((t) => h("th", { scope: "col" }, t)),
      ),
    ),
    h(
      "tbody",
      null,
      rows.map((r) =>
        h(
          "tr",
          null,
          h("td", null, r.hamiltonian || ""),
          h("td", null, r.what),
          h("td", { class: "n" }, r.left === null ? NONE : r.left),
          h("td", { class: "n" }, r.right === null ? NONE : r.right),
        ),
      ),
    ),
  );
}

// Numbers of the same place with other values, or on one side alone.
function markDifferences(left, right) {
  const collect = (side) =>
    new Map([...side.querySelectorAll(".number")].map((e) => [e.dataset.path.replace(/^(left|right)\./, ""), e.dataset.value]));
  const a = collect(left),
    b = collect(right);
  for (const [side, other] of [
    [left, b],
    [right, a],
  ])
    side.querySelectorAll(".number").forEach((e) => {
      if (other.get(e.dataset.path.replace(/^(left|right)\./, "")) !== e.dataset.value) e.classList.add("differs");
    });
}

function diffPage(report) {
  const sides = ["left", "right"].map((name) =>
    h(
      "div",
      { class: "side", "aria-label": name },
      isObject(report[name])
        ? documentOf(report[name], { wide: 560, stem: `${name}-` })
        : missing(`The report has no ${name} side.`),
    ),
  );
  markDifferences(...sides);
  const rows = isObject(report.diff) ? list(report.diff.rows) : [];
  const names = ["left", "right"].map((name) =>
    isObject(report[name]) && isObject(report[name].subject) ? report[name].subject : {},
  );
  return [
    h(
      "header",
      { class: "page" },
      h("p", { class: "brand" }, "isg inspect --diff"),
      h("h1", null, `${names[0].name || "?"} and ${names[1].name || "?"}`),
    ),
    h(
      "section",
      { id: "differences" },
      h("h3", null, "What differs"),
      isObject(report.diff) ? diffTable(rows) : missing("The report does not say what differs."),
    ),
    h("div", { class: "sides" }, sides),
  ];
}
