// what.js - what a Hamiltonian is: its terms and where they come from, its spins by name, its structure and the moves that follow.

// The array that spin s is of, or null.
function arrayOf(hamiltonian, s) {
  return list(hamiltonian.arrays).find((a) => s >= a.first && s < a.first + sizeOf(a)) || null;
}
const sizeOf = (array) => list(array.indices).reduce((n, index) => n * index.extent, 1);

// x[t=3, i=17]
function spinName(hamiltonian, s) {
  const array = arrayOf(hamiltonian, s);
  if (!array) return `spin ${s}`;
  let rest = s - array.first;
  const parts = [];
  for (const index of [...list(array.indices)].reverse()) {
    parts.unshift(`${index.name}=${rest % index.extent}`);
    rest = Math.floor(rest / index.extent);
  }
  return parts.length ? `${array.name}[${parts.join(", ")}]` : array.name;
}

const upValue = () => 1;
const downValue = (hamiltonian, s) => ((arrayOf(hamiltonian, s) || {}).domain === "{-1, 1}" ? -1 : 0);

function distributionLine(d, what) {
  if (!d || !d.count) return null;
  const range =
    d.min === d.max
      ? `all ${number(d.min)}`
      : `${number(d.min)} to ${number(d.max)}, mean ${number(d.mean)}, root mean square ${number(d.rms)}`;
  return `${plural(d.count, what)}: ${range}${d.zeros ? `; ${number(d.zeros)} zero` : ""}`;
}

const termTip = (term) =>
  distributionLine(term.numbers, term.degree === 0 ? "number" : term.degree === 1 ? "field" : "coupling") ||
  "no numbers: no inputs were given";

// The list of terms; each lights its source.
function termList(hamiltonian, source) {
  return h(
    "ol",
    { class: "terms" },
    list(hamiltonian.terms).map((term, k) => {
      const s = term.source,
        count =
          term.degree === 0
            ? null
            : [
                shown(term, "couplings"),
                " ",
                term.degree === 1 ? (term.couplings === 1 ? "field" : "fields") : term.couplings === 1 ? "coupling" : "couplings",
              ];
      const link =
        s &&
        h(
          "a",
          {
            href: `#${source.lineId(s.file, s.line)}`,
            "data-tip": termTip(term),
            onclick: (e) => (e.preventDefault(), source.light(k, true)),
          },
          `${s.file}:${s.line}`,
        );
      return h(
        "li",
        {
          "data-tip": termTip(term),
          tabindex: s ? null : 0,
          onpointerenter: () => source.light(k),
          onpointerleave: () => source.light(null),
          onfocusin: () => source.light(k),
        },
        h("div", { class: "formula" }, k === 0 && h("span", { class: "lead" }, "E ="), formulaOf(term.text)),
        h("div", { class: "about" }, count, count && link && " · ", link),
      );
    }),
  );
}

// ---- spins ----

// How an array is laid out: {rows, columns, spinAt(r, c) or -1}. One index is wrapped into lines.
function layoutOf(array) {
  const indices = list(array.indices),
    total = sizeOf(array);
  if (indices.length >= 2) {
    const columns = indices[indices.length - 1].extent;
    return { rows: columns ? total / columns : 0, columns, wrapped: false, spinAt: (r, c) => array.first + r * columns + c };
  }
  const columns = total <= 64 ? total : total <= 4096 ? 64 : 128;
  return {
    rows: columns ? Math.ceil(total / columns) : 0,
    columns,
    wrapped: true,
    spinAt: (r, c) => (r * columns + c < total ? array.first + r * columns + c : -1),
  };
}

const CELLS_AT_MOST = 1 << 18; // of one picture; more are left out, in words

// A grid of an array's spins. colour(s) and tell(s) as for a spin; `wide`: pixels there are.
function spinGrid(hamiltonian, array, { colour, tell, label, wide = 1060 }) {
  const layout = layoutOf(array),
    indices = list(array.indices),
    [outer, inner] = indices.slice(-2);
  if (!layout.rows || !layout.columns) return missing(`${array.name} has no spins.`);
  if (layout.rows * layout.columns > CELLS_AT_MOST)
    return missing(`${number(sizeOf(array))} spins are too many to draw one by one.`);
  const width = Math.max(1, Math.min(28, Math.floor((wide - 60) / layout.columns)));
  const height = layout.rows <= 64 ? Math.max(width, Math.min(14, Math.floor(420 / layout.rows))) : Math.max(width, 3);
  const names = { xLabel: layout.wrapped ? null : inner.name, yLabel: layout.wrapped || indices.length > 2 ? null : outer.name };
  return grid({
    rows: layout.rows,
    columns: layout.columns,
    cell: { width, height: Math.min(height, 28) },
    label,
    paint: (r, c) => (layout.spinAt(r, c) < 0 ? CLEAR : colour(layout.spinAt(r, c))),
    tell: (r, c) => (layout.spinAt(r, c) < 0 ? "no spin" : tell(layout.spinAt(r, c))),
    xTicks: cellTicks(layout.columns, width),
    ...names,
    yTicks: cellTicks(layout.rows, Math.min(height, 28) * 1.6, layout.wrapped ? layout.columns : 1),
  });
}

