// format.js - numbers as people read them, each with its exact value and its place in the report beside it.

const MINUS = "\u2212",
  THIN = "\u202f",
  NONE = "\u2013";
const SUPERSCRIPTS = {
  "-": "\u207b",
  0: "\u2070",
  1: "\u00b9",
  2: "\u00b2",
  3: "\u00b3",
  4: "\u2074",
  5: "\u2075",
  6: "\u2076",
  7: "\u2077",
  8: "\u2078",
  9: "\u2079",
};

// Groups of three digits apart by thin spaces, from five digits on.
function grouped(digits) {
  const [whole, fraction] = digits.split(".");
  const apart = whole.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, THIN) : whole;
  return fraction === undefined ? apart : `${apart}.${fraction}`;
}

// A number with `digits` significant digits; all digits before the point stand.
function number(value, digits = 4) {
  if (typeof value !== "number") return NONE;
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "not a number" : value < 0 ? `${MINUS}\u221e` : "\u221e";
  const sign = value < 0 ? MINUS : "",
    size = Math.abs(value);
  if (size === 0) return "0";
  if (Number.isInteger(size) && size < 1e9) return sign + grouped(String(size));
  if (size >= 1e6 || size < 1e-4) {
    const [mantissa, exponent] = size.toExponential(digits - 1).split("e");
    const power = String(Number(exponent)).replace(/./g, (c) => SUPERSCRIPTS[c]);
    return `${sign}${String(Number(mantissa))}${THIN}\u00d7${THIN}10${power}`;
  }
  const rounded = size < 10 ** (digits - 1) ? Number(size.toPrecision(digits)) : Math.round(size);
  const short = Math.abs(rounded - size) <= 1e-9 * size; // 2.92 as it is, a rounded 2.920 with its zero
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(rounded)));
  return sign + grouped(short ? String(rounded) : rounded.toFixed(decimals));
}

const percent = (share, digits = 3) =>
  isNumber(share) ? `${number(Number((100 * share).toPrecision(digits)), digits)}${THIN}%` : NONE;

// A time in seconds with the unit that fits.
function seconds(value) {
  if (!isNumber(value)) return NONE;
  const units = [
    [1, "s"],
    [1e-3, "ms"],
    [1e-6, "\u00b5s"],
    [1e-9, "ns"],
  ];
  if (value >= 7200) return `${number(value / 3600, 3)}${THIN}h`;
  if (value >= 120) return `${number(value / 60, 3)}${THIN}min`;
  const [size, unit] = units.find(([u]) => value >= u) || units[3];
  return `${number(value / size, 3)}${THIN}${unit}`;
}

const plural = (count, one, many) => `${number(count)} ${count === 1 ? one : many || `${one}s`}`;

// ---- numbers that know where they stand in the report ----

const places = new WeakMap(); // object or array -> its path, "hamiltonians[0].numbers"
function notePlaces(value, path) {
  if (value === null || typeof value !== "object" || places.has(value)) return;
  places.set(value, path);
  if (Array.isArray(value)) {
    if (typeof value[0] === "object") value.forEach((item, k) => notePlaces(item, `${path}[${k}]`));
  } else {
    for (const [key, item] of Object.entries(value)) notePlaces(item, path ? `${path}.${key}` : key);
  }
}

// owner[key] shown by `show` (a number by default). null when the report has no such number.
function shown(owner, key, show = number) {
  if (!owner || owner[key] === undefined || owner[key] === null) return null;
  const path = Array.isArray(owner) ? `${places.get(owner)}[${key}]` : `${places.get(owner)}.${key}`;
  return h("span", { class: "number", "data-path": path.replace(/^\./, ""), "data-value": String(owner[key]) }, show(owner[key]));
}
