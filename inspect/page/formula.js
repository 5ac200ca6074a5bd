// formula.js - terms in index notation, typeset: text -> MathML. What the small grammar here does not know is shown as it is
// written.

const GREEK = {
  alpha: "α",
  beta: "β",
  gamma: "γ",
  delta: "δ",
  epsilon: "ε",
  eta: "η",
  theta: "θ",
  kappa: "κ",
  lambda: "λ",
  mu: "μ",
  nu: "ν",
  xi: "ξ",
  pi: "π",
  rho: "ρ",
  sigma: "σ",
  tau: "τ",
  phi: "φ",
  chi: "χ",
  psi: "ψ",
  omega: "ω",
};
const SIGNS = { "==": "=", "!=": "≠", "<=": "≤", ">=": "≥", "<": "<", ">": ">", and: "and", or: "or", not: "not" };

function tokensOf(text) {
  const pattern = /\s*(?:(\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)|([%@]?[A-Za-z_][A-Za-z0-9_.]*)|(==|!=|<=|>=|[-+*/%()[\],:<>]))/y;
  const tokens = [];
  while (pattern.lastIndex < text.trimEnd().length) {
    const match = pattern.exec(text);
    if (!match) return null;
    tokens.push(
      match[1] !== undefined
        ? { kind: "number", text: match[1] }
        : match[2] !== undefined
          ? { kind: "name", text: match[2] }
          : { kind: "sign", text: match[3] },
    );
  }
  return tokens;
}

// A constant with the digits that a reader can take in; the exact one stands in the term's text.
const shortNumber = (text) => (text.replace(/[^0-9]/g, "").length > 6 ? number(Number(text), 5) : text);

const row = (...parts) => math("mrow", null, parts);
const operator = (text, attributes) => math("mo", attributes, text);
const nameOf = (text) => {
  const plain = text.replace(/^[%@]/, "");
  return math("mi", plain.length > 1 && !GREEK[plain] ? { mathvariant: "normal" } : null, GREEK[plain] || plain);
};

// One recursive descent over the tokens; each rule returns a node, with `wide` where a sum or a difference needs brackets.
class Formula {
  constructor(tokens) {
    this.tokens = tokens;
    this.at = 0;
  }
  peek(text) {
    const token = this.tokens[this.at];
    return token !== undefined && token.kind !== "number" && token.text === text;
  }
  accept(text) {
    if (!this.peek(text)) return false;
    this.at++;
    return true;
  }
  expect(text) {
    if (!this.accept(text)) throw new Error(`expected ${text}`);
  }
  sum() {
    const parts = [];
    if (this.accept("+")) parts.push(operator("+", { form: "prefix" }));
    parts.push(this.product());
    let wide = false;
    for (;;) {
      // "+ -1 * a" is written "- a"
      const sign = this.accept("+") ? (this.accept("-") ? MINUS : "+") : this.accept("-") ? MINUS : null;
      if (!sign) return { node: row(parts.map((p) => p.node || p)), wide };
      parts.push(operator(sign, { form: "infix" }), this.product());
      wide = true;
    }
  }
  product() {
    let left = this.unary();
    for (;;) {
      if (this.accept("*")) left = this.times(left, this.unary());
      else if (this.accept("/")) left = { node: math("mfrac", null, left.node, this.unary().node) };
      else return { ...left, node: left.wide ? this.fenced(left.node) : left.node, wide: false };
    }
  }
  times(left, right) {
    if (left.one) return right;
    if (left.minusOne)
      return { node: row(operator(MINUS, { form: "prefix" }), right.wide ? this.fenced(right.node) : right.node) };
    const between = right.digits ? operator("·") : math("mspace", { width: "0.17em" });
    return {
      node: row(left.wide ? this.fenced(left.node) : left.node, between, right.wide ? this.fenced(right.node) : right.node),
    };
  }
  fenced(node) {
    return row(operator("("), node, operator(")"));
  }
  unary() {
    if (this.accept("-")) {
      const body = this.unary();
      return {
        minusOne: body.one,
        node: row(operator(MINUS, { form: "prefix" }), body.wide ? this.fenced(body.node) : body.node),
      };
    }
    return this.primary();
  }
  primary() {
    const token = this.tokens[this.at++];
    if (!token) throw new Error("ended early");
    if (token.kind === "number")
      return { node: math("mn", null, shortNumber(token.text)), digits: true, one: token.text === "1" };
    if (token.text === "(") {
      const inner = this.sum();
      this.expect(")");
      return inner;
    }
    if (token.kind !== "name") throw new Error(`unexpected ${token.text}`);
    if (token.text === "sum" && this.accept("[")) return this.summation();
    if (this.accept("[")) return { node: math("msub", null, nameOf(token.text), row(this.listOf("]"))) };
    if (this.accept("(")) return this.call(token.text);
    return { node: nameOf(token.text) };
  }
  listOf(close) {
    const parts = [];
    while (!this.accept(close)) {
      if (parts.length) {
        this.expect(",");
        parts.push(operator(",", { separator: "true" }));
      }
      parts.push(this.sum().node);
    }
    return parts;
  }
  summation() {
    const under = [];
    while (!this.peek(":") && !this.accept("]")) {
      if (this.accept(",")) under.push(operator(","));
      under.push(this.sum().node);
      if (this.peek("]")) continue;
    }
    if (this.accept(":")) under.push(operator(":"), ...this.condition());
    const body = this.product();
    return { node: row(math("munder", null, operator("∑", { movablelimits: "false" }), row(under)), body.node) };
  }
  condition() {
    const parts = [];
    for (let depth = 0; !(depth === 0 && this.peek("]"));) {
      const token = this.tokens[this.at++];
      if (!token) throw new Error("ended early");
      depth += token.text === "(" || token.text === "[" ? 1 : token.text === ")" || token.text === "]" ? -1 : 0;
      if (token.kind === "number") parts.push(math("mn", null, token.text));
      else if (/^(and|or|not)$/.test(token.text)) parts.push(math("mtext", null, `\u00a0${token.text}\u00a0`));
      else if (token.kind === "name") parts.push(nameOf(token.text));
      else parts.push(operator(SIGNS[token.text] || token.text));
    }
    this.expect("]");
    return parts;
  }
  call(name) {
    const inner = this.listOf(")");
    if (name === "sqrt") return { node: math("msqrt", null, inner) };
    if (name === "abs") return { node: row(operator("|"), inner, operator("|")) };
    if (name === "dot" && inner.length === 3) return { node: row(inner[0], operator("·"), inner[2]) };
    return { node: row(nameOf(name), operator("\u2061"), operator("("), inner, operator(")")) };
  }
}

// The text as <math>, or null when it is beyond the grammar.
function typeset(text) {
  const tokens = tokensOf(text);
  if (!tokens || !tokens.length) return null;
  try {
    const formula = new Formula(tokens),
      { node } = formula.sum();
    return formula.at === tokens.length ? math("math", { display: "block", "aria-label": text }, node) : null;
  } catch {
    return null;
  }
}

const formulaOf = (text) => typeset(text) || h("code", null, text);
