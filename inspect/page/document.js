// document.js - the order of things: header, contents, and for each Hamiltonian its health, its figures and its sections. A
// view that fails, and a part that lacks, is said in its place.

const SECTIONS = [
  ["what", "What it is", whatItIs],
  ["numbers", "The numbers", numbersOf],
  ["spectrum", "Spectrum and time", (context, ham) => [spectrumOf(ham), h("h4", null, "Measured"), measuredOf(ham)]],
  ["landscape", "Landscape", landscapeOf],
  ["attention", "Attention", attentionOf],
  ["machine", "On a machine", targetOf],
];

// Runs one view; what it cannot draw it says in its place.
function guarded(what, view) {
  try {
    return view();
  } catch (error) {
    return h(
      "p",
      { class: "missing broken" },
      `${what}: this part of the report has another form than this page knows (${error.message}).`,
    );
  }
}

// The colours of verdicts; what is not named here warns. Without fields, or in parts, a problem may be just what was meant.
const VERDICT_COLOURS = { healthy: "good", "couplings-only": "", disconnected: "" };

function healthOf(ham) {
  const health = ham.health;
  if (!isObject(health))
    return h(
      "p",
      { class: "health unknown" },
      ham.numbers
        ? "The report says nothing about its health."
        : "No numbers were given, so nothing is known of its health: add --input.",
    );
  return h(
    "p",
    {
      class: `health ${health.verdict in VERDICT_COLOURS ? VERDICT_COLOURS[health.verdict] : "warn"}`,
      "data-verdict": health.verdict,
    },
    health.line,
  );
}

// The figures on top of a Hamiltonian.
function figuresOf(ham) {
  const n = ham.numbers || {},
    fixed = n.fixed || {},
    bits = n.bits || {},
    success = (ham.measured && ham.measured.success) || {};
  const cells = [
    ["spins", shown(ham, "spins")],
    [ham.couplings_exact === false ? "couplings at most" : "couplings", shown(ham, "couplings")],
    ["fields", shown(ham, "fields")],
    ["independent parts", shown(ham, "independent_parts")],
    ["fixed beforehand", shown(fixed, "count")],
    [isNumber(bits.target) ? `bits, of ${number(bits.target)}` : "bits", shown(bits, "needed", (v) => number(v, 3))],
    ["success of a read", shown(success, "p", (v) => percent(v))],
  ];
  return h(
    "dl",
    { class: "headline" },
    cells.filter(([, value]) => value).map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))),
  );
}

const nameOfHamiltonian = (ham) => (isObject(ham) && typeof ham.name === "string" && ham.name) || "without a name";

// A Hamiltonian's name, health and figures, and then its sections; `key` of each part is the same for every Hamiltonian.
function hamiltonianParts(context, ham, k) {
  const id = `${context.stem}h${k}`;
  if (!isObject(ham))
    return [h("p", { id, class: "missing broken" }, `Hamiltonian ${k} of the report has another form than this page knows.`)];
  const notes = list(ham.notes).map((note) => h("li", null, note));
  const head = h(
    "div",
    { id, class: "head-line" },
    h("h2", null, h("span", { class: "quiet" }, "Hamiltonian "), nameOfHamiltonian(ham)),
    guarded("health", () => healthOf(ham)),
    guarded("figures", () => figuresOf(ham)),
    notes.length ? h("ul", { class: "notes" }, notes) : null,
  );
  const sections = SECTIONS.map(([key, title, view]) => {
    const drawn = guarded(title, () => view(context, ham));
    return h("section", { id: `${id}-${key}` }, h("h3", null, title), drawn);
  });
  return [head, ...sections];
}

function subjectLine(s) {
  const parts = [
    s.file && h("code", null, s.file),
    s.format && `format ${s.format}`,
    isNumber(s.sample) && ["sample ", shown(s, "sample"), isNumber(s.samples) ? [" of ", shown(s, "samples")] : ""],
    s.target && ["target ", h("strong", null, s.target)],
    isNumber(s.reads) && [shown(s, "reads"), " reads of ", shown(s, "sweeps"), " sweeps"],
    isNumber(s.seed) && ["seed ", shown(s, "seed")],
    s.complete === false && h("strong", null, "interrupted"),
  ].filter(Boolean);
  return h(
    "p",
    { class: "subject" },
    parts.flatMap((p, k) => (k ? [h("span", { class: "dotted" }, " · "), p] : [p])),
  );
}

const subjectOf = (report) => (isObject(report) && isObject(report.subject) ? report.subject : {});

function documentHead(report, tag) {
  const subject = subjectOf(report);
  return h(
    "header",
    { class: "page" },
    h("p", { class: "brand" }, "isg inspect"),
    h(tag, null, subject.name || "A report without a subject"),
    guarded("subject", () => subjectLine(subject)),
  );
}

// What a whole document lacks, in words.
function documentGaps(report) {
  const empty = Array.isArray(report.hamiltonians) && !report.hamiltonians.length;
  const problem = subjectOf(report).kind === "problem";
  return [
    isObject(report.subject) ? null : missing("The report does not say what it is of (no subject)."),
    Array.isArray(report.hamiltonians) ? null : missing("The report holds no list of Hamiltonians."),
    empty ? missing(problem ? "The problem is empty." : "This model calls no Hamiltonian: there is nothing to anneal.") : null,
  ];
}

// Links to the Hamiltonians, or to the sections of the only one.
function contentsOf(hams, stem) {
  if (!hams.length) return null;
  const sections = SECTIONS.map(([key, title]) => [`${stem}h0-${key}`, title]);
  const links = hams.length > 1 ? hams.map((ham, k) => [`${stem}h${k}`, nameOfHamiltonian(ham)]) : sections;
  const anchors = links.map(([id, title]) => h("a", { href: `#${id}` }, title));
  return h("nav", { "aria-label": "contents" }, anchors);
}

// The health of several Hamiltonians at a glance.
function overviewOf(hams, stem) {
  if (hams.length < 2) return null;
  const lines = hams.map((ham, k) => {
    const health = isObject(ham) ? guarded("health", () => healthOf(ham)) : null;
    return h("li", null, h("a", { href: `#${stem}h${k}` }, nameOfHamiltonian(ham)), " ", health);
  });
  return h("ul", { class: "overview" }, lines);
}

// One document: header, contents, Hamiltonians.
function documentOf(report) {
  const hams = list(report.hamiltonians),
    context = { subject: subjectOf(report), wide: 1060, stem: "" };
  return [
    documentHead(report, "h1"),
    isObject(hams[0]) || hams.length > 1 ? contentsOf(hams, "") : null,
    documentGaps(report),
    overviewOf(hams, ""),
    hams.map((ham, k) =>
      h("article", { class: "hamiltonian", "aria-label": nameOfHamiltonian(ham) }, hamiltonianParts(context, ham, k)),
    ),
  ];
}
