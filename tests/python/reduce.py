"""reduce.py SEED NUMBER - makes a failing random Hamiltonian (test_random.py) as small as it still fails the same way, and
prints the program."""

import copy
import pathlib
import sys
import tempfile

from common import Failed
from generate import make_program
from reference import Binary, Compare, Function, Let, Logic, Negate, Number, Reduce, Sum, program_text
from test_random import A_FILE, solve

PARTS = {Binary: ("a", "b"), Negate: ("a",), Compare: ("a", "b")}
LISTS = {Function: "arguments", Reduce: "arguments", Logic: "parts"}


def variants(node):
    """Smaller trees: a child in the node's place, or the node with one of its parts smaller."""
    if not isinstance(node, (Compare, Logic, Sum, Let, Reduce)) and not isinstance(node, Number):
        yield Number("1")
    for field in PARTS.get(type(node), ()):
        child = getattr(node, field)
        if not isinstance(node, Compare):
            yield child
        for smaller in variants(child):
            changed = copy.copy(node)
            setattr(changed, field, smaller)
            yield changed
    if type(node) in LISTS:
        field = LISTS[type(node)]
        for k, child in enumerate(getattr(node, field)):
            if not isinstance(node, Reduce):
                yield child
            for smaller in variants(child):
                changed = copy.copy(node)
                parts = list(getattr(node, field))
                parts[k] = smaller
                setattr(changed, field, parts)
                yield changed
    if isinstance(node, (Sum, Let)):
        if isinstance(node, Sum):
            yield Number("1")
            yield node.body
            for k in range(len(node.indices)):
                if len(node.indices) > 1:
                    yield Sum(node.indices[:k] + node.indices[k + 1:], node.condition, node.body)
        for field in ("condition", "body"):
            child = getattr(node, field)
            if child is None:
                continue
            choices = [None] if field == "condition" else []
            for smaller in [*choices, *variants(child)]:
                changed = copy.copy(node)
                setattr(changed, field, smaller)
                yield changed


def smaller_hamiltonians(h):
    for k in reversed(range(len(h.results))):
        if len(h.results) > 1 and h.results[k][0] not in [a.name for a in h.arrays]:
            yield changed_with(h, results=h.results[:k] + h.results[k + 1:])
    for k in reversed(range(len(h.lets))):
        yield changed_with(h, lets=h.lets[:k] + h.lets[k + 1:])
    for k in reversed(range(len(h.arrays))):
        if len(h.arrays) > 1:
            name = h.arrays[k].name
            yield changed_with(h, arrays=h.arrays[:k] + h.arrays[k + 1:], results=[r for r in h.results if r[0] != name])
    for k in range(len(h.parameters)):
        yield changed_with(h, parameters=h.parameters[:k] + h.parameters[k + 1:])
    for k in range(len(h.options)):
        yield changed_with(h, options=h.options[:k] + h.options[k + 1:])
    for energy in variants(h.energy):
        yield changed_with(h, energy=energy)
    for k, let in enumerate(h.lets):
        for smaller in variants(let):
            yield changed_with(h, lets=h.lets[:k] + [smaller] + h.lets[k + 1:])


def changed_with(h, **fields):
    changed = copy.copy(h)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def symptom(h, pool):
    """A word for how it fails; None when it does not, or when the program is no longer a valid one."""
    try:
        h.energies(h.states())
    except Exception:  # names out of scope, subscripts beyond an axis: not a program to try
        return None
    with tempfile.TemporaryDirectory(prefix="isg-reduce-") as folder:
        try:
            found = solve([h], pool, pathlib.Path(folder), 0)[0]
        except Failed as error:
            return str(error).splitlines()[-1][-60:]
    return None if found is None else " ".join(found.split()[:2])


def main():
    seed, number = int(sys.argv[1]), int(sys.argv[2])
    hamiltonians, pool = make_program(seed, A_FILE)
    h = hamiltonians[number]
    wanted = symptom(h, pool)
    if wanted is None:
        sys.exit("it does not fail")
    shrinking = True
    while shrinking:
        shrinking = False
        for candidate in smaller_hamiltonians(h):
            if symptom(candidate, pool) == wanted:
                h, shrinking = candidate, True
                break
    print(f"# seed {seed}, h{number}: {wanted}\n{program_text([h], pool)[0]}")


if __name__ == "__main__":
    main()
