// dom.js - making elements. Text only ever becomes text nodes and attributes, never markup: names in a report may hold anything.

const SVG = "http://www.w3.org/2000/svg";
const MATH = "http://www.w3.org/1998/Math/MathML";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child);
  }
  return element;
}

// An HTML, SVG or MathML element; children are nodes, texts, lists of them, or nothing (null, false).
const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
// A drawing out of a number that the report lacks is given up as a whole, for the views to say so.
const svg = (tag, attributes, ...children) => fill(placed(tag, attributes), attributes, children);
const math = (tag, attributes, ...children) => fill(document.createElementNS(MATH, tag), attributes, children);

function placed(tag, attributes) {
  for (const [name, value] of Object.entries(attributes || {}))
    if (
      typeof value === "number"
        ? !Number.isFinite(value)
        : typeof value === "string" && /^(viewBox|transform)$/.test(name) && value.includes("NaN")
    )
      throw new Error("it lacks a number to draw");
  return document.createElementNS(SVG, tag);
}

let identities = 0;
const newId = (stem) => `${stem}-${++identities}`;

const isObject = (v) => v !== null && typeof v === "object" && !Array.isArray(v);
const list = (v) => (Array.isArray(v) ? v : []);
const isNumber = (v) => typeof v === "number" && Number.isFinite(v);

// A part of the page that the report says nothing about: said, not left blank.
const missing = (what) => h("p", { class: "missing" }, what);

// A definition list of [name, value] rows; rows without a value are left out.
function facts(rows) {
  const there = rows.filter((row) => row && row[1] !== null && row[1] !== undefined);
  return there.length
    ? h(
        "dl",
        { class: "facts" },
        there.map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))),
      )
    : null;
}
