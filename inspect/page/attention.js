// attention.js - what attention did: each head's coupling matrix with the tokens it chose, how sparse it is, the picture.

const chosenText = (head, tokens) => `${number(list(head.chosen).length)} of ${number(tokens)}`;

// Grey values as a picture (data URL).
function picture(image) {
  const bytes = bytesOf(image.pixels);
  if (bytes.length !== image.width * image.height)
    throw new Error(`a picture of ${image.height} by ${image.width} has ${bytes.length} cells`);
  return bitmap(image.height, image.width, (r, c) => [
    bytes[r * image.width + c],
    bytes[r * image.width + c],
    bytes[r * image.width + c],
    255,
  ]);
}

// The picture with the chosen patches clear and framed, the others dimmed.
function overlay(image, url, chosen, size, tell) {
  const scale = Math.max(1, Math.floor(size / Math.max(image.width, image.height))),
    width = image.width * scale,
    height = image.height * scale;
  const pw = image.patch_width * scale,
    ph = image.patch_height * scale,
    picked = new Set(chosen);
  const cells = Array.from({ length: image.grid_rows * image.grid_columns }, (_, k) => {
    const x = (k % image.grid_columns) * pw,
      y = Math.floor(k / image.grid_columns) * ph;
    const inset = picked.has(k) ? 0.75 : 0;
    return svg("rect", {
      class: picked.has(k) ? "patch" : "patch dim",
      x: x + inset,
      y: y + inset,
      width: pw - 2 * inset,
      height: ph - 2 * inset,
      "data-tip": tell ? tell(k, picked.has(k)) : null,
    });
  });
  return svg(
    "svg",
    {
      class: "picture",
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: "img",
      "aria-label": `the picture with ${picked.size} patches chosen`,
    },
    svg("image", { class: "cells", width, height, href: url, preserveAspectRatio: "none" }),
    cells,
  );
}

// One head: heat map, picture, figures.
function headPanel(hamiltonian, a, head, k, url, tokenName) {
  const chosen = list(head.chosen),
    m = head.matrix,
    block = (m && m.block) || 1;
  const marks = [...new Set(chosen.map((i) => Math.floor(i / block)))];
  const names = { count: a.tokens, of: (i) => tokenName(head.head, i) },
    inHead = (i, picked) => `${tokenName(head.head, i)}: ${picked ? "chosen" : "not chosen"}`;
  return h(
    "div",
    { class: "head", role: "tabpanel", id: newId("head"), "data-head": head.head, "aria-label": `head ${head.head}` },
    h(
      "figure",
      null,
      h(
        "figcaption",
        null,
        h("strong", null, `Head ${head.head}`),
        ": couplings between its tokens; ",
        h("i", { class: "chosen-key" }),
        ` chosen, ${chosenText(head, a.tokens)}`,
      ),
      m
        ? heatMap(m, names, {
            label: `couplings of head ${head.head}`,
            what: "coupling (blue attracts)",
            size: 440,
            xMarks: marks,
            yMarks: marks,
            xLabel: `token ${a.token_index}`,
            yLabel: `token ${a.token_index}`,
          })
        : missing("No matrix of this head."),
    ),
    h(
      "div",
      null,
      a.image ? h("figure", null, h("figcaption", null, "Where it looks"), overlay(a.image, url, chosen, 232, inHead)) : null,
      h(
        "figure",
        null,
        h("figcaption", null, "Its fields, by token"),
        Array.isArray(head.fields) ? fieldBars(head, names, chosen) : missing("No fields."),
      ),
    ),
  );
}

// Fields of one head as bars up and down.
function fieldBars(head, names, chosen) {
  const fields = head.fields,
    low = Math.min(0, ...fields),
    high = Math.max(0, ...fields),
    picked = new Set(chosen),
    n = fields.length;
  const p = plot({
    width: 420,
    height: 170,
    label: `fields of head ${head.head}`,
    x: { low: 0, high: n, label: "token", ticks: tokenTicks(n, 340) },
    y: { low, high: high > low ? high : low + 1, label: "field" },
  });
  fields.forEach((v, i) => {
    const a = p.Y(Math.max(v, 0)),
      b = p.Y(Math.min(v, 0)),
      x = p.X(i),
      width = p.X(i + 1) - x;
    p.layer.append(
      svg("rect", {
        class: `bar ${picked.has(i) ? "" : "pale"}`,
        x: x + Math.min(0.5, width / 8),
        width: Math.max(width - 1, 0.6),
        y: a,
        height: Math.max(b - a, 0.75),
      }),
      svg("rect", {
        class: "touch",
        x,
        width,
        y: p.top,
        height: p.bottom - p.top,
        "data-tip": `${names.of(i)}: field ${number(v, 4)}${picked.has(i) ? ", chosen" : ""}`,
      }),
    );
  });
  return p.root;
}

const tokenTicks = (n, width) => cellTicks(n, width / Math.max(1, n)).map((t) => ({ at: t.cell + 0.5, text: t.text }));

