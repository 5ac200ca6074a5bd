"""reference.py - a second, independent evaluator of Hamiltonians, for tests.

An expression here is a small tree that can both print itself as `.attn` text and evaluate itself in float64. A Hamiltonian
made of such trees is tried in all its states: spins evaluate to vectors that hold one number a state. Nothing is shared
with the compiler, not even a parser.
"""

import itertools
import math

import numpy as np

SUM, PRODUCT, LAST, TIGHT = range(4)  # where an expression stands: a summand, a factor that others follow, the last factor, an operand


class Scope:
    """What names mean during an evaluation. `states` is the number of states evaluated at once."""

    def __init__(self, numbers, tensors, spins, lets):
        self.numbers = numbers  # shape names, options and pi
        self.tensors = tensors  # name -> float64 array
        self.spins = spins  # name -> array [dims..., states]
        self.lets = lets  # name -> Let
        self.index = {}
        self.known = {}  # elements of lets already evaluated


class Number:
    def __init__(self, text):
        self.shown, self.value = text, float(text)

    def text(self, place):
        return self.shown

    def evaluate(self, scope, size):
        return self.value


class Symbol:
    """A shape name, an option, pi, or an index."""

    def __init__(self, name):
        self.name = name

    def text(self, place):
        return self.name

    def evaluate(self, scope, size):
        value = scope.index.get(self.name, scope.numbers.get(self.name))
        return abs(value) if size else value


class Element:
    """An element of a tensor, a spin array or a let; with fewer subscripts than axes, a part of a tensor."""

    def __init__(self, name, subscripts):
        self.name, self.subscripts = name, subscripts

    def text(self, place):
        if not self.subscripts:
            return self.name
        return f"{self.name}[{', '.join(s.text(SUM) for s in self.subscripts)}]"

    def evaluate(self, scope, size):
        at = tuple(int(round(s.evaluate(scope, False))) for s in self.subscripts)
        assert all(a >= 0 for a in at), "a generated subscript is negative"
        if self.name in scope.lets:
            return scope.lets[self.name].element(scope, at, size)
        found = (scope.spins if self.name in scope.spins else scope.tensors)[self.name][at]
        return np.abs(found) if size else found


class Negate:
    def __init__(self, a):
        self.a = a

    def text(self, place):
        return f"-{self.a.text(TIGHT)}"

    def evaluate(self, scope, size):
        value = self.a.evaluate(scope, size)
        return value if size else -value


class Binary:
    def __init__(self, sign, a, b):
        self.sign, self.a, self.b = sign, a, b

    def text(self, place):
        if self.sign in "+-":
            right = self.b.text(SUM)
            if isinstance(self.b, Binary) and self.b.sign in "+-":
                right = f"({right})"
            written = f"{self.a.text(SUM)} {self.sign} {right}"
            return written if place == SUM else f"({written})"
        right = self.b.text(LAST if place in (SUM, LAST) else PRODUCT)
        if isinstance(self.b, Binary) and self.b.sign in "*/":
            right = f"({self.b.text(SUM)})"
        written = f"{self.a.text(PRODUCT)} {self.sign} {right}"
        return f"({written})" if place == TIGHT else written

    def evaluate(self, scope, size):
        a, b = self.a.evaluate(scope, size), self.b.evaluate(scope, size and self.sign != "/")
        if self.sign == "*":
            return a * b
        if self.sign == "/":
            return np.abs(a / b) if size else a / b
        return a + b if size or self.sign == "+" else a - b


class Function:
    """A scalar function of numbers without spins (in results: of anything)."""

    CALLS = {"sqrt": np.sqrt, "exp": np.exp, "log": np.log, "abs": np.abs, "tanh": np.tanh, "min": np.minimum, "max": np.maximum}

    def __init__(self, name, arguments):
        self.name, self.arguments = name, arguments

    def text(self, place):
        return f"{self.name}({', '.join(a.text(SUM) for a in self.arguments)})"

    def evaluate(self, scope, size):
        value = self.CALLS[self.name](*(a.evaluate(scope, False) for a in self.arguments))
        return np.abs(value) if size else value


