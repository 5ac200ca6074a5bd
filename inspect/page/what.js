// what.js - what a Hamiltonian is: its terms and where they come from, its structure and the moves that follow.

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
          `${shortFile(s.file)}:${s.line}`,
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
        h(
          "div",
          { class: "formula" },
          k === 0 && h("span", { class: "lead" }, "E ="),
          formulaOf(k === 0 ? term.text.replace(/^\s*\+\s*/, "") : term.text),
        ),
        h("div", { class: "about" }, count, count && link && " · ", link),
      );
    }),
  );
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
  const longTerms = list(hamiltonian.terms).some((term) => String(term.text).length > 90);
  const side = source.root || (context.subject.kind === "problem" ? null : missing("The report carries no source."));
  return [
    h(
      "div",
      { class: side ? (longTerms ? "split stacked" : "split") : "" },
      h("div", null, terms, structureOf(hamiltonian)),
      side,
    ),
    h("h4", null, "Spins"),
    h("div", { class: "flow" }, spinsOf(hamiltonian, context.wide)),
  ];
}
