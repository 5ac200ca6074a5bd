// grid.js - matrices of cells: heat maps, states, parts. The cells are one small picture, scaled up without smoothing; ticks,
// marks and the cursor are SVG over it. A cell names itself when pointed at; with the focus on the grid, arrow keys walk over
// the cells.

// Colours have transparency instead of a white or a black end, so that one picture fits light, dark and paper.
const WARM = [214, 98, 20],
  COOL = [38, 116, 222],
  GREY = [128, 134, 142];
const CLEAR = [0, 0, 0, 0];
const tone = (colour, strength) => [...colour, Math.round(255 * Math.max(0, Math.min(1, strength)))];
const diverging = (share) => (share >= 0 ? tone(WARM, share) : tone(COOL, -share));

function bitmap(rows, columns, paint) {
  const canvas = h("canvas", { width: columns, height: rows }),
    context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  for (let r = 0, at = 0; r < rows; r++) for (let c = 0; c < columns; c++, at += 4) image.data.set(paint(r, c), at);
  context.putImageData(image, 0, 0);
  return canvas.toDataURL();
}

// Ticks at round cell numbers, far enough apart for their texts: [{cell, text}].
function cellTicks(count, size, scale = 1) {
  const room = Math.max(26, 7 * String(count * scale).length + 8);
  const step = [1, 2, 4, 5, 8, 10, 16, 20, 32, 50, 64, 100, 128, 200, 256, 500, 512, 1000].find((s) => s * size >= room) || 1000;
  const out = [];
  for (let k = 0; k < count; k += step) out.push({ cell: k, text: String(k * scale) });
  return out;
}

// rows, columns; paint(r, c) -> [r, g, b, a]; tell(r, c) -> text; label: for those who do not see it.
// cell: {width, height} in pixels. xTicks, yTicks: [{cell, text}]; xLabel, yLabel; xMarks, yMarks: cells marked on the axes.
// cellText(r, c): written into the cells. choose(r, c): when a cell is clicked.
function grid(g) {
  const { rows, columns, cell } = g;
  const longest = Math.max(0, ...list(g.yTicks).map((t) => t.text.length));
  const left = g.yTicks ? 16 + 7 * longest + (g.yLabel ? 16 : 0) + (g.yMarks ? 8 : 0) : 1;
  const top = g.xMarks ? 12 : 2,
    width = columns * cell.width,
    height = rows * cell.height;
  const bottom = (g.xTicks ? 18 : 1) + (g.xLabel ? 17 : 0),
    right = 8;
  const cursor = svg("rect", {
    class: "cursor",
    width: Math.max(cell.width, 4),
    height: Math.max(cell.height, 4),
    visibility: "hidden",
  });
  const place = (r, c) => ({ x: left + c * cell.width, y: top + r * cell.height });
  const middle = Math.max(width / 2, 3.4 * (g.xLabel || "").length),
    whole = left + Math.max(width, 2 * middle) + right;
  const root = svg(
    "svg",
    {
      class: "grid",
      viewBox: `0 0 ${whole} ${top + height + bottom}`,
      width: whole,
      height: top + height + bottom,
      tabindex: 0,
      role: "application",
      "aria-roledescription": "grid of cells",
      "aria-label": `${g.label}. Arrow keys walk over the cells.`,
      "data-rows": rows,
      "data-columns": columns,
    },
    svg("image", {
      class: "cells",
      x: left,
      y: top,
      width,
      height,
      preserveAspectRatio: "none",
      href: bitmap(rows, columns, g.paint),
    }),
    svg("rect", { class: "frame", x: left - 0.5, y: top - 0.5, width: width + 1, height: height + 1 }),
    list(g.xTicks).map((t) =>
      svg(
        "text",
        { class: "tick", x: left + (t.cell + 0.5) * cell.width, y: top + height + 14, "text-anchor": "middle" },
        t.text,
      ),
    ),
    list(g.yTicks).map((t) =>
      svg(
        "text",
        { class: "tick", x: left - (g.yMarks ? 13 : 5), y: top + (t.cell + 0.5) * cell.height + 4, "text-anchor": "end" },
        t.text,
      ),
    ),
    g.xLabel &&
      svg("text", { class: "title", x: left + middle, y: top + height + bottom - 4, "text-anchor": "middle" }, g.xLabel),
    g.yLabel &&
      svg(
        "text",
        { class: "title", transform: `translate(11 ${top + height / 2}) rotate(-90)`, "text-anchor": "middle" },
        g.yLabel,
      ),
    list(g.xMarks).map((c) =>
      svg("rect", { class: "chosen", x: left + c * cell.width + 0.5, y: top - 8, width: Math.max(cell.width - 1, 1), height: 5 }),
    ),
    list(g.yMarks).map((r) =>
      svg("rect", {
        class: "chosen",
        x: left - 9,
        y: top + r * cell.height + 0.5,
        width: 5,
        height: Math.max(cell.height - 1, 1),
      }),
    ),
    g.cellText &&
      Array.from({ length: rows }, (_, r) =>
        Array.from({ length: columns }, (_, c) =>
          svg(
            "text",
            { class: "cell", x: left + (c + 0.5) * cell.width, y: top + (r + 0.5) * cell.height + 3.5, "text-anchor": "middle" },
            g.cellText(r, c),
          ),
        ),
      ),
    list(g.outlines).map(([r, c]) =>
      svg("rect", {
        class: "outline",
        x: place(r, c).x + 1,
        y: place(r, c).y + 1,
        width: cell.width - 2,
        height: cell.height - 2,
      }),
    ),
    cursor,
  );
  steer(root, g, cursor, place, (x, y) => [Math.floor((y - top) / cell.height), Math.floor((x - left) / cell.width)]);
  return root;
}