class Reduce:
    """dot, or mean, sum, min, max of one argument: over all remaining axes of parts of tensors."""

    def __init__(self, name, arguments):
        self.name, self.arguments = name, arguments

    def text(self, place):
        return f"{self.name}({', '.join(a.text(SUM) for a in self.arguments)})"

    def evaluate(self, scope, size):
        parts = [np.asarray(a.evaluate(scope, size and self.name in ("dot", "sum", "mean"))) for a in self.arguments]
        if self.name == "dot":
            value = (parts[0] * parts[1]).sum()
        else:
            value = getattr(np, self.name)(parts[0])
        return abs(float(value)) if size else float(value)


class Sum:
    """sum[i, j : condition] body."""

    def __init__(self, indices, condition, body):
        self.indices, self.condition, self.body = indices, condition, body  # indices: [(name, extent)]

    def text(self, place):
        names = ", ".join(name for name, _ in self.indices)
        guard = f" : {self.condition.text()}" if self.condition else ""
        written = f"sum[{names}{guard}] {self.body.text(LAST)}"
        return written if place in (SUM, LAST) else f"({written})"

    def evaluate(self, scope, size):
        names = [name for name, _ in self.indices]
        total = 0.0
        for at in itertools.product(*(range(extent) for _, extent in self.indices)):
            scope.index.update(zip(names, at))
            if self.condition is None or self.condition.holds(scope):
                total = total + self.body.evaluate(scope, size)
        for name in names:
            scope.index.pop(name, None)
        return total


class Compare:
    SIGNS = {"==": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b,
             ">": lambda a, b: a > b, ">=": lambda a, b: a >= b}

    def __init__(self, sign, a, b):
        self.sign, self.a, self.b = sign, a, b

    def text(self):
        return f"{self.a.text(SUM)} {self.sign} {self.b.text(SUM)}"

    def holds(self, scope):
        return self.SIGNS[self.sign](self.a.evaluate(scope, False), self.b.evaluate(scope, False))


class Logic:
    """and, or of two conditions; not of one."""

    def __init__(self, word, parts):
        self.word, self.parts = word, parts

    def text(self):
        def shown(part):
            return part.text() if isinstance(part, Compare) and self.word != "not" else f"({part.text()})"
        if self.word == "not":
            return f"not {shown(self.parts[0])}"
        return f" {self.word} ".join(shown(p) for p in self.parts)

    def holds(self, scope):
        if self.word == "not":
            return not self.parts[0].holds(scope)
        return (all if self.word == "and" else any)(p.holds(scope) for p in self.parts)


class Let:
    """let name[indices] = body where condition: 0 where the condition is false, and there the body is not evaluated."""

    def __init__(self, name, indices, body, condition, degree):
        self.name, self.indices, self.body, self.condition, self.degree = name, indices, body, condition, degree

    def text(self):
        left = f"{self.name}[{', '.join(n for n, _ in self.indices)}]" if self.indices else self.name
        guard = f" where {self.condition.text()}" if self.condition else ""
        return f"let {left} = {self.body.text(SUM)}{guard};"

    def element(self, scope, at, size):
        if len(at) < len(self.indices):
            rest = [extent for _, extent in self.indices[len(at):]]
            part = np.zeros(rest)
            for more in itertools.product(*map(range, rest)):
                part[more] = self.element(scope, at + more, size)
            return part
        key = (self.name, at, size)
        if key not in scope.known:
            outer, scope.index = scope.index, {name: a for (name, _), a in zip(self.indices, at)}
            holds = self.condition is None or self.condition.holds(scope)
            scope.known[key] = self.body.evaluate(scope, size) if holds else 0.0
            scope.index = outer
        return scope.known[key]


class SpinArray:
    def __init__(self, name, indices, lowest):
        self.name, self.indices, self.lowest = name, indices, lowest  # lowest: 0 or -1

    @property
    def shape(self):
        return tuple(extent for _, extent in self.indices)

    @property
    def count(self):
        return math.prod(self.shape)

    def text(self):
        left = f"{self.name}[{', '.join(n for n, _ in self.indices)}]" if self.indices else self.name
        return f"spin {left} in {{{self.lowest}, 1}};"


