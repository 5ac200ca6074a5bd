"""let_chain.py COUNT STEP [FIRST] - a Hamiltonian whose energy is the last of a chain of lets: a0 = FIRST, and each next
one is STEP with {a} for the one before."""

import sys

count, step = int(sys.argv[1]), sys.argv[2]
first = sys.argv[3] if len(sys.argv) > 3 else "x[0]"
print("hamiltonian h(w: f32[N]) {")
print("  index i in N; spin x[i] in {0, 1};")
print(f"  let a0 = {first};")
for k in range(count):
    print(f"  let a{k + 1} = {step.replace('{a}', f'a{k}')};")
print(f"  minimize a{count} + w[0] * x[1];\n  return x[i] = x[i];\n}}")
print("model m { input w: f32[4]; output x = h(w); }")
