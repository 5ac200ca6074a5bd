// numbers.js - what the numbers are: couplings and fields by term, field against couplings, spins fixed, bits, quantisation.

function distributionFacts(d) {
  return facts([
    ["count", shown(d, "count")],
    ["zero", d.zeros ? shown(d, "zeros") : null],
    ["least", shown(d, "min")],
    ["most", shown(d, "max")],
    ["mean", shown(d, "mean")],
    ["root mean square", shown(d, "rms")],
  ]);
}

// A distribution as a histogram with its figures below.
function distribution(d, { title, xLabel, what, mark, height, none }) {
  if (!d) return null;
  const caption = h("figcaption", null, title);
  if (!d.count || !d.histogram) return h("figure", null, caption, missing(none || `No ${what}.`));
  const drawing = histogram({
    ...d.histogram,
    xLabel,
    yLabel: what,
    what,
    mark,
    height,
    label: `histogram: ${distributionLine(d, what.replace(/s$/, ""))}`,
  });
  return h("figure", null, caption, drawing, distributionFacts(d));
}

function byTerm(hamiltonian) {
  return list(hamiltonian.terms).map((term, k) => {
    if (!term.numbers || term.degree === 0) return null;
    const title = [
      h("span", { class: "quiet" }, `term ${k + 1}`),
      h("div", { class: "formula" }, formulaOf(term.text.replace(/^\s*\+\s*/, ""))),
    ];
    return distribution(term.numbers, {
      title,
      xLabel: term.degree === 1 ? "field" : "coupling",
      what: term.degree === 1 ? "fields" : "couplings",
    });
  });
}

// ---- field against couplings ----

function ratioOf(hamiltonian, ratio, wide) {
  const d = ratio.distribution;
  if (!ratio.above_one && d && d.max === 0) return missing("No spin has a field: its couplings alone decide.");
  const by = Array.isArray(ratio.by_spin) ? ratio.by_spin : null;
  const tell = (s) =>
    `${spinName(hamiltonian, s)}: ` +
    (by[s] === null ? "no couplings" : `field / couplings = ${number(by[s], 3)}`) +
    (by[s] === null || by[s] >= 1 ? ", its field decides" : "");
  const colour = (s) => (by[s] === null || by[s] >= 1 ? tone(WARM, 0.95) : tone(COOL, 0.08 + 0.8 * by[s]));
  return h(
    "div",
    { class: "flow" },
    distribution(ratio.distribution, {
      title: "Field over the sum of its couplings, of each spin",
      xLabel: "|field| / sum of |couplings|",
      what: "spins",
      none: "No spin has couplings.",
      mark: 1,
    }),
    by
      ? list(hamiltonian.arrays).map((array) =>
          h(
            "figure",
            null,
            h("figcaption", null, "The ratio, spin by spin: ", h("code", null, array.name)),
            spinGrid(hamiltonian, array, { wide, colour, tell, label: `field over couplings of the spins of ${array.name}` }),
            kindKey([
              [tone(COOL, 0.08), "couplings decide"],
              [tone(COOL, 0.88), "nearly the field"],
              [tone(WARM, 0.95), "the field alone"],
            ]),
          ),
        )
      : missing("Too many spins for the ratio spin by spin."),
  );
}

// ---- fixed spins ----

const FIXED_TONES = { field: tone(COOL, 0.95), "roof duality": tone(WARM, 0.95), nothing: tone(GREY, 0.6) };