class Hamiltonian:
    """One Hamiltonian with the data it is called with.

    parameters: [(name, type text, pool name, array)]; options: [(name, default text, given text or None)];
    ranges: [(index names, extent text)]; results: [(name, indices, expression)], the spin arrays first."""

    def __init__(self, name, parameters, options, numbers, ranges, arrays, lets, energy, results, by_member):
        self.name, self.parameters, self.options, self.numbers, self.ranges = name, parameters, options, numbers, ranges
        self.arrays, self.lets, self.energy, self.results, self.by_member = arrays, lets, energy, results, by_member

    def text(self):
        tensors = ", ".join(f"{name}: {shown}" for name, shown, _, _ in self.parameters)
        options = ", ".join(f"{name} = {default}" for name, default, _ in self.options)
        lines = [f"hamiltonian {self.name}({tensors}{'; ' + options if options else ''}) {{"]
        lines += [f"  index {', '.join(names)} in {extent};" for names, extent in self.ranges]
        lines += [f"  {array.text()}" for array in self.arrays]
        lines += [f"  {let.text()}" for let in self.lets]
        lines += [f"  minimize {self.energy.text(SUM)};"]
        shown = [f"{name}{'[' + ', '.join(n for n, _ in indices) + ']' if indices else ''} = {body.text(SUM)}"
                 for name, indices, body in self.results]
        return "\n".join(lines + ["  return " + ",\n         ".join(shown) + ";", "}"])

    def call(self):
        given = [pool for _, _, pool, _ in self.parameters]
        given += [f"{name} = {value}" for name, _, value in self.options if value is not None]
        return f"{self.name}({', '.join(given)})"

    def model_text(self):
        """The statements of a model that call this Hamiltonian once and give all its results."""
        names = [name for name, _, _ in self.results]
        if self.by_member:
            return [f"  output {self.name}_{n} = {self.call()}.{n};" for n in names]
        bound = [f"{self.name}_{n}" for n in names]
        left = bound[0] if len(bound) == 1 else f"({', '.join(bound)})"
        return [f"  let {left} = {self.call()};"] + [f"  output {b} = {b};" for b in bound]

    def scope(self, values):
        """values: array name -> [dims..., states]."""
        tensors = {name: array.astype(np.float64) for name, _, _, array in self.parameters}
        return Scope(self.numbers, tensors, values, {let.name: let for let in self.lets})

    @property
    def spins(self):
        return sum(array.count for array in self.arrays)

    def states(self):
        """Every state: bit i of a state's number is spin i, arrays in order, row-major."""
        numbers = np.arange(1 << self.spins)
        bits = (numbers[None, :] >> np.arange(self.spins)[:, None]) & 1
        return self.split(bits)

    def split(self, bits):
        """bits [spins, states] -> array name -> [dims..., states] in the array's domain."""
        values, start = {}, 0
        for array in self.arrays:
            part = bits[start:start + array.count].reshape(*array.shape, bits.shape[1]).astype(np.float64)
            values[array.name] = part if array.lowest == 0 else 2 * part - 1
            start += array.count
        return values

    def energies(self, values):
        """Energy of each state, and the size of what was added up to it: the largest sum of absolute values."""
        count = next(iter(values.values())).shape[-1]
        scope = self.scope(values)
        energy = np.broadcast_to(self.energy.evaluate(scope, False), (count,))
        size = float(np.max(self.energy.evaluate(scope, True)))
        return energy, size

    def result(self, values, position):
        """A result at one state, as an array of the result's shape."""
        _, indices, body = self.results[position]
        scope = self.scope(values)
        shape = tuple(extent for _, extent in indices)
        found = np.zeros(shape)
        for at in itertools.product(*map(range, shape)):
            scope.index = {name: a for (name, _), a in zip(indices, at)}
            found[at] = np.asarray(body.evaluate(scope, False)).reshape(-1)[0]
        return found


def program_text(hamiltonians, pool):
    """One file: the Hamiltonians, and a model that calls each of them once."""
    used = [name for name in pool if any(name == p for h in hamiltonians for _, _, p, _ in h.parameters)]
    lines = [h.text() + "\n" for h in hamiltonians] + ["model random {"]
    for name in used:
        array = pool[name]
        dims = f"[{', '.join(map(str, array.shape))}]" if array.ndim else ""
        lines.append(f"  input {name}: {'i32' if array.dtype == np.int32 else 'f32'}{dims};")
    for h in hamiltonians:
        lines += h.model_text()
    return "\n".join(lines + ["}"]) + "\n", used
