// chart.js - small plots in SVG: axes with ticks and units, histograms, dots with intervals. Colours come from the style sheet.

// Round numbers that cover low..high, about `count` of them.
function ticks(low, high, count) {
  if (!(high > low)) return [low];
  const raw = (high - low) / count,
    power = 10 ** Math.floor(Math.log10(raw));
  const steps = [0.5, 1, 2, 2.5, 5, 10],
    wanted = steps.findIndex((m) => raw <= m * power * (1 + 1e-9));
  const inside = (step) => Math.floor(high / step + 1e-9) - Math.ceil(low / step - 1e-9) + 1;
  const step = power * (inside(power * steps[wanted]) < 3 && wanted > 0 ? steps[wanted - 1] : steps[wanted]);
  const from = Math.ceil(low / step - 1e-9),
    to = Math.floor(high / step + 1e-9),
    out = [];
  for (let k = from; k <= to; k++) out.push(k * step);
  return out;
}

// Labels of ticks: all with the decimals that the step needs.
function tickLabel(value, step) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return number(value, 2);
  const decimals = Math.max(0, Math.min(6, Math.ceil(-Math.log10(step) - 1e-9)));
  const exact = Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) < 1e-6 ? decimals : decimals + 1;
  return (value < 0 ? MINUS : "") + grouped(size.toFixed(exact));
}

const linear = (from, to, a, b) => (v) => (to > from ? a + ((v - from) / (to - from)) * (b - a) : (a + b) / 2);

// An empty plot. x and y: {low, high, label, whole?, ticks?: [{at, text}]}; y may lack, then there is no vertical axis.
// Returns {root, layer, X, Y, left, right, top, bottom}; `layer` is where the marks go.
function plot({ width = 360, height = 190, x, y, label }) {
  const right = width - 14,
    top = 10,
    bottom = height - 40;
  const ys = y ? y.ticks || plainTicks(y, Math.max(2, Math.floor((bottom - top) / 36))) : [];
  const left = y ? 28 + 6.8 * Math.max(2, ...ys.map((t) => t.text.length)) : 12;
  const X = linear(x.low, x.high, left, right),
    Y = y ? linear(y.low, y.high, bottom, top) : () => bottom;
  const xs = x.ticks || plainTicks(x, Math.max(2, Math.floor((right - left) / 70)));
  const layer = svg("g");
  const root = svg(
    "svg",
    { class: "plot", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label },
    ys.map((t) =>
      svg(
        "g",
        { class: "tick" },
        svg("line", { class: "rule", x1: left, x2: right, y1: Y(t.at), y2: Y(t.at) }),
        svg("text", { x: left - 6, y: Y(t.at) + 4, "text-anchor": "end" }, t.text),
      ),
    ),
    layer,
    svg("line", { class: "axis", x1: left, x2: right, y1: bottom + 0.5, y2: bottom + 0.5 }),
    xs.map((t) =>
      svg(
        "g",
        { class: "tick" },
        svg("line", { class: "axis", x1: X(t.at), x2: X(t.at), y1: bottom, y2: bottom + 4 }),
        svg("text", { x: X(t.at), y: bottom + 16, "text-anchor": "middle" }, t.text),
      ),
    ),
    svg("text", { class: "title", x: (left + right) / 2, y: height - 6, "text-anchor": "middle" }, x.label),
    y &&
      y.label &&
      svg(
        "text",
        { class: "title", transform: `translate(11 ${(top + bottom) / 2}) rotate(-90)`, "text-anchor": "middle" },
        y.label,
      ),
  );
  return { root, layer, X, Y, left, right, top, bottom };
}

function plainTicks(axis, count) {
  const at = ticks(axis.low, axis.high, count),
    step = at.length > 1 ? at[1] - at[0] : Math.abs(at[0]) || 1;
  const shownAt = axis.whole ? at.filter((v) => Math.abs(v - Math.round(v)) < 1e-9) : at;
  return shownAt.map((v) => ({ at: v, text: tickLabel(v, axis.whole ? Math.max(1, step) : step) }));
}

// Bars between edges[k] and edges[k + 1]. `tell(k)` is a bar's text when it is pointed at; `kind(k)` an extra class.
function bars(p, edges, counts, tell, kind = () => "") {
  counts.forEach((count, k) => {
    const a = p.X(edges[k]),
      b = p.X(edges[k + 1]),
      top = p.Y(count);
    if (count > 0)
      p.layer.append(
        svg("rect", {
          class: `bar ${kind(k)}`,
          x: a + 0.5,
          width: Math.max(b - a - 1, 0.75),
          y: Math.min(top, p.bottom - 1),
          height: Math.max(p.bottom - top, 1),
        }),
      );
    p.layer.append(
      svg("rect", { class: "touch", x: a, width: Math.max(b - a, 1), y: p.top, height: p.bottom - p.top, "data-tip": tell(k) }),
    );
  });
}

// A histogram of evenly spaced bins from low to high.
function histogram({ low, high, counts, xLabel, yLabel = "count", label, width, height, what = "values", mark }) {
  const flat = !(high > low),
    room = flat ? Math.max(Math.abs(low) / 2, 0.5) : 0,
    from = low - room,
    to = high + room;
  const edges = flat
    ? [low - room / 20, low + room / 20]
    : counts.map((_, k) => from + ((to - from) * k) / counts.length).concat([to]);
  const most = Math.max(1, ...counts);
  const p = plot({
    width,
    height,
    label,
    x: { low: from, high: to, label: xLabel },
    y: { low: 0, high: most, label: yLabel, whole: true },
  });
  bars(p, edges, counts, (k) =>
    flat
      ? `${plural(counts[k], what.replace(/s$/, ""), what)}, all at ${number(low)}`
      : `${plural(counts[k], what.replace(/s$/, ""), what)} from ${number(edges[k])} to ${number(edges[k + 1])}`,
  );
  if (isNumber(mark) && mark >= from && mark <= to)
    p.layer.append(svg("line", { class: "mark", x1: p.X(mark), x2: p.X(mark), y1: p.top, y2: p.bottom }));
  return p.root;
}

// A plot with its caption.
const figure = (drawing, ...caption) => h("figure", null, drawing, caption.length ? h("figcaption", null, ...caption) : null);