// The report may list only the first of the fixed spins; of those behind the last one listed nothing is known then.
function fixedOf(hamiltonian, fixed, wide) {
  const listed = list(fixed.spins),
    why = new Map(listed.map((f) => [f.spin, f])),
    short = fixed.count > listed.length,
    known = short ? Math.max(-1, ...listed.map((f) => f.spin)) : Infinity;
  const colour = (s) => (s > known ? CLEAR : !why.has(s) ? FAINT : FIXED_TONES[why.get(s).why] || FAINT);
  const valueOf = (f) => (f.value ? upValue() : downValue(hamiltonian, f.spin));
  const tell = (s) => {
    const name = spinName(hamiltonian, s);
    if (s > known) return `${name}: beyond the ${number(listed.length)} fixed spins that the report lists`;
    return why.has(s) ? `${name} is ${fixedBy(why.get(s).why, ` at ${number(valueOf(why.get(s)))}`)}` : `${name} is free`;
  };
  const share = hamiltonian.spins ? fixed.count / hamiltonian.spins : 0;
  const some = list(fixed.spins)
    .slice(0, 12)
    .map((f, k) => [k ? ", " : "", h("code", null, `${spinName(hamiltonian, f.spin)} = ${number(valueOf(f))}`)]);
  return [
    h(
      "p",
      null,
      "Settled before annealing: ",
      shown(fixed, "count"),
      " of ",
      shown(hamiltonian, "spins"),
      ` spins (${percent(share)}): `,
      shown(fixed, "by_field"),
      " by their fields, ",
      shown(fixed, "by_roof_duality"),
      " by roof duality",
      fixed.roof_duality && fixed.roof_duality !== "done" ? ` (${fixed.roof_duality})` : "",
      fixed.by_nothing ? [", ", shown(fixed, "by_nothing"), " by nothing, for either value will do"] : "",
      ".",
    ),
    some.length ? h("p", { class: "quiet" }, some, fixed.count > 12 ? ", …" : "") : null,
    fixed.count
      ? h(
          "div",
          { class: "flow" },
          list(hamiltonian.arrays).map((array) =>
            h(
              "figure",
              null,
              h("figcaption", null, h("code", null, array.name)),
              spinGrid(hamiltonian, array, { wide, colour, tell, label: `fixed spins of ${array.name}` }),
              kindKey([
                [tone(COOL, 0.95), "fixed by its field"],
                [tone(WARM, 0.95), "fixed by roof duality"],
                ...(fixed.by_nothing ? [[tone(GREY, 0.6), "neither field nor couplings: either value will do"]] : []),
                [FAINT, "free"],
                ...(short ? [[CLEAR, `not listed: the report names the first ${number(listed.length)}`]] : []),
              ]),
            ),
          ),
        )
      : null,
  ];
}

// ---- bits and the grid of a machine ----

function bitsOf(bits) {
  if (bits.needed === 0 && bits.range === 0)
    return h("figure", null, h("figcaption", null, "Bits that the couplings use"), missing("No couplings."));
  const most = Math.max(16, Math.ceil((isNumber(bits.needed) ? bits.needed : 0) / 4) * 4, Math.ceil((bits.target || 0) / 4) * 4);
  const at = Array.from({ length: most / 4 + 1 }, (_, k) => ({ at: 4 * k, text: String(4 * k) }));
  const p = plot({
    width: 360,
    height: 96,
    label: `bits needed: ${number(bits.needed, 3)}${bits.target ? `, the target has ${number(bits.target)}` : ""}`,
    x: { low: 0, high: most, label: "bits", ticks: at },
  });
  const enough = !isNumber(bits.target) || bits.needed <= bits.target;
  if (isNumber(bits.needed))
    p.layer.append(
      svg("rect", {
        class: `bar ${enough ? "" : "over"}`,
        x: p.left,
        y: 22,
        height: 20,
        width: Math.max(1, p.X(bits.needed) - p.left),
        "data-tip": `${number(bits.needed, 3)} bits: 99 % of the couplings do not become zero`,
      }),
    );
  if (isNumber(bits.target)) {
    const x = p.X(bits.target);
    p.layer.append(
      svg("line", { class: "mark", x1: x, x2: x, y1: 14, y2: p.bottom }),
      svg("text", { class: "note", x, y: 11, "text-anchor": "middle" }, `target: ${number(bits.target)}`),
    );
  }
  return h(
    "figure",
    null,
    h("figcaption", null, "Bits that the couplings use"),
    p.root,
    facts([
      ["for 99 % not to become zero", shown(bits, "needed", (v) => number(v, 3))],
      ["of the target", shown(bits, "target")],
      ["largest over smallest", shown(bits, "range")],
    ]),
  );
}

const VERDICTS = {
  kept: "The ground state is kept.",
  changed: "The ground state changes.",
  unknown: "Whether the ground state is kept is unknown: too many spins to enumerate.",
};

