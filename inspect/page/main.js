// main.js - reads the report and lays out the page. What the report lacks, and what cannot be read, the page says.

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

const HEALTHY = new Set(["healthy"]);

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
    { class: `health ${HEALTHY.has(health.verdict) ? "good" : "warn"}`, "data-verdict": health.verdict },
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

function hamiltonianOf(context, ham, k) {
  const id = `${context.stem}h${k}`;
  const notes = list(ham.notes);
  return h(
    "article",
    { id, class: "hamiltonian", "aria-labelledby": `${id}-name` },
    h("h2", { id: `${id}-name` }, h("span", { class: "quiet" }, "Hamiltonian "), nameOfHamiltonian(ham)),
    guarded("health", () => healthOf(ham)),
    guarded("figures", () => figuresOf(ham)),
    notes.length
      ? h(
          "ul",
          { class: "notes" },
          notes.map((note) => h("li", null, note)),
        )
      : null,
    SECTIONS.map(([key, title, view]) =>
      h(
        "section",
        { id: `${id}-${key}` },
        h("h3", null, title),
        guarded(title, () => view(context, ham)),
      ),
    ),
  );
}

function subjectLine(s) {
  const parts = [
    s.file && h("code", null, s.file),
    s.format && `format ${s.format}`,
    isNumber(s.sample) && ["sample ", shown(s, "sample"), isNumber(s.samples) ? [" of ", shown(s, "samples")] : ""],
    s.target && ["target ", h("strong", null, s.target)],
    isNumber(s.reads) && [shown(s, "reads"), " reads of ", shown(s, "sweeps"), " sweeps"],
    isNumber(s.seed) && ["seed ", shown(s, "seed")],
  ].filter(Boolean);
  return h(
    "p",
    { class: "subject" },
    parts.flatMap((p, k) => (k ? [h("span", { class: "dotted" }, " · "), p] : [p])),
  );
}

// One document: header, contents, Hamiltonians.
function documentOf(report, { wide, stem }) {
  const subject = isObject(report.subject) ? report.subject : {},
    hams = list(report.hamiltonians),
    context = { subject, wide, stem };
  const several = hams.length > 1;
  const links = several
    ? hams.map((ham, k) => [`${stem}h${k}`, nameOfHamiltonian(ham)])
    : SECTIONS.map(([key, title]) => [`${stem}h0-${key}`, title]);
  return [
    h(
      "header",
      { class: "page" },
      h("p", { class: "brand" }, "isg inspect"),
      h(stem ? "h2" : "h1", null, subject.name || "A report without a subject"),
      guarded("subject", () => subjectLine(subject)),
    ),
    hams.length
      ? h(
          "nav",
          { "aria-label": "contents" },
          links.map(([id, title]) => h("a", { href: `#${id}` }, title)),
        )
      : null,
    isObject(report.subject) ? null : missing("The report does not say what it is of (no subject)."),
    Array.isArray(report.hamiltonians) ? null : missing("The report holds no list of Hamiltonians."),
    Array.isArray(report.hamiltonians) && !hams.length
      ? missing(
          subject.kind === "problem" ? "The problem is empty." : "This model calls no Hamiltonian: there is nothing to anneal.",
        )
      : null,
    several
      ? h(
          "ul",
          { class: "overview" },
          hams.map((ham, k) =>
            h(
              "li",
              null,
              h("a", { href: `#${stem}h${k}` }, nameOfHamiltonian(ham)),
              " ",
              isObject(ham) ? guarded("health", () => healthOf(ham)) : null,
            ),
          ),
        )
      : null,
    hams.map((ham, k) =>
      isObject(ham)
        ? hamiltonianOf(context, ham, k)
        : h(
            "p",
            { id: `${stem}h${k}`, class: "missing broken" },
            `Hamiltonian ${k} of the report has another form than this page knows.`,
          ),
    ),
  ];
}

// Why the text is no report, for people, or null.
function unreadable(text) {
  if (!text.trim()) return "The page holds no report: its JSON is empty.";
  try {
    const report = JSON.parse(text);
    return isObject(report) ? null : "The page's JSON is not an object, so it is no report.";
  } catch (error) {
    return `The page's JSON is broken: ${error.message}.`;
  }
}

function draw() {
  const page = document.getElementById("page"),
    text = document.getElementById("report").textContent,
    begin = performance.now();
  const fault = unreadable(text);
  if (fault) {
    document.title = "Unreadable report - Isinglass";
    page.append(
      h("header", { class: "page" }, h("p", { class: "brand" }, "isg inspect"), h("h1", null, "This report cannot be read")),
      h("p", { class: "health warn" }, fault),
      h("p", null, `It has ${plural(text.length, "character")}. Make it again with isg inspect --format html.`),
    );
    return;
  }
  const report = JSON.parse(text);
  notePlaces(report, "");
  const diff = report.left !== undefined || report.diff !== undefined;
  if (report.version !== 1)
    page.append(
      missing(`The report is of version ${String(report.version)}; this page knows version 1 and shows what it understands.`),
    );
  page.classList.toggle("two", diff);
  page.append(...[diff ? diffPage(report) : documentOf(report, { wide: 1060, stem: "" })].flat(Infinity).filter(Boolean));
  const subject = diff ? null : report.subject;
  document.title = diff ? "Two reports - Isinglass" : `${(isObject(subject) && subject.name) || "Report"} - Isinglass`;
  document.documentElement.dataset.milliseconds = (performance.now() - begin).toFixed(1);
}

draw();
