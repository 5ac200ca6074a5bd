// main.js - reads the report and lays out the page; a page whose report cannot be read says why.

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
  page.append(...[diff ? diffPage(report) : documentOf(report)].flat(Infinity).filter(Boolean));
  const subject = diff ? null : report.subject;
  document.title = diff ? "Two reports - Isinglass" : `${(isObject(subject) && subject.name) || "Report"} - Isinglass`;
  document.documentElement.dataset.milliseconds = (performance.now() - begin).toFixed(1);
}

draw();
