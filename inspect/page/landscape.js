// landscape.js - energies of the reads, the lowest states and how far apart they are, and the exact levels of small problems.

function energyFigure(l) {
  const hist = l.histogram;
  return h(
    "figure",
    null,
    h("figcaption", null, "Energies of the reads"),
    hist
      ? histogram({
          ...hist,
          xLabel: "energy",
          yLabel: "reads",
          what: "reads",
          width: 520,
          height: 210,
          label: `histogram of ${plural(l.reads, "energy", "energies")}`,
        })
      : missing("No reads."),
    facts([
      ["reads", shown(l, "reads")],
      ["lowest", l.energies && l.energies.length ? shown(l.energies, 0, (v) => number(v, 6)) : null],
      [
        "of that energy",
        l.degeneracy
          ? [
              shown(l.degeneracy, "states"),
              l.degeneracy.states === 1 ? " state, found by " : " states, found by ",
              shown(l.degeneracy, "reads"),
              l.degeneracy.reads === 1 ? " read" : " reads",
            ]
          : null,
      ],
    ]),
  );
}

// States below one another: one line each, one cell a spin (a block of spins where there are many).
function stripsFigure(hamiltonian, states, wide) {
  const spins = hamiltonian.spins,
    block = Math.max(1, Math.ceil(spins / (wide - 130))),
    columns = Math.ceil(spins / block);
  const width = Math.max(1, Math.min(18, Math.floor((wide - 130) / columns)));
  const first = new Set(list(states[0].up));
  const up = states.map((state) => {
    const share = new Float64Array(columns),
      differs = new Uint8Array(columns),
      here = new Set(list(state.up));
    for (const s of here) share[Math.floor(s / block)] += 1;
    for (const s of here) if (!first.has(s)) differs[Math.floor(s / block)] = 1;
    for (const s of first) if (!here.has(s)) differs[Math.floor(s / block)] = 1;
    return { share, differs };
  });
  const inBlock = (c) => Math.min(block, spins - c * block);
  const names = { count: spins, of: (s) => spinName(hamiltonian, s) };
  const tell = (r, c) => {
    const name = blockName(names, c, block),
      n = up[r].share[c];
    const value =
      block === 1 ? ` = ${number(n ? upValue() : downValue(hamiltonian, c))}` : `: ${number(n)} of ${number(inBlock(c))} up`;
    return `${name}${value}${r && up[r].differs[c] ? ", unlike the lowest" : ""} (energy ${number(states[r].energy, 6)})`;
  };
  return h(
    "figure",
    { class: "wide" },
    h("figcaption", null, `The ${states.length === 1 ? "lowest state" : `${states.length} lowest states`}, a line each`),
    grid({
      rows: states.length,
      columns,
      cell: { width, height: 15 },
      label: "the lowest states",
      tell,
      paint: (r, c) => {
        const share = up[r].share[c] / inBlock(c);
        return up[r].differs[c] && r ? tone(WARM, 0.3 + 0.65 * share) : share ? tone(COOL, 0.2 + 0.75 * share) : FAINT;
      },
      xTicks: cellTicks(columns, width, block),
      xLabel: "spin",
      yTicks: states.map((s, k) => ({ cell: k, text: `${number(s.energy, 5)} ×${s.count}` })),
    }),
    kindKey([
      [tone(COOL, 0.95), "up"],
      [FAINT, "down"],
      [tone(WARM, 0.95), "up, unlike the lowest"],
      [tone(WARM, 0.3), "down, unlike the lowest"],
    ]),
  );
}

function hammingFigure(states, hamming) {
  const most = Math.max(1, ...hamming.flat()),
    n = hamming.length,
    side = n > 16 ? 16 : Math.max(26, 7 * String(most).length + 5);
  return h(
    "figure",
    null,
    h("figcaption", null, "Hamming distances between the lowest states"),
    grid({
      rows: n,
      columns: n,
      cell: { width: side, height: Math.min(side, 26) },
      label: "Hamming distances between the lowest states",
      paint: (r, c) => tone(COOL, (0.6 * hamming[r][c]) / most),
      cellText: n <= 16 ? (r, c) => String(hamming[r][c]) : null,
      tell: (r, c) =>
        `states ${r} and ${c}: ${plural(hamming[r][c], "spin")} differ${hamming[r][c] === 1 ? "s" : ""}, ` +
        `energies ${number(states[r].energy, 6)} and ${number(states[c].energy, 6)}`,
      xTicks: cellTicks(n, side),
      yTicks: cellTicks(n, side * 1.2),
      xLabel: "state, by energy",
    }),
  );
}

// Energy levels as lines, each as long as the logarithm of its states.
function exactFigure(exact) {
  const levels = list(exact.levels);
  if (!levels.length) return missing("No levels.");
  const low = levels[0].energy,
    high = levels[levels.length - 1].energy,
    room = 0.06 * (high - low || 1);
  const most = Math.max(...levels.map((l) => Math.log10(l.states)), 1);
  const ticksX = Array.from({ length: Math.ceil(most) + 1 }, (_, k) => ({ at: k, text: number(10 ** k) }));
  const p = plot({
    width: 520,
    height: 260,
    label: `the lowest ${plural(levels.length, "energy level")}`,
    x: { low: -0.25, high: Math.ceil(most), label: "states of that energy", ticks: ticksX },
    y: { low: low - room, high: high + room, label: "energy" },
  });
  levels.forEach((l) => {
    const y = p.Y(l.energy),
      text = `energy ${number(l.energy, 6)}: ${plural(l.states, "state")}`;
    p.layer.append(
      svg("line", { class: "level", x1: p.left, x2: p.X(Math.log10(l.states)), y1: y, y2: y }),
      svg("rect", { class: "touch", x: p.left, width: p.right - p.left, y: y - 3, height: 6, "data-tip": text }),
    );
  });
  return h(
    "figure",
    null,
    h("figcaption", null, "The exact lowest levels, by enumeration"),
    p.root,
    facts([
      ["ground state", shown(levels[0], "energy", (v) => number(v, 7))],
      ["its states", shown(levels[0], "states")],
      ["gap", levels.length > 1 ? number(levels[1].energy - low) : null],
      ["states in all", shown(exact, "total_states")],
    ]),
  );
}

function landscapeOf(context, hamiltonian) {
  const l = hamiltonian.landscape;
  if (!l) return missing(hamiltonian.numbers ? "No landscape: interrupted." : "No landscape: it needs numbers.");
  const states = list(l.states),
    hamming = list(l.hamming);
  return [
    h(
      "div",
      { class: "figures halves" },
      energyFigure(l),
      l.exact ? exactFigure(l.exact) : null,
      states.length > 1 && hamming.length > 1 ? hammingFigure(states, hamming) : null,
    ),
    states.length ? stripsFigure(hamiltonian, states, context.wide) : missing("No states."),
  ];
}
