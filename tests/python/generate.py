"""generate.py - random small Hamiltonians of the .attn language, as trees of reference.py.

Together the programs use: both spin domains, also in one Hamiltonian; 0 to 12 spins in 1 to 3 arrays of rank 0 to 3; shape
names, options and literal ranges, also of extent 0; lets with and without spins and with conditions; sums with conditions,
also over nothing; repeated and cancelling terms; squares of spins; constant energies; division and functions of
coefficients; shifted subscripts under guards; results of any degree.
"""

import random

import numpy as np

from reference import Binary, Compare, Element, Function, Hamiltonian, Let, Logic, Negate, Number, Reduce, SpinArray, Sum, Symbol

NUMBERS = ["0", "1", "2", "3", "0.5", "1.5", "0.25", "0.7", "1.3", "2.75", "0.125", "3e-1", "1.25e0", "12e-2"]
SIZES = [0, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4]


def plus(a, b):
    return Binary("+", a, b)


def times(a, b):
    return Binary("*", a, b)


def make_pool(seed):
    """The data tensors of one file: name -> array without the batch axis. Values are exact in float32."""
    rng = np.random.default_rng(seed)
    pool = {}
    for position in range(14):
        shape = tuple(int(SIZES[k]) for k in rng.integers(0, len(SIZES), size=position % 4))
        if position % 7 == 6:
            pool[f"d{position}"] = rng.integers(-3, 4, size=shape).astype(np.int32)
        else:
            pool[f"d{position}"] = rng.normal(size=shape).astype(np.float32)
    return pool


