// machine.js - with a target: the parts that the Hamiltonian is cut into, the matrix as sent, and what came back.

const partTone = (part, parts) =>
  parts < 2
    ? tone(COOL, 0.6)
    : tone(part % 2 ? WARM : COOL, 0.95 - (0.7 * Math.floor(part / 2)) / Math.max(1, Math.ceil(parts / 2)));

function partsTable(p) {
  const parts = list(p.parts),
    most = 24;
  return h(
    "table",
    null,
    h(
      "thead",
      null,
      h(
        "tr",
        null,
        ["part", "round", "spins", "couplings severed", ""].map((t) => h("th", { scope: "col" }, t)),
      ),
    ),
    h(
      "tbody",
      null,
      parts.slice(0, most).map((part) =>
        h(
          "tr",
          null,
          ["part", "round", "spins", "severed"].map((key) => h("td", { class: "n" }, shown(part, key))),
          h("td", null, h("code", null, part.text || "")),
        ),
      ),
    ),
    parts.length > most
      ? h("tfoot", null, h("tr", null, h("td", { colspan: 5 }, `and ${plural(parts.length - most, "more part")}`)))
      : null,
  );
}

function partitionOf(context, hamiltonian) {
  const p = hamiltonian.partition,
    parts = list(p.parts),
    of = Array.isArray(p.part_of_spin) ? p.part_of_spin : null,
    cut = p.cut || {};
  const severed = cut.of ? ` (${percent(cut.weight / cut.of)} of all coupling weight)` : "";
  return [
    h(
      "p",
      null,
      `${plural(parts.length, "part")} in `,
      shown(p, "rounds"),
      p.rounds === 1 ? " round" : " rounds",
      " for ",
      h("strong", null, p.target),
      isNumber(p.capacity) ? [", which takes ", shown(p, "capacity"), " of these spins at once"] : "",
      ".",
    ),
    h(
      "div",
      { class: "flow" },
      h(
        "div",
        null,
        partsTable(p),
        facts([
          ["couplings severed", shown(cut, "couplings")],
          ["their weight", isNumber(cut.weight) ? [shown(cut, "weight"), severed] : null],
        ]),
      ),
      of && parts.length > 1
        ? list(hamiltonian.arrays).map((array) =>
            h(
              "figure",
              null,
              h("figcaption", null, "Parts, spin by spin: ", h("code", null, array.name)),
              spinGrid(hamiltonian, array, {
                wide: context.wide,
                label: `parts of the spins of ${array.name}`,
                colour: (s) => partTone(of[s], parts.length),
                tell: (s) => `${spinName(hamiltonian, s)} is in part ${of[s]}`,
              }),
            ),
          )
        : null,
    ),
  ];
}

function machineOf(context, hamiltonian) {
  const m = hamiltonian.machine;
  if (!m.fits) return h("p", { class: "bad" }, `Does not fit ${m.target}: ${m.why || "no reason is given"}.`);
  const sent = list(m.sent),
    ancilla = m.ancilla,
    back = new Set(list(m.state)),
    here = new Set(list(hamiltonian.state));
  const names = {
    count: m.matrix ? m.matrix.rows * m.matrix.block : 0,
    of: (k) => (k === ancilla ? "the ancilla" : sent[k] === undefined ? `row ${k}` : spinName(hamiltonian, sent[k])),
  };
  const value = (s, state) => number(state.has(s) ? upValue() : downValue(hamiltonian, s));
  const compared = Array.isArray(m.state) && Array.isArray(hamiltonian.state);
  return [
    h(
      "p",
      null,
      "On a simulator of ",
      h("strong", null, m.target),
      ", within its limits: presolve fixed ",
      shown(m, "spins_fixed"),
      " spins, ",
      shown(m, "spins_sent"),
      " were sent with ",
      shown(m, "couplings"),
      " couplings.",
    ),
    h(
      "div",
      { class: "figures halves" },
      h(
        "figure",
        null,
        h("figcaption", null, "The matrix of the first part, as sent"),
        m.matrix
          ? heatMap(m.matrix, names, {
              label: "the quantised matrix",
              what: `in steps of the machine${isNumber(m.scale) ? ` (${number(m.scale, 3)} each)` : ""}`,
              size: 400,
              whole: Number.isInteger(m.matrix.high),
              xLabel: ancilla === null ? "spin sent" : "spin sent, the ancilla last",
            })
          : missing("Nothing was sent: presolve settled every spin."),
      ),
      h(
        "figure",
        null,
        h("figcaption", null, "What came back"),
        facts([
          ["energy", shown(m, "energy", (v) => number(v, 6))],
          ["best energy here", shown(m, "best_here", (v) => number(v, 6))],
          ["gap", shown(m, "gap", (v) => percent(v))],
          ["spins that agree", shown(m, "agreement", (v) => percent(v))],
          ["passes", shown(m, "passes")],
          ["runs of the machine", shown(m, "runs")],
          ["reads", shown(m, "reads")],
          ["sweeps", shown(m, "sweeps")],
          ["couplings lost", shown(m, "couplings_lost")],
          ["fields lost", shown(m, "fields_lost")],
          ["no energy is off by more than", shown(m, "error_bound")],
        ]),
      ),
    ),
    compared
      ? list(hamiltonian.arrays).map((array) =>
          h(
            "figure",
            null,
            h("figcaption", null, "What came back, against the best state found here: ", h("code", null, array.name)),
            spinGrid(hamiltonian, array, {
              wide: context.wide,
              label: `what came back for ${array.name}`,
              colour: (s) =>
                back.has(s) !== here.has(s) ? tone(WARM, back.has(s) ? 0.95 : 0.35) : back.has(s) ? tone(COOL, 0.95) : FAINT,
              tell: (s) =>
                `${spinName(hamiltonian, s)} = ${value(s, back)}${back.has(s) !== here.has(s) ? `, here ${value(s, here)}` : ""}`,
            }),
            kindKey([
              [tone(COOL, 0.95), "up in both"],
              [FAINT, "down in both"],
              [tone(WARM, 0.95), "up there, down here"],
              [tone(WARM, 0.35), "down there, up here"],
            ]),
          ),
        )
      : null,
  ];
}

function targetOf(context, hamiltonian) {
  if (!hamiltonian.partition && !hamiltonian.machine)
    return missing("No target was named. With --target the page shows the parts, the matrix as sent, and what came back.");
  return [
    hamiltonian.partition ? partitionOf(context, hamiltonian) : null,
    hamiltonian.machine ? machineOf(context, hamiltonian) : null,
  ];
}