// The chooser: a list of tabs. Arrow keys, Home and End go from head to head.
function chooser(a, panels, url, onChoose) {
  const tabs = list(a.heads).map((head, k) =>
    h(
      "button",
      {
        type: "button",
        role: "tab",
        class: "tab",
        id: newId("tab"),
        "aria-controls": panels[k].id,
        "data-head": head.head,
        "aria-label": `head ${head.head}, ${chosenText(head, a.tokens)} tokens chosen`,
        onclick: () => choose(k),
        onkeydown: (e) => key(e, k),
      },
      a.image ? overlay(a.image, url, list(head.chosen), 56) : null,
      h("span", null, `head ${head.head}`),
      h("span", { class: "quiet" }, chosenText(head, a.tokens)),
    ),
  );
  const choose = (k, focus) => {
    tabs.forEach((tab, other) => {
      tab.setAttribute("aria-selected", other === k);
      tab.tabIndex = other === k ? 0 : -1;
      panels[other].classList.toggle("away", other !== k);
    });
    if (focus) tabs[k].focus();
    onChoose(k);
  };
  const key = (event, k) => {
    const n = tabs.length,
      to = {
        ArrowRight: (k + 1) % n,
        ArrowDown: (k + 1) % n,
        ArrowLeft: (k + n - 1) % n,
        ArrowUp: (k + n - 1) % n,
        Home: 0,
        End: n - 1,
      }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choose(to, true);
  };
  return { root: h("div", { class: "tabs", role: "tablist", "aria-label": "heads" }, tabs), choose };
}

// Shares as bars, one a head or a token. mark(k): a class for bars to stand out.
function shareBars(owner, name, { xLabel, yLabel, tell, choose, label }) {
  const values = list(owner[name]),
    n = values.length;
  const p = plot({
    width: 360,
    height: 180,
    label,
    x: { low: 0, high: n, label: xLabel, ticks: tokenTicks(n, 290) },
    y: { low: 0, high: 1, label: yLabel },
  });
  const rects = values.map((v, k) => {
    const width = p.X(k + 1) - p.X(k),
      gap = width > 5 ? 1 : 0;
    const rect = svg("rect", {
      class: "bar",
      x: p.X(k) + gap,
      width: Math.max(width - 2 * gap, 0.6),
      y: p.Y(v),
      height: p.bottom - p.Y(v),
    });
    p.layer.append(
      rect,
      svg("rect", {
        class: `touch ${choose ? "click" : ""}`,
        x: p.X(k),
        width,
        y: p.top,
        height: p.bottom - p.top,
        "data-tip": tell(k, v),
        onclick: choose ? () => choose(k) : null,
      }),
    );
    return rect;
  });
  return { root: p.root, light: (k) => rects.forEach((r, other) => r.classList.toggle("lit", other === k)) };
}

function sharingFigure(a) {
  const counts = list(a.sharing),
    last = counts.reduce((most, n, k) => (n ? k : most), 0),
    ks = counts.slice(0, Math.max(last + 1, 2));
  const high = Math.max(1, ...ks),
    p = plot({
      width: 360,
      height: 180,
      label: "tokens by the number of heads that chose them",
      x: { low: 0, high: ks.length, label: "heads that chose the token", ticks: tokenTicks(ks.length, 290) },
      y: { low: 0, high, label: "tokens", whole: true },
    });
  bars(p, ks.map((_, k) => k).concat(ks.length), ks, (k) => `${plural(ks[k], "token")} chosen by ${plural(k, "head")}`);
  return h("figure", null, h("figcaption", null, "How many heads share a token"), p.root);
}

function attentionOf(context, hamiltonian) {
  const a = hamiltonian.attention;
  if (!a) return missing("No attention: this Hamiltonian has no spins over heads and tokens, or no numbers.");
  const heads = list(a.heads),
    url = a.image ? picture(a.image) : null;
  const tokenName = (t, i) => `${a.array}[${a.head_index}=${t}, ${a.token_index}=${i}]`;
  const panels = heads.map((head, k) => headPanel(hamiltonian, a, head, k, url, tokenName));
  const byHead = shareBars(a, "sparsity_by_head", {
    xLabel: "head",
    yLabel: "share of tokens",
    label: "share of the tokens that each head chose",
    tell: (k, v) => `head ${k} chose ${percent(v)} of the tokens`,
    choose: (k) => k < heads.length && tabs.choose(k),
  });
  const byToken = shareBars(a, "sparsity_by_token", {
    xLabel: "token",
    yLabel: "share of heads",
    label: "share of the heads that chose each token",
    tell: (k, v) => `token ${k} was chosen by ${percent(v)} of the heads`,
  });
  const tabs = heads.length ? chooser(a, panels, url, (k) => byHead.light(k)) : null;
  if (tabs)
    tabs.choose(
      Math.max(
        0,
        heads.findIndex((head) => list(head.chosen).length),
      ),
    );
  return [
    h(
      "p",
      null,
      shown(a, "heads_total"),
      " heads of ",
      shown(a, "tokens"),
      " tokens",
      heads.length < a.heads_total ? ` (the first ${heads.length} are shown)` : "",
      "; a head chooses a token where its spin is 1 in the best state found.",
    ),
    tabs ? tabs.root : missing("No heads."),
    panels,
    h(
      "div",
      { class: "figures" },
      h("figure", null, h("figcaption", null, "Chosen by each head"), byHead.root),
      h("figure", null, h("figcaption", null, "Chosen of each token"), byToken.root),
      sharingFigure(a),
    ),
  ];
}