function quantisationOf(q) {
  if (!q.couplings && !q.fields)
    return h(
      "figure",
      null,
      h("figcaption", null, "What is left to send"),
      h("p", null, "Nothing: presolve settled every spin, so no precision is lost."),
    );
  const share = (lost, all) => (all ? ` (${percent(lost / all)})` : "");
  return h(
    "figure",
    null,
    h("figcaption", null, `What ${number(q.bits)} bits keep`),
    h(
      "p",
      null,
      "On the target's grid from ",
      shown(q, "min"),
      " to ",
      shown(q, "max"),
      ", a step of ",
      shown(q, "scale"),
      q.presolved ? ", after presolve" : "",
      ": ",
      shown(q, "couplings_lost"),
      " of ",
      shown(q, "couplings"),
      ` couplings${share(q.couplings_lost, q.couplings)} and `,
      shown(q, "fields_lost"),
      " of ",
      shown(q, "fields"),
      ` fields${share(q.fields_lost, q.fields)} become zero`,
      q.clipped ? [", ", shown(q, "clipped"), " are clipped"] : "",
      ".",
    ),
    facts([
      ["no energy is off by more than", shown(q, "error_bound")],
      ["largest error of a coefficient", shown(q, "largest_error")],
    ]),
    h("p", { class: q.verdict === "changed" ? "bad" : "" }, VERDICTS[q.verdict] || q.verdict),
  );
}

// The names of the spins that a row or a column of a matrix stands for.
function blockName(names, k, block) {
  const last = Math.min((k + 1) * block, names.count) - 1;
  return block === 1 || last === k * block ? names.of(k * block) : `${names.of(k * block)} … ${names.of(last)}`;
}

// A MATRIX as a heat map. names: {count, of(k)} of its full-sized rows; whole: its values are whole numbers; the rest as
// grid() takes it.
function heatMap(m, names, { label, what, size = 460, whole, ...rest }) {
  const matrix = readMatrix(m, whole),
    side = Math.max(1, Math.min(30, Math.floor(size / Math.max(1, matrix.columns))));
  const name = (k) => blockName(names, k, matrix.block);
  const about = matrix.block > 1 ? "mean of the block" : "coupling";
  return [
    grid({
      rows: matrix.rows,
      columns: matrix.columns,
      cell: { width: side, height: side },
      label,
      paint: (r, c) => diverging(matrix.share(r, c)),
      xTicks: cellTicks(matrix.columns, side, matrix.block),
      yTicks: cellTicks(matrix.rows, side * 1.6, matrix.block),
      tell: (r, c) => (r === c && matrix.block === 1 ? name(r) : `${name(r)} with ${name(c)}: ${about} ${matrix.text(r, c)}`),
      ...rest,
    }),
    m.high > 0 ? colourKey(m.high, what) : h("p", { class: "key" }, "All zero."),
  ];
}

function numbersOf(context, hamiltonian) {
  const n = hamiltonian.numbers,
    spins = { count: hamiltonian.spins, of: (s) => spinName(hamiltonian, s) },
    terms = byTerm(hamiltonian).filter(Boolean);
  if (!n) return missing("No numbers: the report was made without input data. Give it with --input.");
  return [
    terms.length ? [h("h4", null, "By term"), h("div", { class: "figures" }, terms)] : null,
    h("h4", null, "All together"),
    h(
      "div",
      { class: "figures" },
      distribution(n.coupling, { title: "Couplings", xLabel: "coupling", what: "couplings" }),
      distribution(n.field, { title: "Fields", xLabel: "field", what: "fields" }),
      n.matrix
        ? h(
            "figure",
            null,
            h(
              "figcaption",
              null,
              "The coupling matrix",
              n.matrix.block > 1 ? `, in blocks of ${number(n.matrix.block)} × ${number(n.matrix.block)} spins` : "",
            ),
            heatMap(n.matrix, spins, {
              label: "coupling matrix",
              what: n.matrix.block > 1 ? "mean coupling" : "coupling",
              size: 340,
              xLabel: "spin",
            }),
          )
        : null,
    ),
    isNumber(n.offset) && n.offset !== 0 ? facts([["offset", shown(n, "offset")]]) : null,
    n.ratio
      ? [
          h("h4", null, "Field against couplings"),
          h(
            "p",
            null,
            "From 1 on a spin's field outweighs all its couplings together: no other spin has a say. That holds for ",
            shown(n.ratio, "above_one"),
            " of ",
            shown(hamiltonian, "spins"),
            " spins.",
          ),
          ratioOf(hamiltonian, n.ratio, context.wide),
        ]
      : null,
    n.fixed ? [h("h4", null, "Spins fixed beforehand"), fixedOf(hamiltonian, n.fixed, context.wide)] : null,
    n.bits || n.quantisation
      ? [
          h("h4", null, "Precision"),
          h("div", { class: "figures" }, n.bits ? bitsOf(n.bits) : null, n.quantisation ? quantisationOf(n.quantisation) : null),
        ]
      : null,
  ];
}
