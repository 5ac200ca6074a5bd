"""lit.cfg.py - the text tests: RUN lines in .test, .attn and .ising files. `tests/run` calls lit with the build folder:
/usr/lib/llvm-19/build/utils/lit/lit.py -D build=build tests"""

import os

import lit.formats

config.name = "isinglass"
config.test_format = lit.formats.ShTest(True)
config.suffixes = [".test", ".attn", ".ising"]
config.excludes = ["Inputs", "models", "goldens", "python", "unit", "fuzz", "bench"]
config.test_source_root = os.path.dirname(os.path.abspath(__file__))

build = os.path.abspath(lit_config.params.get("build", os.path.join(config.test_source_root, "..", "build")))
config.test_exec_root = os.path.join(build, "tests", "lit")

# isg of that build; FileCheck and not of LLVM. Tests name the programs bare.
config.environment["PATH"] = os.pathsep.join([os.path.join(build, "bin"), "/usr/lib/llvm-19/bin", "/usr/bin", "/bin"])
for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
    if name in os.environ:
        config.environment[name] = os.environ[name]
config.substitutions.append(("%root", os.path.dirname(config.test_source_root)))
config.substitutions.append(("%build", build))
config.substitutions.append(("%python", "/usr/bin/python3"))

# Data beside the checkout, where there is any; tests that need it say `REQUIRES: shared`.
shared = os.environ.get("ISG_SHARED", os.path.join(config.test_source_root, "..", "..", "shared"))
if os.path.isdir(shared):
    config.available_features.add("shared")
config.substitutions.append(("%shared", os.path.abspath(shared)))