// Pointer and keyboard over a grid.
function steer(root, g, cursor, place, cellAt) {
  let at = null;
  const show = (r, c, x, y) => {
    at = [r, c];
    const p = place(r, c);
    cursor.setAttribute("x", p.x);
    cursor.setAttribute("y", p.y);
    cursor.setAttribute("visibility", "visible");
    point(g.tell(r, c), x, y);
  };
  const hide = () => cursor.setAttribute("visibility", "hidden");
  const onScreen = (x, y) => new DOMPoint(x, y).matrixTransform(root.getScreenCTM());
  root.addEventListener("pointermove", (event) => {
    const inside = new DOMPoint(event.clientX, event.clientY).matrixTransform(root.getScreenCTM().inverse());
    const [r, c] = cellAt(inside.x, inside.y);
    if (r < 0 || c < 0 || r >= g.rows || c >= g.columns) return hide();
    event.stopPropagation();
    show(r, c, event.clientX, event.clientY);
  });
  root.addEventListener("pointerleave", hide);
  root.addEventListener("blur", hide);
  root.addEventListener("keydown", (event) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const [r, c] = at ? [at[0] + step[0], at[1] + step[1]] : [0, 0];
    const to = [Math.max(0, Math.min(g.rows - 1, r)), Math.max(0, Math.min(g.columns - 1, c))],
      p = place(...to);
    const corner = onScreen(p.x, p.y);
    show(...to, corner.x, corner.y);
  });
  if (g.choose) root.addEventListener("click", () => at && g.choose(...at));
}

// ---- matrices of a report ----

function bytesOf(base64) {
  const text = atob(base64),
    bytes = new Uint8Array(text.length);
  for (let k = 0; k < text.length; k++) bytes[k] = text.charCodeAt(k);
  return bytes;
}

// Checked: {rows, columns, block, share(r, c) in -1..1, text(r, c)}; throws in plain words.
function readMatrix(m, whole) {
  const bytes = bytesOf(m.pixels),
    rows = m.rows,
    columns = m.columns,
    block = m.block || 1,
    step = (m.high - m.low) / 254;
  if (bytes.length !== rows * columns) throw new Error(`a matrix of ${rows} by ${columns} has ${bytes.length} cells`);
  const value = (r, c) => m.low + step * bytes[r * columns + c];
  return {
    rows,
    columns,
    block,
    value,
    share: (r, c) => (m.high > 0 ? value(r, c) / m.high : 0),
    text: (r, c) => cellText(value(r, c), step, whole && block === 1),
  };
}

// A value known to the nearest of 254 steps: whole numbers that are at least a step apart exactly, others about.
function cellText(value, step, whole) {
  if (Math.abs(value) < step / 2) return "0";
  if (whole && step < 1) return number(Math.round(value));
  const decimals = Math.max(0, Math.min(12, Math.ceil(-Math.log10(step))));
  return `≈ ${number(Number(value.toFixed(decimals)), 3)}`;
}

// The key to a heat map's colours, from -high to high.
function colourKey(high, what) {
  const cells = 65,
    share = (c) => (2 * c) / (cells - 1) - 1;
  return h(
    "p",
    { class: "key" },
    h("span", null, number(-high, 3)),
    h("img", {
      class: "ramp",
      src: bitmap(1, cells, (_, c) => diverging(share(c))),
      alt: "colours from negative over none to positive",
    }),
    h("span", null, number(high, 3)),
    h("span", { class: "what" }, what),
  );
}

// The key to colours that stand for kinds: [[colour, text], ...].
const kindKey = (kinds) =>
  h(
    "p",
    { class: "key" },
    kinds.map(([colour, text]) =>
      h(
        "span",
        { class: "kind" },
        h("i", { style: `background: rgba(${colour[0]}, ${colour[1]}, ${colour[2]}, ${(colour[3] / 255).toFixed(2)})` }),
        text,
      ),
    ),
  );
