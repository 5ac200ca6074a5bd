"""test_inspect_page.py - the HTML page of `isg inspect`, in a headless Chromium: that it draws without errors and requests, that
its numbers are those of the JSON, that spins name themselves and heads can be chosen, in light and dark, on paper and at every
width, and what it says of reports that are broken or lack parts. Without Chromium the tests are skipped.

test_inspect_page.py REPORT.json|PAGE.html PICTURE.png [dark] takes a picture of a page instead."""

import base64
import copy
import json
import pathlib
import re
import subprocess
import sys
import unittest

import numpy as np

from browser import Browser, find_chromium
from common import FULL, QUICK, isg_path
from page_case import CONTRAST, LIMIT, Page, at_path, read_number
from page_report import TERMS, bare_hamiltonian, hamiltonian, report

# Made reports say nothing of how isg was built; real ones do.
SLOW = unittest.skipIf(QUICK, "the browser draws made reports alike for every build")


@SLOW
class Drawn(Page):
    """A made report in which every part is there."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.report = report(hamiltonian(8, 16))
        cls.ham = cls.report["hamiltonians"][0]

    def test_numbers_are_those_of_the_report(self):
        self.show(self.report)
        paths = self.check_numbers(self.report)
        here = "hamiltonians[0]."
        needed = ["spins", "couplings", "fields", "terms[0].couplings", "terms[1].numbers.min", "terms[2].numbers.max",
                  "numbers.offset", "numbers.coupling.count", "numbers.coupling.rms", "numbers.field.mean",
                  "numbers.ratio.above_one", "numbers.fixed.count", "numbers.fixed.by_field", "numbers.bits.needed",
                  "numbers.bits.target", "numbers.quantisation.couplings_lost",
                  "numbers.quantisation.error_bound", "spectrum.largest", "spectrum.smallest", "spectrum.hot.temperature",
                  "spectrum.relaxation.threshold", "measured.best", "measured.reference.energy", "measured.success.p",
                  "measured.success.low", "measured.success.high", "measured.tts99.sweeps.value", "measured.tts99.sweeps.low",
                  "measured.tts99.seconds.high", "measured.autocorrelation.tau", "landscape.energies[0]",
                  "landscape.degeneracy.states",
                  "landscape.exact.levels[0].energy", "attention.heads_total", "attention.tokens", "partition.rounds",
                  "partition.parts[1].severed", "partition.cut.weight", "machine.spins_fixed", "machine.energy", "machine.gap"]
        self.assertEqual([path for path in needed if here + path not in paths], [])
        for path in ("subject.seed", "subject.reads", "subject.sample"):
            self.assertIn(path, paths)

    def test_health_comes_first_and_in_its_words(self):
        self.show(self.report)
        self.assertEqual(self.texts(".health"), [self.ham["health"]["line"]])
        self.assertTrue(self.browser.run("document.querySelector('.health').classList.contains('good')"))
        self.assertLess(self.browser.run("document.querySelector('.health').getBoundingClientRect().top"), 400)
        self.assertEqual(self.browser.run("document.title"), "made - Isinglass")

    def test_a_spin_names_itself_under_the_mouse(self):
        self.show(self.report)
        up = set(self.ham["state"])
        for row, column in ((3, 11), (0, 0), (7, 15)):
            self.browser.point(*self.cell("section[id$=what] svg.grid", 0, row, column))
            tip, status = self.said()
            value = int(row * 16 + column in up)
            self.assertRegex(tip, rf"^x\[t={row}, i={column}\] = {value}(, fixed by (its field|roof duality))?$")
            self.assertEqual(tip, status)
        self.browser.point(5, 5)
        self.assertEqual(self.said(), (None, ""))

    def test_every_grid_names_spins(self):
        self.show(self.report)
        count = self.browser.run("document.querySelectorAll('svg.grid').length")
        self.assertGreater(count, 8)
        seen = 0
        for number in range(count):
            if self.browser.run(f"document.querySelectorAll('svg.grid')[{number}].getClientRects().length") == 0:
                continue  # of a head that is not chosen
            self.browser.point(*self.cell("svg.grid", number, 1, 2))
            tip, _ = self.said()
            label = self.browser.run(f"document.querySelectorAll('svg.grid')[{number}].getAttribute('aria-label')")
            if label.startswith("Hamming"):
                self.assertRegex(tip, r"^states 1 and 2: \d+ spins differ")
            else:
                self.assertRegex(tip, r"^x\[t=\d+, i=\d+\]")
            seen += 1
        self.assertGreaterEqual(seen, 8)

    def test_a_heat_map_names_both_spins_and_the_coupling(self):
        self.show(self.report)
        self.browser.run("document.querySelectorAll('.tab')[2].click()")
        self.browser.point(*self.cell(".head:not(.away) svg.grid", 0, 4, 9))
        tip, _ = self.said()
        found = re.fullmatch(r"x\[t=2, i=4\] with x\[t=2, i=9\]: coupling ≈ (\S+)", tip)
        self.assertIsNotNone(found, tip)
        matrix = self.ham["attention"]["heads"][2]["matrix"]
        pixel = base64.b64decode(matrix["pixels"])[4 * 16 + 9]
        value = matrix["low"] + (matrix["high"] - matrix["low"]) * pixel / 254
        shown, step = read_number(found[1])
        self.assertLessEqual(abs(shown - value), 1.001 * step)
        grain = (matrix["high"] - matrix["low"]) / 254
        self.assertTrue(grain / 20 < 2 * step <= grain * 1.001, "as many digits as the picture has")

    def test_arrow_keys_walk_over_cells(self):
        self.show(self.report)
        self.browser.run("document.querySelector('section[id$=what] svg.grid').focus()")
        for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowRight", "ArrowLeft", "ArrowUp", "ArrowUp"):
            self.browser.press(key)
        _, status = self.said()
        self.assertTrue(status.startswith("x[t=0, i=1] = "), status)

    def test_heads_are_chosen_with_the_mouse(self):
        self.show(self.report)
        for number in (5, 0):
            box = self.browser.box(".tab", number)
            self.browser.point(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, press=True)
            self.assertEqual(self.heads_shown(), ([str(number)], [str(number)]))

    def test_heads_are_chosen_with_the_keyboard(self):
        self.show(self.report)
        self.browser.run("document.querySelectorAll('.tab')[0].click(); document.querySelectorAll('.tab')[0].focus()")
        for key, head in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", 7), ("ArrowRight", 0), ("ArrowLeft", 7),
                          ("Home", 0)):
            self.browser.press(key)
            self.assertEqual(self.heads_shown(), ([str(head)], [str(head)]), key)
            self.assertEqual(self.browser.run("document.activeElement.dataset.head"), str(head))
        stops = self.browser.run("[...document.querySelectorAll('.tab')].filter((e) => e.tabIndex === 0).length")
        self.assertEqual(stops, 1)

    def heads_shown(self):
        """The heads whose panel is seen, and those whose tab is selected."""
        return tuple(self.browser.run("""[[...document.querySelectorAll(".head")].filter((e) => e.getClientRects().length),
            [...document.querySelectorAll('.tab[aria-selected="true"]')]].map((l) => l.map((e) => e.dataset.head))"""))

    def test_colours_are_those_of_the_numbers(self):
        self.show(self.report)
        state = self.pixels("section[id$=what] svg.grid .cells")
        self.assertEqual(np.flatnonzero(state[..., 3].ravel() > 128).tolist(), self.ham["state"])
        for number, head in enumerate(self.ham["attention"]["heads"]):
            got = self.pixels(".head svg.grid .cells", number)
            share = np.frombuffer(base64.b64decode(head["matrix"]["pixels"]), np.uint8).reshape(16, 16) / 127 - 1
            self.assertLessEqual(np.abs(got[..., 3] - 255 * np.abs(share)).max(), 1.01)
            strong = np.abs(share) > 0.1
            self.assertTrue(((got[..., 0] > got[..., 2]) == (share > 0))[strong].all())

    def test_chosen_tokens_are_marked_on_both_axes_and_in_the_picture(self):
        self.show(self.report)
        for number, head in enumerate(self.ham["attention"]["heads"]):
            marks, dim = self.browser.run(f"""(() => {{ const e = document.querySelectorAll(".head")[{number}];
                return [[...e.querySelectorAll("svg.grid .chosen")].length,
                        [...e.querySelectorAll(".picture .patch")].map((patch) => patch.classList.contains("dim"))]; }})()""")
            self.assertEqual(marks, 2 * len(head["chosen"]))
            self.assertEqual([k for k, there in enumerate(dim) if not there], head["chosen"])
        image = self.ham["attention"]["image"]
        self.assertEqual(self.pixels(".picture .cells")[..., 0].ravel().tolist(), list(base64.b64decode(image["pixels"])))

    def test_histograms_have_a_bar_for_each_bin(self):
        self.show(self.report)
        heights = self.browser.run("""[...document.querySelectorAll("section[id$=numbers] svg.plot")].slice(0, 1).map((p) =>
            [...p.querySelectorAll(".bar")].map((b) => b.getBBox().height))""")[0]
        counts = np.array([c for c in self.ham["terms"][0]["numbers"]["histogram"]["counts"] if c])
        self.assertEqual(len(heights), len(counts))
        self.close(np.array(heights) / max(heights), np.maximum(counts / counts.max(), 1 / max(heights)), 0.01)

    def test_terms_are_typeset_and_light_their_source(self):
        self.show(self.report)
        labels = self.browser.run("[...document.querySelectorAll('.terms math')].map((m) => m.getAttribute('aria-label'))")
        self.assertEqual(labels, [text for text, _, _ in TERMS])
        self.assertEqual("".join(self.texts(".terms math")[0].split()), "−2∑t,i,j:i<jJt,i,jxt,ixt,j")
        box = self.browser.box(".terms li", 1)
        self.browser.point(box["x"] + 30, box["y"] + 12)
        self.assertEqual(self.texts("mark.lit"), [TERMS[1][1]])
        tip, _ = self.said()
        self.assertTrue(tip.startswith("128 fields: "), tip)
        self.browser.run("document.querySelectorAll('.terms a')[2].click()")
        self.assertEqual(self.texts("mark.lit"), [TERMS[2][1]])
        self.assertEqual(self.browser.run("document.activeElement.tagName"), "PRE")

    def test_light_and_dark_can_be_read(self):
        for scheme, dark in (("light", False), ("dark", True)):
            with self.subTest(scheme):
                self.show(self.report, scheme=scheme)
                colour = self.browser.run("getComputedStyle(document.body).backgroundColor")
                self.assertEqual(sum(map(int, re.findall(r"\d+", colour)[:3])) < 384, dark, colour)
                worst = self.browser.run(CONTRAST)
                self.assertGreaterEqual(worst[0][0], 4.5, worst)

    def test_widths(self):
        for width in (1280, 800, 400):
            with self.subTest(width=width):
                self.show(self.report, width=width)
                self.assertLessEqual(self.width(), width)

    def test_on_paper(self):
        self.show(self.report, scheme="dark")
        pdf = self.browser.pdf()
        self.assertTrue(pdf.startswith(b"%PDF-"))
        pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
        self.assertTrue(4 <= pages <= 20, f"{pages} pages")
        self.browser.media("dark", "print")
        self.assertEqual((self.seen(".head"), self.seen("button, nav, #tip, #status")), (8, 0))
        self.assertEqual(self.browser.run("getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)")
        worst = self.browser.run(CONTRAST)
        self.assertGreaterEqual(worst[0][0], 4.5, worst)
        self.assertEqual(self.browser.faults(), [])

    def test_everything_has_a_name(self):
        self.show(self.report)
        nameless = self.browser.run("""[...document.querySelectorAll(
                "[role=img], [role=application], [role=tab], [role=tabpanel], button, a, nav")]
            .filter((e) => !(e.getAttribute("aria-label") || e.textContent).trim()).map((e) => e.outerHTML.slice(0, 200))""")
        self.assertEqual(nameless, [])
        wrong = self.browser.run("""(() => { const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
            const links = [...document.querySelectorAll("a[href], [aria-controls]")].map((e) =>
              e.getAttribute("href")?.slice(1) || e.getAttribute("aria-controls"));
            return [ids.filter((id, k) => ids.indexOf(id) !== k), links.filter((id) => !ids.includes(id))]; })()""")
        self.assertEqual(wrong, [[], []])


@SLOW
class Large(Page):
    """4,096 spins: 8 heads of 512 tokens."""

    def test_size_and_names(self):
        tokens = 512
        document = report(hamiltonian(8, tokens))
        path = self.page_of(document)
        self.assertLess(path.stat().st_size, LIMIT)
        self.show(path)
        print(f"{8 * tokens} made spins: {path.stat().st_size} bytes, drawn in {self.milliseconds()} ms")
        self.check_numbers(document)
        self.browser.point(*self.cell("section[id$=what] svg.grid", 0, 3, 17))
        self.assertTrue(self.said()[0].startswith("x[t=3, i=17] = "))
        self.browser.run("document.querySelectorAll('.tab')[6].click()")
        self.browser.point(*self.cell(".head:not(.away) svg.grid", 0, 1, 2))
        block = document["hamiltonians"][0]["attention"]["heads"][0]["matrix"]["block"]
        if block > 1:
            names = f"x[t=6, i={block}] … x[t=6, i={2 * block - 1}] with x[t=6, i={2 * block}]"
            self.assertTrue(self.said()[0].startswith(names), self.said())
        self.assertLessEqual(self.width(), 1280)


@SLOW
class Refused(Page):
    """Reports that are broken, lack parts, or mean harm: the page says what is the matter, and is never blank."""

    def test_what_is_no_report(self):
        whole = json.dumps(report(hamiltonian(2, 4))).encode()
        cases = {b"": "JSON is empty", b"   \n": "JSON is empty", whole[:-1]: "JSON is broken", whole[:1000]: "JSON is broken",
                 b"[1, 2]": "not an object", b"null": "not an object", b"7": "not an object", b"{'version': 1}": "JSON is broken",
                 b"</script><p>hello": "JSON is broken", b"\xff\xfe\x00": "JSON is broken"}
        for text, words in cases.items():
            with self.subTest(text=text[:20]):
                shown = self.show(text)
                self.assertIn("This report cannot be read", shown)
                self.assertIn(words, shown)

    def test_a_report_without_its_parts(self):
        cases = [({}, ["does not say what it is of", "no list of Hamiltonians", "version undefined"]),
                 ({"version": 1, "subject": {"kind": "model", "name": "bare"}, "hamiltonians": []},
                  ["bare", "calls no Hamiltonian"]),
                 ({"version": 1, "subject": {"kind": "problem", "name": "p"}, "hamiltonians": []}, ["problem is empty"]),
                 ({"version": 2, "subject": {"name": "later"}, "hamiltonians": [None, 7]}, ["version 2", "another form"]),
                 ({"version": 1, "left": report(bare_hamiltonian(1))}, ["no right side", "does not say what differs"])]
        for document, words in cases:
            shown = self.show(document)
            for word in words:
                self.assertIn(word, shown)

    def test_a_model_without_input(self):
        for spins in (12, 1, 0):
            shown = self.show(report(bare_hamiltonian(spins)))
            for word in ("No numbers were given", "No numbers: the report was made without input", "No spectrum",
                         "Nothing was measured", "No landscape", "No attention", "No target was named", "has no terms"):
                self.assertIn(word, shown)
        self.assertIn("s has no spins", shown)

    def test_an_interrupted_report(self):
        document = report({**hamiltonian(2, 4), "measured": None, "landscape": None, "machine": None})
        self.show(document)
        self.assertNotIn("interrupted", self.texts(".subject strong"))
        document["subject"]["complete"] = False
        shown = self.show(document)
        self.assertIn("interrupted", self.texts(".subject strong"))
        for words in ("Nothing was measured: interrupted", "No landscape: interrupted"):
            self.assertIn(words, shown)

    def test_each_part_missing_or_of_another_form(self):
        whole = hamiltonian(2, 4)
        cases = [(key, other) for key in whole for other in (None, 7, "text", [], {}, [{}], [None])]
        if not FULL:
            cases = cases[::4]
        for key, other in cases:
            with self.subTest(key=key, other=other):
                ham = copy.deepcopy(whole)
                if other is None:
                    del ham[key]
                else:
                    ham[key] = other
                shown = self.show(report(ham))
                self.assertIn("What it is", shown)
                self.assertIn("On a machine", shown)

    def test_parts_of_parts_missing(self):
        whole = hamiltonian(2, 4)
        parts = [(key, inner) for key, value in whole.items() if isinstance(value, dict) for inner in value]
        for key, inner in parts if FULL else parts[::2]:
            with self.subTest(key=key, inner=inner):
                ham = copy.deepcopy(whole)
                ham[key][inner] = None
                self.assertIn("On a machine", self.show(report(ham)))

    def test_a_matrix_of_another_size_is_named(self):
        ham = hamiltonian(2, 4)
        ham["attention"]["heads"][1]["matrix"]["rows"] = 5
        shown = self.show(report(ham))
        self.assertIn("Attention: this part of the report has another form than this page knows "
                      "(a matrix of 5 by 4 has 16 cells)", shown)
        self.assertIn("What came back", shown)

    def test_names_are_text(self):
        """Markup, scripts and addresses in every text of a report are shown as they are written."""
        evil = "</script><img src=http://127.0.0.1:9/x onerror=alert(1)><b>\u2028&amp;"

        def poison(value):
            if isinstance(value, dict):
                return {k: v if k in ("pixels", "kind") else poison(v) for k, v in value.items()}
            if isinstance(value, list):
                return [poison(v) for v in value]
            return value + evil if isinstance(value, str) else value

        shown = self.show(poison(report(hamiltonian(2, 4))))
        self.assertIn("qama</script><img src=http", shown)
        self.assertEqual(self.browser.run("document.querySelectorAll('#page img[src^=http], #page b b, #page script').length"), 0)


@SLOW
class Several(Page):
    """Other documents: problems, several Hamiltonians, two reports side by side."""

    def test_verdicts_have_their_colours(self):
        for verdict, colour in (("healthy", "good"), ("couplings-only", ""), ("fields-only", "warn"), ("erased", "warn"),
                                ("new", "warn")):
            ham = bare_hamiltonian(3)
            ham["health"] = {"verdict": verdict, "line": f"it is {verdict}"}
            self.assertIn(verdict, self.show(report(ham)).lower())
            self.assertEqual(self.browser.run("document.querySelector('.health').className"), f"health {colour}")

    def test_a_problem_of_one_index(self):
        ham = bare_hamiltonian(100)
        ham.update(state=[0, 64, 99], independent_parts=1)
        document = report(ham, name="g.txt")
        document["subject"].update(kind="problem", sources=[], format="rudy", sample=None, samples=None, target=None)
        shown = self.show(document)
        self.assertIn("format rudy", shown)
        self.browser.point(*self.cell("svg.grid", 0, 1, 0))
        self.assertEqual(self.said()[0], "s[i=64] = 1")
        self.browser.point(*self.cell("svg.grid", 0, 1, 34))
        self.assertEqual(self.said()[0], "s[i=98] = −1")
        self.browser.point(*self.cell("svg.grid", 0, 1, 40))
        self.assertEqual(self.said()[0], "no spin")

    def test_three_indices_are_blocks(self):
        """x[f, i, j] with extents 5, 3, 4: a block of 3 by 4 cells for each f."""
        ham = bare_hamiltonian(60)
        ham["arrays"][0]["indices"] = [{"name": "f", "extent": 5}, {"name": "i", "extent": 3}, {"name": "j", "extent": 4}]
        ham["state"] = [0, 13, 59]
        self.show(report(ham))
        grid = self.pixels("svg.grid .cells")
        named = {}
        for r, c in np.argwhere(grid[..., 3] > 0):
            self.browser.point(*self.cell("svg.grid", 0, r, c))
            named[self.said()[0]] = grid[r, c, 3]
        expected = {f"s[f={s // 12}, i={s // 4 % 3}, j={s % 4}] = {'1' if s in ham['state'] else '−1'}" for s in range(60)}
        self.assertEqual(set(named), expected)
        blue = {name for name, alpha in named.items() if alpha > 128}
        self.assertEqual(blue, {name for name in expected if name.endswith(" 1")})

    def test_long_and_narrow_arrays(self):
        ham = bare_hamiltonian(2000)
        ham["arrays"][0]["indices"] = [{"name": "i", "extent": 500}, {"name": "j", "extent": 4}]
        self.show(report(ham))
        self.assertLess(self.browser.box("svg.grid")["height"], 800)
        self.browser.point(*self.cell("svg.grid", 0, 3, 2))
        self.assertEqual(self.said()[0], "s[i=3, j=2]")
        self.browser.point(*self.cell("svg.grid", 0, 3, 5 + 2))
        self.assertEqual(self.said()[0], "s[i=67, j=2]")

    def test_fixed_spins_that_are_not_listed_are_not_free(self):
        ham = hamiltonian(2, 32)
        listed = ham["numbers"]["fixed"]["spins"]
        ham["numbers"]["fixed"]["count"] = len(listed) + 5
        shown = self.show(report(ham))
        self.assertIn(f"not listed: the report names the first {len(listed)}", shown)
        last = listed[-1]["spin"]
        self.assertLess(last, 63)
        grid = "section[id$=numbers] svg.grid[aria-label^='fixed']"
        for spin, words in ((last, "is fixed at"), (last + 1, "beyond the")):
            self.browser.point(*self.cell(grid, 0, spin // 32, spin % 32))
            self.assertIn(words, self.said()[0])

    def test_several_hamiltonians(self):
        document = report(hamiltonian(2, 4, 1, "first"), bare_hamiltonian(3, "second"))
        self.show(document)
        self.assertEqual(self.texts("nav a"), ["first", "second"])
        self.assertEqual(self.browser.run("document.querySelectorAll('article').length"), 2)
        self.check_numbers(document)

    def test_two_reports_side_by_side(self):
        left, right = report(hamiltonian(8, 16, 1), name="a"), report(hamiltonian(8, 16, 2), name="b")
        rows = [{"hamiltonian": "qama", "what": "largest coupling", "left": "5.58", "right": None}]
        document = {"version": 1, "diff": {"rows": rows}, "left": left, "right": right}
        shown = self.show(document)
        self.assertIn("a and b", shown)
        self.assertEqual(self.texts("table.diff td"), ["qama", "largest coupling", "5.58", "–"])
        self.check_numbers(document)
        marked = self.browser.run("[...document.querySelectorAll('.number')].map((e) => "
                                  "[e.dataset.path, e.classList.contains('differs')])")
        for path, differs in marked:
            side, rest = path.split(".", 1)
            self.assertEqual(differs, at_path(left, rest) != at_path(right, rest), path)
        self.assertGreater(sum(differs for _, differs in marked), 20)
        boxes = self.browser.run("[...document.querySelectorAll('.side')].map((e) => e.getBoundingClientRect().left)")
        self.assertGreater(boxes[1], boxes[0] + 500)
        tops = self.browser.run("[...document.querySelectorAll('.side section')].map((e) => [e.id.replace(/^(left|right)-/, ''), "
                                "e.getBoundingClientRect().top])")
        for name in {name for name, _ in tops}:
            self.assertEqual(len({top for other, top in tops if other == name}), 1, f"{name} is not side by side")
        self.assertLessEqual(self.width(), 1280)
        self.assertGreaterEqual(self.browser.run(CONTRAST)[0][0], 4.5)


class Instrument(Page):
    """That the browser tells of what the tests above say does not happen."""

    def test_errors_and_requests_are_seen(self):
        for body, fault in (("throw new Error('thrown')", "thrown"), ("console.error('said')", "said")):
            self.browser.open(self.write("bad.html", f"<script>{body}</script>"))
            self.assertIn(fault, " ".join(self.browser.faults()))
        self.browser.open(self.write("asks.html", "<img src='http://127.0.0.1:9/picture.png'>"))
        self.assertIn("http://127.0.0.1:9/picture.png", self.browser.requests())

    def test_poor_contrast_is_seen(self):
        self.browser.open(self.write("pale.html", "<body style='background: #fff'><p style='color: #999'>pale</p>"))
        worst = self.browser.run(CONTRAST)
        self.assertLess(worst[0][0], 3)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        given, picture = pathlib.Path(sys.argv[1]), sys.argv[2]
        if given.suffix == ".json":
            page = subprocess.run([isg_path().parents[1] / "tests" / "make_page", given], capture_output=True, check=True).stdout
            given = pathlib.Path(picture).with_suffix(".html")
            given.write_bytes(page)
        eye = Browser(find_chromium())
        try:
            eye.media(sys.argv[3] if len(sys.argv) > 3 else "light")
            eye.open(given)
            eye.picture(picture)
        finally:
            eye.close()
    else:
        unittest.main()
