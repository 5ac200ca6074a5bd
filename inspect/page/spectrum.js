// spectrum.js - eigenvalues, temperatures and the relaxation bound, and what was measured: success, time to solution,
// autocorrelation.

// Ticks at powers of ten (and 2, 5 where there is room) on a logarithmic axis; positions are log10.
function powerTicks(low, high) {
  const out = [],
    wide = high - low > 3.2;
  for (let e = Math.floor(low); e <= Math.ceil(high); e++)
    for (const m of wide ? [1] : [1, 2, 5]) {
      const at = e + Math.log10(m);
      if (at >= low - 1e-9 && at <= high + 1e-9) out.push({ at, text: number(m * 10 ** e, 1) });
    }
  if (wide && out.length > 8) return out.filter((_, k) => k % Math.ceil(out.length / 7) === 0);
  return out;
}

// A logarithmic line with named dots: [{value, text, low?, high?}]; `from`: shaded from there up.
function logLine({ dots, label, xLabel, from, width = 520 }) {
  const values = dots
    .flatMap((d) => [d.value, d.low, d.high])
    .concat(from && from.value)
    .filter((v) => isNumber(v) && v > 0)
    .map(Math.log10);
  if (!values.length) return null;
  const low = Math.min(...values) - 0.25,
    high = Math.max(...values) + 0.25;
  const p = plot({ width, height: 116, label, x: { low, high, label: xLabel, ticks: powerTicks(low, high) } });
  const X = (v) => p.X(Math.log10(v));
  if (from && from.value > 0)
    p.layer.append(
      svg("rect", {
        class: "zone",
        x: X(from.value),
        width: p.right - X(from.value),
        y: 14,
        height: p.bottom - 14,
        "data-tip": from.text,
      }),
      svg("line", { class: "mark", x1: X(from.value), x2: X(from.value), y1: 14, y2: p.bottom }),
      svg(
        "text",
        {
          class: "note",
          x: X(from.value) + (X(from.value) > p.right - 120 ? -5 : 5),
          y: 26,
          "text-anchor": X(from.value) > p.right - 120 ? "end" : "start",
        },
        from.name,
      ),
    );
  dots
    .filter((d) => isNumber(d.value) && d.value > 0)
    .forEach((d) => {
      const y = 54;
      if (isNumber(d.low) && isNumber(d.high) && d.low > 0)
        p.layer.append(svg("line", { class: "interval", x1: X(d.low), x2: X(d.high), y1: y, y2: y }));
      p.layer.append(
        svg("circle", { class: "dot", cx: X(d.value), cy: y, r: 5, "data-tip": d.text }),
        svg("text", { class: "note", x: X(d.value), y: y - 11, "text-anchor": "middle" }, d.name),
      );
    });
  return p.root;
}

// Eigenvalues on a line.
function eigenLine(s) {
  const low = Math.min(s.smallest, 0),
    high = Math.max(s.largest, 0),
    room = 0.12 * (high - low || 1);
  const p = plot({
    width: 520,
    height: 96,
    label: `eigenvalues from ${number(s.smallest)} to ${number(s.largest)}`,
    x: { low: low - room, high: high + room, label: "eigenvalue of the coupling matrix" },
  });
  p.layer.append(
    svg("line", { class: "interval", x1: p.X(s.smallest), x2: p.X(s.largest), y1: 36, y2: 36 }),
    svg("line", { class: "rule", x1: p.X(0), x2: p.X(0), y1: 14, y2: p.bottom }),
  );
  const ends =
    s.smallest === s.largest
      ? [[s.smallest, "smallest and largest"]]
      : [
          [s.smallest, "smallest"],
          [s.largest, "largest"],
        ];
  for (const [value, name] of ends)
    p.layer.append(
      svg("circle", { class: "dot", cx: p.X(value), cy: 36, r: 5, "data-tip": `${name} eigenvalue ${number(value, 7)}` }),
      svg("text", { class: "note", x: p.X(value), y: 22, "text-anchor": "middle" }, name),
    );
  return p.root;
}

