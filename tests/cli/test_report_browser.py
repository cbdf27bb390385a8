"""The pages of reports in a real browser: nothing is refused or overflows, charts are drawn, images open."""

import base64
import contextlib
import importlib.util
import os
import random
import shutil
import unittest
from pathlib import Path

from PIL import Image

from tests.cli.report_page import page_data
from tests.cli.transfer_case import TransferCase

BROWSER = shutil.which("chromium")
DRIVER = shutil.which("chromedriver")
SCREENSHOTS = os.environ.get("TRANSFER_SCREENSHOTS")
WIDTHS = (390, 1280)
NAMES = ('<script>alert("1")<⁄script> & \'q\'', "猫 🐱 عربى ё")

# How many pixels of each chart differ from its most frequent colour.
DRAWN_PIXELS = """
return [...document.querySelectorAll("canvas")].map((canvas) => {
  const pixels = new Uint32Array(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer);
  const counts = new Map();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) || 0) + 1);
  return [canvas.getAttribute("aria-label") || "heat map", pixels.length - Math.max(...counts.values())];
});
"""


def axe_source():
    """axe-core, where a package that brings it is installed."""
    found = importlib.util.find_spec("axe_selenium_python")
    scripts = list(Path(found.origin).parent.glob("**/axe.min.js")) if found else []
    return scripts[0].read_text(encoding="utf-8") if scripts else None


