// source.js - the source listings: every line that a term came from is marked, and the one of the term in hand is lit.

// A file's name without its folders; files of the library keep theirs (std/qama.attn).
const shortFile = (file) => (file.startsWith("std/") ? file : file.replace(/^.*\//, ""));

// Terms by the file and line that they came from: Map of file -> Map of line -> [{from, to, term}]. Columns count characters
// from 1.
function sourceSpans(terms) {
  const files = new Map();
  terms.forEach((term, k) => {
    const s = term.source;
    if (!s) return;
    if (!files.has(s.file)) files.set(s.file, new Map());
    const lines = files.get(s.file);
    for (let line = s.line; line <= s.end_line; line++) {
      const span = { from: line === s.line ? s.column : 1, to: line === s.end_line ? s.end_column : Infinity, term: k };
      lines.set(line, (lines.get(line) || []).concat(span));
    }
  });
  return files;
}

// The line's text with its spans in <mark>; spans that overlap show the first.
function markedLine(text, spans) {
  const characters = Array.from(text),
    parts = [];
  let at = 0;
  for (const span of [...spans].sort((a, b) => a.from - b.from)) {
    const from = Math.max(span.from - 1, at),
      to = Math.min(span.to - 1, characters.length);
    if (to <= from) continue;
    parts.push(characters.slice(at, from).join(""), h("mark", { "data-term": span.term }, characters.slice(from, to).join("")));
    at = to;
  }
  parts.push(characters.slice(at).join(""));
  return parts;
}

// One file. Long ones are shown around what is marked, in a frame that scrolls. `calls`: line -> names called there.
function listing(source, spans, calls, lineId) {
  const lines = source.text.replace(/\n$/, "").split("\n");
  const body = h(
    "pre",
    { class: "listing", tabindex: 0, "aria-label": `source of ${source.file}` },
    lines.map((text, k) => {
      const marked = spans.get(k + 1) || [],
        called = calls.get(k + 1);
      return h(
        "span",
        {
          class: `line${marked.length ? " from" : ""}${called ? " call" : ""}`,
          id: lineId(source.file, k + 1),
          "data-tip": called ? `${shortFile(source.file)}:${k + 1} calls ${[...called].join(", ")}` : null,
        },
        h("b", { "aria-hidden": "true" }, String(k + 1)),
        h("span", { class: "text" }, markedLine(text, marked)),
        "\n",
      );
    }),
  );
  return h("div", { class: "source" }, h("h4", { title: source.file }, shortFile(source.file)), body);
}

// All listings of one Hamiltonian, and `light(term)`, which lights a term's line (null: none) and brings it into view when `go`.
function sources(subject, hamiltonian) {
  const stem = newId("source"),
    files = list(subject.sources),
    spans = sourceSpans(list(hamiltonian.terms)),
    calls = new Map();
  const lineId = (file, line) => `${stem}-${files.findIndex((f) => f.file === file)}-${line}`;
  for (const term of list(hamiltonian.terms))
    for (const call of list(term.source && term.source.called_from)) {
      if (!calls.has(call.file)) calls.set(call.file, new Map());
      const lines = calls.get(call.file);
      lines.set(call.line, (lines.get(call.line) || new Set()).add(call.callee));
    }
  const used = files.filter((f) => spans.has(f.file) || calls.has(f.file));
  const root = used.length
    ? h(
        "div",
        { class: "sources" },
        used.map((f) => listing(f, spans.get(f.file) || new Map(), calls.get(f.file) || new Map(), lineId)),
      )
    : null;
  const light = (k, go) => {
    if (!root) return;
    root.querySelectorAll(".lit").forEach((e) => e.classList.remove("lit"));
    if (k === null) return;
    root.querySelectorAll(`mark[data-term="${k}"]`).forEach((e) => e.classList.add("lit"));
    const first = root.querySelector(`mark[data-term="${k}"]`),
      frame = first && first.closest("pre");
    if (frame) frame.scrollTop = first.offsetTop - frame.clientHeight / 2;
    if (frame && go) frame.focus();
  };
  // Once the page is laid out, the first marked line of each listing is in view.
  requestAnimationFrame(
    () =>
      root &&
      root.querySelectorAll("pre").forEach((frame) => {
        const first = frame.querySelector(".from, .call"),
          last = [...frame.querySelectorAll(".from, .call")].pop();
        if (first && last.offsetTop + 30 > frame.clientHeight)
          frame.scrollTop = Math.min(
            first.offsetTop - 24,
            last.offsetTop - frame.clientHeight + 60 > first.offsetTop
              ? first.offsetTop - 24
              : last.offsetTop - frame.clientHeight + 60,
          );
      }),
  );
  return { root, light, lineId };
}