function spectrumOf(hamiltonian) {
  const s = hamiltonian.spectrum;
  if (!s) return missing("No spectrum: it needs numbers, and at least one spin.");
  const r = s.relaxation || {},
    hot = s.hot || {},
    cold = s.cold || {};
  const methods = { lapack: "all eigenvalues (LAPACK)", arpack: "matrix-free (ARPACK)" };
  const temperatures = logLine({
    label: "temperatures of the anneal",
    xLabel: "temperature (units of energy)",
    dots: [
      { value: cold.temperature, name: "cold", text: `cold end: temperature ${number(cold.temperature)}` },
      { value: hot.temperature, name: "hot", text: `hot end: temperature ${number(hot.temperature)}` },
    ],
    from:
      isNumber(r.threshold) && r.threshold > 0
        ? {
            value: r.threshold,
            name: "single flips relax fast",
            text: `above temperature ${number(r.threshold)} the bound on relaxation holds`,
          }
        : null,
  });
  return [
    h(
      "div",
      { class: "figures halves" },
      h(
        "figure",
        null,
        h("figcaption", null, "Extreme eigenvalues"),
        isNumber(s.smallest) && isNumber(s.largest) ? eigenLine(s) : null,
        facts([
          ["smallest", shown(s, "smallest", (v) => number(v, 7))],
          ["largest", shown(s, "largest", (v) => number(v, 7))],
          ["by", methods[s.method] || s.method],
          ["residual", shown(s, "residual", (v) => number(v, 2))],
          ["converged", s.converged === false ? "no" : null],
        ]),
      ),
      h(
        "figure",
        null,
        h("figcaption", null, "Temperatures of the anneal"),
        temperatures || missing("There are no couplings and fields to take temperatures from."),
        facts([
          ["hot", shown(hot, "temperature")],
          ["cold", shown(cold, "temperature")],
          ["bound holds from", shown(r, "threshold")],
        ]),
        r.line ? h("p", null, r.line, ".", r.source ? h("span", { class: "quiet" }, ` ${r.source}.`) : null) : null,
      ),
    ),
  ];
}

// ---- measured ----

function successFigure(m) {
  const s = m.success;
  const p = plot({
    width: 520,
    height: 96,
    label: `success probability ${number(s.p, 3)}, 95 % between ${number(s.low, 3)} and ${number(s.high, 3)}`,
    x: { low: 0, high: 1, label: "probability that one read finds it" },
  });
  p.layer.append(
    svg("line", {
      class: "interval",
      x1: p.X(s.low),
      x2: p.X(s.high),
      y1: 34,
      y2: 34,
      "data-tip": `95 % interval: ${number(s.low, 3)} to ${number(s.high, 3)}`,
    }),
    svg("circle", { class: "dot", cx: p.X(s.p), cy: 34, r: 5, "data-tip": `${number(s.hits)} of ${plural(m.reads, "read")}` }),
  );
  const goal = m.reference
    ? [
        m.reference.kind === "exact" ? "the exact ground state, " : "the best energy found, ",
        shown(m.reference, "energy", (v) => number(v, 6)),
      ]
    : "the best energy";
  return h(
    "figure",
    null,
    h("figcaption", null, "Success: reads that reach ", goal),
    p.root,
    facts([
      ["reads", [shown(s, "hits"), " of ", shown(m, "reads")]],
      ["probability", shown(s, "p", (v) => number(v, 3))],
      ["95 % interval", [shown(s, "low", (v) => number(v, 3)), " to ", shown(s, "high", (v) => number(v, 3))]],
    ]),
  );
}

function intervalOf(v, show) {
  if (!v) return null;
  if (!isNumber(v.value)) return ["never reached; at least ", shown(v, "low", show) || NONE];
  return [
    shown(v, "value", show),
    h("span", { class: "quiet" }, " (", shown(v, "low", show) || NONE, " to ", shown(v, "high", show) || "∞", ")"),
  ];
}

function timeFigure(m) {
  const t = m.tts99 || {},
    sweeps = t.sweeps || {};
  const line = logLine({
    label: "time to solution at 99 %",
    xLabel: "sweeps until found with 99 %",
    dots: [{ ...sweeps, name: "99 %", text: `${number(sweeps.value)} sweeps` }],
  });
  const a = m.autocorrelation;
  return h(
    "figure",
    null,
    h("figcaption", null, "Time to solution at 99 %"),
    isNumber(sweeps.value) ? line : missing("No read reached it: the time has no upper bound."),
    facts([
      ["sweeps", intervalOf(t.sweeps, (v) => number(v, 3))],
      ["on this processor", intervalOf(t.seconds, seconds)],
      [
        "energy decorrelates in",
        a
          ? [
              shown(a, "tau", (v) => number(v, 3)),
              " ± ",
              shown(a, "error", (v) => number(v, 2)),
              h(
                "span",
                { class: "quiet" },
                " sweeps at temperature ",
                shown(a, "temperature", (v) => number(v, 3)),
              ),
            ]
          : null,
      ],
    ]),
  );
}

function measuredOf(hamiltonian) {
  const m = hamiltonian.measured;
  if (!m) return missing(hamiltonian.numbers ? "Nothing was measured: interrupted." : "Nothing was measured: it needs numbers.");
  return [
    h(
      "p",
      null,
      "Annealed ",
      shown(m, "reads"),
      " times, ",
      shown(m, "sweeps"),
      " sweeps each; the best energy is ",
      shown(m, "best", (v) => number(v, 6)),
      ".",
    ),
    h("div", { class: "figures halves" }, m.success ? successFigure(m) : null, timeFigure(m)),
  ];
}