def write_plain_image(path, colour, seed):
    """A small image of one colour and four random pixels, which makes its bytes its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    generator = random.Random(seed)
    image = Image.new("RGB", (40, 30), colour)
    for _ in range(4):
        image.putpixel((generator.randrange(40), generator.randrange(30)), tuple(generator.randrange(256) for _ in range(3)))
    image.save(path)


class Browser:
    """A headless Chromium whose window has any size."""

    def __init__(self):
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service
        options = webdriver.ChromeOptions()
        options.binary_location = BROWSER
        for flag in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "hide-scrollbars"):
            options.add_argument(f"--{flag}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(DRIVER))

    def open(self, page, width, is_dark=False):
        command = self.driver.execute_cdp_cmd
        command("Emulation.setDeviceMetricsOverride",
                {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600})
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        command("Emulation.setEmulatedMedia", {"features": [scheme]})
        self.driver.get(page.as_uri())

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def messages(self):
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def violations(self, source):
        """What axe-core finds. It comes in by the debugger, since the page admits no script but its own."""
        expression = f"{source}; axe.run().then((found) => found.violations.map(" \
            "(one) => one.id + ': ' + one.nodes.map((node) => node.html.slice(0, 120)).join(' | ')).join('\\n'))"
        answer = self.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": expression, "awaitPromise": True})
        return answer["result"].get("value", str(answer))

    def screenshot(self, file):
        picture = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True})
        file.write_bytes(base64.b64decode(picture["data"]))

    def pdf_size(self):
        return len(self.driver.execute_cdp_cmd("Page.printToPDF", {})["data"])


@unittest.skipUnless(BROWSER and DRIVER and importlib.util.find_spec("selenium"),
                     "needs Debian's chromium and chromium-driver, and selenium from PyPI: make test-report")
class ReportInBrowser(TransferCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.driver.quit)
        cls.axe = axe_source()

    def make_images(self, root, names, per_class):
        for split in ("train", "val"):
            for number, name in enumerate(names):
                for i in range(per_class):
                    hue = 2 * number if len(names) > 2 else 160 * number
                    colour = Image.new("HSV", (1, 1), (hue % 256, 120 + 20 * (i % 3), 200)).convert("RGB").getpixel((0, 0))
                    write_plain_image(self.folder / root / split / name / f"{i} ä.png", colour, seed=f"{split} {name} {i}")

    def make_csv(self, name, header, cells):
        rows = [(path.relative_to(self.folder), path.parts[-3], cells(path)) for path in sorted(self.folder.glob("two/*/*/*.png"))]
        (self.folder / name).write_text("\n".join([header, *(f'"{path}",{split},{cell}' for path, split, cell in rows)]) + "\n")

    def check(self, page, width, is_dark=False):
        """Opens the page and asserts what holds for every page."""
        self.browser.open(page, width, is_dark)
        self.assertEqual(self.browser.messages(), [], "the console is silent")
        self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth"), width, "nothing overflows")
        charts = self.browser.run(DRAWN_PIXELS)
        self.assertGreater(len(charts), 0)
        for title, pixels in charts:
            self.assertGreater(pixels, 200, f"{title} is not drawn")
        fetched = self.browser.run("return performance.getEntriesByType('resource').map((entry) => entry.name)")
        self.assertEqual([name for name in fetched if not name.startswith("data:")], [], "no request leaves the page")
        if SCREENSHOTS:
            Path(SCREENSHOTS).mkdir(parents=True, exist_ok=True)
            self.browser.screenshot(Path(SCREENSHOTS) / f"{page.stem}-{width}{'-dark' if is_dark else ''}.png")
        if self.axe:
            self.assertEqual(self.browser.violations(self.axe), "")
        self.assertEqual(self.browser.messages(), [])

    def check_all(self, page):
        self.assertLess(page.stat().st_size, 5_000_000)
        for width in WIDTHS:
            self.check(page, width)
        self.check(page, 1280, is_dark=True)

    def kept(self, run):
        """The report of a run under a name of its own."""
        page = self.folder / f"{run}.html"
        page.write_bytes((self.folder / run / "report.html").read_bytes())
        return page

    @contextlib.contextmanager
    def opened_images(self):
        """Asserts that what is done inside opens the dialog with images; gives a list for its title."""
        title = []
        yield title
        self.assertTrue(self.browser.run("return document.getElementById('viewer').open"))
        self.assertGreater(self.browser.run("return document.querySelectorAll('#viewer img').length"), 0)
        title.append(self.browser.run("return document.getElementById('viewer-title').textContent"))
        self.browser.run("document.getElementById('viewer-close').click()")
        self.assertFalse(self.browser.run("return document.getElementById('viewer').open"))

    def test_two_classes_with_any_names(self):
        self.make_images("two", NAMES, per_class=6)
        self.train(data="two", out="two-classes")
        page = self.kept("two-classes")
        self.check_all(page)
        self.assertEqual(self.browser.run("return [...document.querySelectorAll('table.confusion th[scope=row]')].map((cell) => cell.textContent)"),
                         sorted(NAMES))
        with self.opened_images() as title:
            self.browser.run("document.querySelector('table.confusion button.cell').click()")
            self.assertEqual(self.browser.run("return [document.activeElement.id, document.getElementById('viewer').scrollTop]"),
                             ["viewer-title", 0], "the dialog opens at its beginning")
        self.assertIn(sorted(NAMES)[0], title[0])
        self.assertGreater(self.browser.pdf_size(), 50_000)
        self.assertEqual(self.browser.messages(), [])

    def test_a_hundred_classes(self):
        self.make_images("many", [f"class {i:02}" for i in range(100)], per_class=2)
        self.train("--set", "train.iterations=5", data="many", out="hundred-classes")
        page = self.kept("hundred-classes")
        self.check_all(page)
        truth, predicted, _ = page_data(page)["charts"]["confusion"][0]
        with self.opened_images() as title:
            self.browser.run("""
                const canvas = document.querySelector(".map canvas"), box = canvas.getBoundingClientRect();
                const at = {clientX: box.left + (arguments[1] + 0.5) * box.width / 100, clientY: box.top + (arguments[0] + 0.5) * box.height / 100};
                canvas.dispatchEvent(new MouseEvent("click", {...at, bubbles: true}));""", truth, predicted)
        self.assertIn(f"class {truth:02}", title[0])
        with self.opened_images():
            from selenium.webdriver.common.keys import Keys
            heat_map = self.browser.driver.find_element("css selector", ".map")
            cells = {(t, p) for t, p, _ in page_data(page)["charts"]["confusion"]}
            step = Keys.ARROW_LEFT if (truth, predicted - 1) in cells else None
            heat_map.send_keys(*([step] if step else []), Keys.ENTER)

    def test_several_labels(self):
        self.make_images("two", ("red", "blue"), per_class=6)
        self.make_csv("labels.csv", "path,split,label", lambda path: f"{path.parts[-2]}|{'odd' if int(path.stem[0]) % 2 else 'even'}")
        self.train("--set", "head.loss=binary_cross_entropy", "--set", "train.iterations=3", data="labels.csv", out="several-labels")
        self.check_all(self.kept("several-labels"))
        with self.opened_images():
            self.browser.run("document.querySelector('#classes td button').click()")

    def test_numbers(self):
        self.make_images("two", ("red", "blue"), per_class=6)
        self.make_csv("numbers.csv", "path,split,weight", lambda path: int(path.stem[0]) + 0.5 * (path.parts[-2] == "red"))
        self.train("--task", "regression", data="numbers.csv", out="numbers")
        self.check_all(self.kept("numbers"))

    def test_the_marks_of_a_data_check(self):
        self.make_images("two", ("red", "blue"), per_class=6)
        root = self.folder / "two/train"
        for copy in ("red/copy.png", "blue/other.png"):
            shutil.copy(root / "red/0 ä.png", root / copy)
        shutil.copy(root / "red/1 ä.png", root / "red/same.png")
        self.run_transfer("check", "--data", "two", "--no-features", "--output", "checked")
        self.browser.open(self.folder / "checked/check.html", 1280)
        self.assertEqual(self.browser.messages(), [])
        click = """
            const section = [...document.querySelectorAll("#sections section")].find((one) => one.querySelector("h2").textContent.startsWith("Exact"));
            section.querySelector(":scope > button").click();
            return [marksAsCsv(), document.getElementById("count").textContent, section.textContent.includes("with two labels"), isSaved];"""
        csv, count, is_told, is_saved = self.browser.run(click)
        self.assertEqual([line for line in csv.splitlines() if ",drop," in line], ["two/train/red/same.png,drop,"])
        self.assertIn("1 to drop", count)
        self.assertEqual((is_told, is_saved), (True, False))
        relabel = """
            const path = data.pictures[0].path;
            setMark(path, "relabel", arguments[0] ? data.pictures[0].target : data.classes.find((entry) => entry.name !== data.pictures[0].target).name);
            return [document.getElementById("count").textContent, marksAsCsv().includes("relabel")];"""
        self.assertEqual(self.browser.run(relabel, True)[1], False)
        self.assertIn("0 to relabel", self.browser.run(relabel, True)[0])
        self.assertIn("1 to relabel", self.browser.run(relabel, False)[0])
        self.browser.run("isSaved = true")  # else leaving the page asks, which the next test would hear of

    def test_one_epoch_and_a_comparison(self):
        self.make_images("two", ("red", "blue"), per_class=6)
        self.train("--strategy", "fine-tune", "--set", "train.epochs=1", "--threads", "1", data="two", out="one-epoch")
        self.check_all(self.kept("one-epoch"))
        self.train(data="two", out="head")
        self.run_transfer("compare", "one-epoch", "head", "--output", "comparison.html")
        self.check_all(self.folder / "comparison.html")