class Maker:
    """Makes one Hamiltonian. `ranges` of an index in scope are the values it can take there: (lowest, highest)."""

    def __init__(self, seed, name, pool):
        self.random = random.Random(seed)
        self.name, self.pool = name, pool
        self.numbers = {"pi": float(np.pi)}
        self.tensors, self.lets, self.arrays = {}, {}, {}

    def chance(self, probability):
        return self.random.random() < probability

    def pick(self, options):
        return self.random.choice(list(options))

    # ---- declarations ---------------------------------------------------------------------

    def choose_parameters(self):
        parameters, names = [], ["N", "M", "K", "L", "A"]
        for name in ["p", "q", "r"][:self.random.randint(0, 3)]:
            source = self.pick(self.pool)
            array, dims = self.pool[source], []
            for size in array.shape:
                bound = [n for n in names if self.numbers.get(n) == size]
                free = [n for n in names if n not in self.numbers]
                if bound and self.chance(0.7):
                    dims.append(self.pick(bound))
                elif free and self.chance(0.7):
                    self.numbers[free[0]] = size
                    dims.append(free[0])
                else:
                    dims.append(str(size))
            shown = ("i32" if array.dtype == np.int32 else "f32") + (f"[{', '.join(dims)}]" if dims else "")
            parameters.append((name, shown, source, array))
            self.tensors[name] = array.shape
        return parameters

    def choose_options(self):
        options = []
        for name in ["alpha", "beta"][:self.random.randint(0, 2)]:
            default = self.pick(NUMBERS + ["-1", "-0.75"])
            given = self.pick(NUMBERS + ["-2.5"]) if self.chance(0.5) else None
            options.append((name, default, given))
            self.numbers[name] = float(given if given is not None else default)
        if self.chance(0.3):
            default, given = self.random.randint(1, 3), self.random.randint(0, 3) if self.chance(0.5) else None
            options.append(("levels", str(default), None if given is None else str(given)))
            self.numbers["levels"] = given if given is not None else default
        return options

    def choose_ranges(self):
        """Index declarations: a few extents, each with two or three index names."""
        whole = [n for n in self.numbers if n not in ("pi", "alpha", "beta") and self.numbers[n] <= 4]
        choices = [(n, int(self.numbers[n])) for n in whole]
        choices += [(str(k), k) for k in ([0, 1, 2, 3] if self.chance(0.2) else [1, 2, 3])]
        choices += [(f"{n} + 1", int(self.numbers[n]) + 1) for n in whole if self.numbers[n] < 3 and self.chance(0.2)]
        letters, ranges, self.extent = iter("i j k l m n t u v w".split()), [], {}
        for text, extent in self.random.sample(choices, min(len(choices), self.random.randint(2, 3))):
            names = [next(letters) for _ in range(self.random.randint(2, 3))]
            self.extent.update({name: extent for name in names})
            ranges.append((names, text))
        return ranges

    def choose_arrays(self):
        found, total = [], 0
        for name in ["x", "y", "s"][:self.random.randint(1, 3)]:
            for _ in range(20):
                rank = self.pick([0, 1, 1, 2, 2, 2, 3])
                if rank > len(self.extent):
                    continue
                indices = [(n, self.extent[n]) for n in self.random.sample(sorted(self.extent), rank)]
                array = SpinArray(name, indices, self.pick([0, -1]))
                if total + array.count <= 12:
                    total += array.count
                    found.append(array)
                    break
        if not found:
            found = [SpinArray("x", [], self.pick([0, -1]))]
        self.arrays = {array.name: array for array in found}
        return found

    # ---- subscripts and conditions ---------------------------------------------------------

    def subscript(self, size, ranges):
        """An integer expression that stays within an axis of `size`; None if there is none."""
        options = []
        for name, (low, high) in ranges.items():
            if high < low or (low >= 0 and high < size):
                options += [Symbol(name)] * 4
            if high < low:
                continue
            for shift in (1, 2):
                if high + shift < size:
                    options.append(plus(Symbol(name), Number(str(shift))))
                if low - shift >= 0 and high - shift < size:
                    options += [Binary("-", Symbol(name), Number(str(shift)))] * 3
            if low >= 0 and high < size and size > 0:
                options.append(Binary("-", Number(str(size - 1)), Symbol(name)))
            if 2 * high < size and low >= 0:
                options.append(times(Number("2"), Symbol(name)))
        if size > 0 and (not options or self.chance(0.15)):
            options.append(Number(str(self.random.randrange(size))))
        return self.pick(options) if options else None

    def element(self, name, shape, ranges):
        subscripts = [self.subscript(size, ranges) for size in shape]
        return None if None in subscripts else Element(name, subscripts)

    def integer(self, ranges):
        kind = self.random.random()
        if ranges and kind < 0.65:
            name = Symbol(self.pick(ranges))
            return Binary(self.pick("+-"), name, Number(str(self.random.randint(1, 2)))) if self.chance(0.25) else name
        shapes = [n for n in self.numbers if n not in ("pi", "alpha", "beta")]
        if shapes and kind < 0.8:
            return Symbol(self.pick(shapes))
        return Number(str(self.random.randint(0, 3)))

    def condition(self, ranges, depth=1):
        kind = self.random.random()
        if depth > 0 and kind < 0.15:
            return Logic(self.pick(["and", "or"]), [self.condition(ranges, depth - 1) for _ in range(2)])
        if depth > 0 and kind < 0.25:
            return Logic("not", [self.condition(ranges, depth - 1)])
        return Compare(self.pick(Compare.SIGNS), self.integer(ranges), self.integer(ranges))

    def guard(self, ranges):
        """Maybe a condition on indices just bound, and the narrower ranges that hold under it."""
        if not ranges or self.chance(0.45):
            return None, ranges
        name = self.pick(ranges)
        low, high = ranges[name]
        kind = self.random.random()
        if kind < 0.2:
            return Compare(">", Symbol(name), Number("0")), {**ranges, name: (max(low, 1), high)}
        if kind < 0.4:
            condition = Compare("<", plus(Symbol(name), Number("1")), Number(str(high + 1)))
            return condition, {**ranges, name: (low, high - 1)}
        if kind < 0.6 and len(ranges) > 1:
            a, b = self.random.sample(sorted(ranges), 2)
            return Compare(self.pick(["!=", "<", "=="]), Symbol(a), Symbol(b)), ranges
        return self.condition(ranges), ranges

    # ---- expressions -----------------------------------------------------------------------

    def constant(self, ranges, depth):
        """A coefficient: no spins."""
        kind = self.random.random()
        if depth <= 0 or kind < 0.35:
            return self.leaf(ranges)
        if kind < 0.6:
            return Binary(self.pick("+-*"), self.constant(ranges, depth - 1), self.constant(ranges, depth - 1))
        if kind < 0.68:
            return Binary("/", self.constant(ranges, depth - 1), self.divisor(ranges, depth - 1))
        if kind < 0.8:
            return self.function(self.constant(ranges, depth - 1), lambda: self.constant(ranges, depth - 1))
        if kind < 0.86:
            return Negate(self.constant(ranges, depth - 1))
        if kind < 0.93:
            return self.sum(ranges, lambda inner: self.constant(inner, depth - 1))
        return self.reduction(ranges) or self.leaf(ranges)

    def leaf(self, ranges):
        tensors = list(self.tensors.items())
        tensors += [(n, tuple(e for _, e in let.indices)) for n, let in self.lets.items() if let.degree == 0]
        if tensors and self.chance(0.65):
            name, shape = self.pick(tensors)
            found = self.element(name, shape, ranges)
            if found:
                return found
        kind = self.random.random()
        if kind < 0.2:
            return Symbol(self.pick(self.numbers))
        if kind < 0.35 and ranges:
            return Symbol(self.pick(ranges))
        return Number(self.pick(NUMBERS))

    def divisor(self, ranges, depth):
        kind = self.random.random()
        if kind < 0.3:
            return Number(self.pick([n for n in NUMBERS if float(n) != 0]))
        if kind < 0.5 and ranges:
            return plus(Symbol(self.pick(ranges)), Number("3"))
        return plus(Number("1"), Function("abs", [self.constant(ranges, depth)]))

    def function(self, a, another):
        name = self.pick(Function.CALLS)
        if name in ("min", "max"):
            return Function(name, [a, another()])
        if name in ("sqrt", "log"):
            return Function(name, [plus(Number("1"), Function("abs", [a]))])
        if name == "exp":
            return Function(name, [Negate(Function("abs", [a]))])
        return Function(name, [a])

    def reduction(self, ranges):
        """dot or a reduction of partly indexed tensors; mean, min and max only of something."""
        tensors = [(n, s) for n, s in self.tensors.items() if s]
        tensors += [(n, tuple(e for _, e in l.indices)) for n, l in self.lets.items() if l.degree == 0 and l.indices]
        if not tensors:
            return None
        name, shape = self.pick(tensors)
        kept = self.random.randrange(len(shape))
        part = self.element(name, shape[:kept], ranges)
        if part is None:
            return None
        twins = [(n, s) for n, s in tensors if s[len(s) - (len(shape) - kept):] == shape[kept:] and len(shape) - kept == 1]
        if twins and self.chance(0.5):
            other, other_shape = self.pick(twins)
            second = self.element(other, other_shape[:-1], ranges)
            if second is not None:
                return Reduce("dot", [part, second])
        if self.chance(0.3):
            part = times(part, Number(self.pick(NUMBERS)))
        return Reduce(self.pick(["sum", "mean", "min", "max"]) if np.prod(shape[kept:]) > 0 else "sum", [part])

    def sum(self, ranges, body):
        free = sorted(n for n in self.extent if n not in ranges)
        if not free:
            return body(ranges)
        names = self.random.sample(free, min(len(free), self.pick([1, 1, 1, 2, 2, 3])))
        bound = {n: (0, self.extent[n] - 1) for n in names}
        condition, narrowed = self.guard(bound) if self.chance(0.7) else (self.condition({**ranges, **bound}), bound)
        return Sum([(n, self.extent[n]) for n in names], condition, body({**ranges, **narrowed}))

    def spin(self, ranges):
        for _ in range(4):
            array = self.pick(self.arrays.values())
            found = self.element(array.name, array.shape, ranges)
            if found:
                return found
        return Number(self.pick(NUMBERS))

    def polynomial(self, degree, ranges, depth):
        """An expression of at most `degree` in the spins."""
        if degree == 0:
            return self.constant(ranges, min(depth, 2))
        kind = self.random.random()
        if depth <= 0:
            return self.monomial(degree, ranges)
        if kind < 0.25:
            return self.monomial(degree, ranges)
        if kind < 0.32:
            return Binary(self.pick("+-"), self.polynomial(degree, ranges, depth - 1), self.polynomial(degree, ranges, depth - 1))
        if kind < 0.37:
            return Negate(self.polynomial(degree, ranges, depth - 1))
        if kind < 0.47:
            return Binary("/", self.polynomial(degree, ranges, depth - 1), self.divisor(ranges, 1))
        if kind < 0.6:
            return times(self.constant(ranges, 2), self.polynomial(degree, ranges, depth - 1))
        if kind < 0.68 and degree == 2:
            return times(self.polynomial(1, ranges, depth - 1), self.polynomial(1, ranges, depth - 1))
        if kind < 0.75:
            lets = [l for l in self.lets.values() if 0 < l.degree <= degree]
            if lets:
                let = self.pick(lets)
                found = self.element(let.name, tuple(e for _, e in let.indices), ranges)
                if found:
                    return found
        return self.sum(ranges, lambda inner: self.polynomial(degree, inner, depth - 1))

    def monomial(self, degree, ranges):
        first = self.spin(ranges)
        result = times(self.constant(ranges, 2), first)
        if self.chance(0.15):
            result = times(result, first)  # x*x = x, s*s = 1
        if degree == 2 and self.chance(0.7):
            second = self.spin(ranges)
            result = times(result, second)
            if self.chance(0.1):
                result = times(result, first)
        return result

    # ---- the whole -------------------------------------------------------------------------

    def make_let(self, name):
        indices = [(n, self.extent[n]) for n in self.random.sample(sorted(self.extent), self.pick([0, 1, 1, 2, 2]))
                   ] if len(self.extent) >= 2 else []
        bound = {n: (0, extent - 1) for n, extent in indices}
        condition, narrowed = self.guard(bound)
        degree = self.pick([0, 0, 1, 1, 2])
        body = self.polynomial(degree, narrowed, 2)
        let = Let(name, indices, body, condition, degree)
        self.lets[name] = let
        return let

    def dense(self):
        """Every spin of an array coupled to those of another or its own: what most real problems look like."""
        first = self.pick(self.arrays.values())
        bound = {n: (0, e - 1) for n, e in first.indices}
        factors = [Element(first.name, [Symbol(n) for n, _ in first.indices])]
        free = [n for n in sorted(self.extent) if n not in bound]
        second = self.pick(self.arrays.values())
        if len(second.indices) <= len(free) and self.chance(0.8):
            more = {n: (0, self.extent[n] - 1) for n in self.random.sample(free, len(second.indices))}
            found = self.element(second.name, second.shape, more)
            if found:
                bound.update(more)
                factors.append(found)
        body = self.constant(bound, 1)
        for factor in factors:
            body = times(body, factor)
        condition = self.guard(bound)[0] if self.chance(0.5) else None
        return Sum([(n, self.extent[n]) for n in bound], condition, body) if bound else body

    def make_energy(self):
        terms = [self.polynomial(self.pick([0, 1, 2, 2, 2]), {}, 3) for _ in range(self.random.randint(1, 5))]
        for _ in range(self.random.randint(0, 3)):
            terms.insert(self.random.randint(0, len(terms)), self.dense())
        kind = self.random.random()
        if kind < 0.08:
            terms.append(self.pick(terms))
        elif kind < 0.16:
            terms.append(Negate(self.pick(terms)))
        elif kind < 0.19:
            terms = [self.constant({}, 2)]
        elif kind < 0.21:
            first = self.pick(terms)
            terms = [first, Negate(first)]
        elif kind < 0.24:
            terms[0] = times(Number("1e3"), terms[0])
        energy = terms[0]
        for term in terms[1:]:
            energy = Binary(self.pick("+-"), energy, term)
        if self.chance(0.06):
            energy = times(Number(self.pick(["1e-6", "1e6", "1e-3", "2.5e4"])), energy)
        return energy

    def make_results(self):
        results = [(a.name, a.indices, Element(a.name, [Symbol(n) for n, _ in a.indices])) for a in self.arrays.values()]
        if self.chance(0.5):
            indices = [(n, self.extent[n]) for n in self.random.sample(sorted(self.extent), self.pick([0, 1, 2]))]
            ranges = {n: (0, e - 1) for n, e in indices}
            body = self.polynomial(2, ranges, 2)
            if self.chance(0.3):
                body = times(body, self.spin(ranges))
            if self.chance(0.3):
                body = Binary("/", body, plus(Number("3"), self.spin(ranges)))
            if self.chance(0.2):
                body = self.function(body, lambda: self.spin(ranges))
            results.append(("extra", indices, body))
        return results

    def make(self):
        parameters, options = self.choose_parameters(), self.choose_options()
        ranges = self.choose_ranges()
        arrays = self.choose_arrays()
        lets = [self.make_let(f"f{k}") for k in range(self.random.randint(0, 4))]
        energy = self.make_energy()
        return Hamiltonian(self.name, parameters, options, self.numbers, ranges, arrays, lets, energy, self.make_results(),
                           self.chance(0.3))


def make_program(seed, count):
    """`count` Hamiltonians over one pool of data; the same for the same seed everywhere."""
    pool = make_pool(seed)
    return [Maker(f"{seed}/{k}", f"h{k}", pool).make() for k in range(count)], pool
