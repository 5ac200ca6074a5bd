// spins.js - spins by name, and arrays of spins as grids in which each spin names itself.

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

// ---- layout ----

const TALL = 720; // pixels that a grid of spins fills at most

// How blocks of `rows` by `columns` cells are set beside and below one another, a cell apart, for cells as large as can be:
// {across, side}.
function mosaic(blocks, rows, columns, wide) {
  let best = { across: 1, side: 0 };
  for (let across = 1; across <= Math.min(blocks, wide); across++) {
    const down = Math.ceil(blocks / across);
    const side = Math.min(28, Math.floor(Math.min(wide / (across * (columns + 1) - 1), TALL / (down * (rows + 1) - 1))));
    if (side > best.side) best = { across, side };
  }
  return { ...best, side: Math.max(1, best.side) };
}

// {rows, columns, cell, spinAt(r, c) or -1, and what stands at the axes}. One index is wrapped into lines, two are rows and
// columns, more are blocks of the last two; a long and narrow array is blocks of its rows.
function layoutOf(array, wide) {
  const indices = list(array.indices),
    total = sizeOf(array);
  if (!(total > 0)) return null;
  if (indices.length < 2) return wrappedLayout(array, indices, total, wide);
  const [outer, inner] = indices.slice(-2),
    long = indices.length === 2 && outer.extent > 64 && outer.extent > 2 * inner.extent;
  const rows = long ? 64 : outer.extent,
    columns = inner.extent,
    blocks = Math.ceil(total / (rows * columns));
  return blocks === 1 ? plainLayout(array, outer, inner, wide) : blockLayout(array, { rows, columns, blocks, total, long }, wide);
}

function wrappedLayout(array, indices, total, wide) {
  const columns = total <= 64 ? total : 64 * Math.ceil(total / (64 * 128)),
    rows = Math.ceil(total / columns);
  const side = Math.max(1, Math.min(28, Math.floor(Math.min(wide / columns, TALL / rows))));
  return {
    rows,
    columns,
    cell: { width: side, height: rows < 4 ? Math.max(side, 14) : side },
    spinAt: (r, c) => (r * columns + c < total ? array.first + r * columns + c : -1),
    xTicks: cellTicks(columns, side),
    yTicks: rows > 1 ? cellTicks(rows, side * 1.6, columns) : null,
    xLabel: indices.length ? indices[0].name : null,
  };
}

function plainLayout(array, outer, inner, wide) {
  const rows = outer.extent,
    columns = inner.extent;
  const width = Math.max(1, Math.min(28, Math.floor(wide / columns))),
    height = Math.max(1, Math.min(28, Math.floor(TALL / rows), Math.max(width, 14)));
  return {
    rows,
    columns,
    cell: { width, height },
    spinAt: (r, c) => array.first + r * columns + c,
    xTicks: cellTicks(columns, width),
    yTicks: cellTicks(rows, height * 1.6),
    xLabel: inner.name,
    yLabel: outer.name,
  };
}

function blockLayout(array, { rows, columns, blocks, total, long }, wide) {
  const { across, side } = mosaic(blocks, rows, columns, wide),
    down = Math.ceil(blocks / across),
    [outer, inner] = array.indices.slice(-2);
  const spinAt = (r, c) => {
    const block = Math.floor(r / (rows + 1)) * across + Math.floor(c / (columns + 1)),
      inside = (r % (rows + 1)) * columns + (c % (columns + 1)),
      s = block * rows * columns + inside;
    return r % (rows + 1) === rows || c % (columns + 1) === columns || s >= total ? -1 : array.first + s;
  };
  const firstOf = (line) => blockStart(array, line * across * rows * columns, long);
  const what = long
    ? `${rows} ${outer.name} a block`
    : `a block for each ${array.indices
        .slice(0, -2)
        .map((index) => index.name)
        .join(", ")}`;
  return {
    rows: down * (rows + 1) - 1,
    columns: across * (columns + 1) - 1,
    cell: { width: side, height: side },
    spinAt,
    yTicks: Array.from({ length: down }, (_, line) => ({ cell: line * (rows + 1), text: firstOf(line) })),
    xLabel: `${outer.name} down, ${inner.name} across; ${what}`,
  };
}

// The indices at which a block begins: "f=3", of spin s of the array.
function blockStart(array, s, long) {
  const parts = [];
  let rest = s;
  [...array.indices].reverse().forEach((index, k) => {
    if (k >= (long ? 1 : 2)) parts.unshift(`${index.name}=${rest % index.extent}`);
    rest = Math.floor(rest / index.extent);
  });
  return parts.join(", ");
}

// ---- grids ----

const CELLS_AT_MOST = 1 << 19; // of one picture; more are left out, in words

// A grid of an array's spins. colour(s) and tell(s) as for a spin; `wide`: pixels there are.
function spinGrid(hamiltonian, array, { colour, tell, label, wide = 1060 }) {
  const { spinAt, ...layout } = layoutOf(array, wide - 70) || {};
  if (!spinAt) return missing(`${array.name} has no spins.`);
  if (layout.rows * layout.columns > CELLS_AT_MOST)
    return missing(`${number(sizeOf(array))} spins are too many to draw one by one.`);
  return grid({
    ...layout,
    label,
    paint: (r, c) => (spinAt(r, c) < 0 ? CLEAR : colour(spinAt(r, c))),
    tell: (r, c) => (spinAt(r, c) < 0 ? "no spin" : tell(spinAt(r, c))),
  });
}

const FAINT = tone(GREY, 0.16);

// Why presolve set a spin.
function fixedBy(why, value = "") {
  if (why === "nothing") return "free to be anything: neither field nor coupling acts on it";
  return `fixed${value} by ${why === "field" ? "its field" : why}`;
}

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
      spinName(hamiltonian, s) +
      (known ? ` = ${number(value(s))}` : "") +
      (fixed.has(s) ? `, ${fixedBy(fixed.get(s))}` : ""),
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