const FAINT = tone(GREY, 0.16);

// The spins at 1 in the best state, or just the spins where none was looked for.
function stateGrid(hamiltonian, array, wide) {
  const up = new Set(list(hamiltonian.state)),
    known = Array.isArray(hamiltonian.state);
  const fixed = new Map(
    list(hamiltonian.numbers && hamiltonian.numbers.fixed && hamiltonian.numbers.fixed.spins).map((f) => [f.spin, f.why]),
  );
  const value = (s) => (up.has(s) ? upValue() : downValue(hamiltonian, s));
  return spinGrid(hamiltonian, array, {
    wide,
    label: known ? `spins of ${array.name} in the best state found` : `spins of ${array.name}`,
    colour: (s) => (up.has(s) ? tone(COOL, 0.95) : FAINT),
    tell: (s) =>
      `${spinName(hamiltonian, s)}${known ? ` = ${number(value(s))}` : ""}${fixed.has(s) ? `, fixed by ${fixed.get(s) === "field" ? "its field" : fixed.get(s)}` : ""}`,
  });
}

function spinsOf(hamiltonian, wide) {
  const known = Array.isArray(hamiltonian.state);
  return list(hamiltonian.arrays).map((array) => {
    const names = list(array.indices),
      last = array.first + sizeOf(array),
      high = list(hamiltonian.state).filter((s) => s >= array.first && s < last).length;
    const ranges = names
      .map((index) => [h("i", null, index.name), ` = 0 … ${number(Math.max(0, index.extent - 1))}`])
      .flatMap((x, k) => (k ? [", ", x] : [x]));
    return h(
      "figure",
      null,
      h(
        "figcaption",
        null,
        h("code", null, names.length ? `${array.name}[${names.map((x) => x.name).join(", ")}]` : array.name),
        " in ",
        array.domain,
        names.length ? [": ", ranges, `, ${plural(sizeOf(array), "spin")}`] : "",
        known ? `. The best state found: ${number(high)} of ${number(sizeOf(array))} at 1 (blue).` : ".",
      ),
      stateGrid(hamiltonian, array, wide),
    );
  });
}

// ---- structure ----

function structureOf(hamiltonian) {
  const groups = list(hamiltonian.groups),
    moves = list(hamiltonian.moves);
  return [
    h(
      "div",
      null,
      h("h4", null, "Structure found"),
      groups.length
        ? h(
            "ul",
            null,
            groups.map((g) =>
              h(
                "li",
                null,
                h("code", null, g.text),
                h("span", { class: "quiet" }, ` ${plural(g.count, "group")} of ${number(g.size)}; ${g.why}`),
              ),
            ),
          )
        : h("p", null, "No groups of spins are tied together by the terms."),
      h(
        "p",
        null,
        hamiltonian.independent_parts === 1
          ? "All spins are connected."
          : ["Falls apart into ", shown(hamiltonian, "independent_parts"), " parts that nothing couples."],
      ),
    ),
    h(
      "div",
      null,
      h("h4", null, "Moves used"),
      moves.length
        ? h(
            "ul",
            null,
            moves.map((m) => h("li", null, h("code", null, m))),
          )
        : h("p", null, "No moves are reported."),
    ),
  ];
}

function whatItIs(context, hamiltonian) {
  const source = sources(context.subject, hamiltonian);
  const terms = list(hamiltonian.terms).length
    ? termList(hamiltonian, source)
    : missing("This Hamiltonian has no terms: every state has the same energy.");
  const side = source.root || (context.subject.kind === "problem" ? null : missing("The report carries no source."));
  return [
    h("div", { class: side ? "split" : "" }, h("div", null, terms, structureOf(hamiltonian)), side),
    h("h4", null, "Spins"),
    h("div", { class: "flow" }, spinsOf(hamiltonian, context.wide)),
  ];
}
