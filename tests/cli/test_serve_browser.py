"""The server's page in a real browser: an image is dropped, chosen or pasted, and its classes and its map are shown."""

import base64
import importlib.util
import os
import unittest
from pathlib import Path

from tests.cli.serving_case import ServingCase
from tests.cli.test_report_browser import BROWSER, DRIVER, Browser, axe_source
from tests.cli.transfer_case import SLOWER

SCREENSHOTS = os.environ.get("TRANSFER_SCREENSHOTS")

# Drops a file as a user does: a DragEvent with a DataTransfer that holds it.
DROP = """
const [encoded, name, kind] = arguments;
const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
const transfer = new DataTransfer();
transfer.items.add(new File([bytes], name, {type: "image/png"}));
const target = kind === "paste" ? document : document.getElementById("drop");
if (kind === "paste") target.dispatchEvent(new ClipboardEvent("paste", {clipboardData: transfer, bubbles: true}));
else for (const step of ["dragenter", "dragover", "drop"]) target.dispatchEvent(new DragEvent(step, {dataTransfer: transfer, bubbles: true, cancelable: true}));
"""


@unittest.skipUnless(BROWSER and DRIVER and importlib.util.find_spec("selenium"),
                     "needs Debian's chromium and chromium-driver, and selenium from PyPI: make test-report")
class PageOfServe(ServingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.driver.quit)
        cls.axe = axe_source()

    def open(self, server, width=1280, is_dark=False):
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self.browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self.browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        self.browser.driver.get(server.address)

    def wait_for(self, script, *arguments):
        """The first value of the script that counts as true."""
        from selenium.webdriver.support.ui import WebDriverWait
        return WebDriverWait(self.browser.driver, 60 * SLOWER).until(lambda _: self.browser.run(script, *arguments))

    def drop(self, name="dropped.png", kind="drop"):
        self.browser.run(DROP, base64.b64encode(self.image).decode(), name, kind)
        return self.wait_for("""
            const shown = [...document.querySelectorAll(".result")].find((one) => one.querySelector("h2").textContent === arguments[0]);
            return shown && [...shown.querySelectorAll("li")].map((line) => line.textContent);""", name)

    def check(self, name):
        """What holds for the page as it is now."""
        width = self.browser.run("return window.innerWidth")
        self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth"), width, "nothing overflows")
        if SCREENSHOTS:
            Path(SCREENSHOTS).mkdir(parents=True, exist_ok=True)
            self.browser.screenshot(Path(SCREENSHOTS) / f"{name}.png")
        if self.axe:
            self.assertEqual(self.browser.violations(self.axe), "")
        self.assertEqual(self.browser.messages(), [], "the console is silent")

    def test_a_dropped_image_is_classified_and_explained(self):
        with self.serve() as server:
            for width, is_dark in ((390, False), (1280, False), (1280, True)):
                self.open(server, width, is_dark)
                self.wait_for("return document.getElementById('about').textContent.includes('blue, red')")
                lines = self.drop()
                self.assertTrue(lines[0].startswith("red"), lines)
                self.assertEqual(len(lines), 2)
                self.assertIn("dropped.png: red", self.browser.run("return document.getElementById('status').textContent"))
                self.browser.run("document.querySelector('.result button').click()")
                alternative = self.wait_for("""
                    const overlay = document.querySelector(".result figure img");
                    return overlay && overlay.complete && overlay.naturalWidth > 0 && overlay.alt;""")
                self.assertIn("red", alternative)
                self.check(f"serve-{width}{'-dark' if is_dark else ''}")

    def test_images_are_pasted_and_chosen_by_the_keyboard(self):
        with self.serve() as server:
            self.open(server)
            self.wait_for("return document.getElementById('about').textContent.includes('blue, red')")
            self.assertTrue(self.drop("pasted.png", "paste")[0].startswith("red"))
            self.browser.driver.find_element("id", "files").send_keys(str(self.image_file))
            self.wait_for("return document.querySelectorAll('.result').length === 2")
            from selenium.webdriver.common.action_chains import ActionChains
            from selenium.webdriver.common.keys import Keys
            order = []
            self.browser.run("document.activeElement.blur()")
            for _ in range(4):
                ActionChains(self.browser.driver).send_keys(Keys.TAB).perform()
                order.append(self.browser.run("return document.activeElement.id || document.activeElement.textContent"))
            self.assertEqual(order, ["files", "photo", "camera", "Show what it looks at"])
            self.check("serve-keyboard")

    def test_what_goes_wrong_is_said(self):
        with self.serve() as server:
            self.open(server)
            self.wait_for("return document.getElementById('about').textContent.includes('blue, red')")
            self.browser.run("classify([new File(['text'], 'notes.txt')])")
            self.wait_for("return document.getElementById('status').textContent.includes('notes.txt')")
        self.browser.run("classify([new File(['text'], 'notes.txt')])")
        self.wait_for("return document.getElementById('status').textContent.includes('does not answer')")
        self.browser.messages()  # the browser itself tells of both

    def test_the_token_is_asked_for(self):
        token = self.folder / "token"
        token.write_text("0123456789abcdef\n")
        token.chmod(0o600)
        with self.serve("--token-file", "token") as server:
            self.open(server)
            self.assertFalse(self.browser.run("return document.getElementById('token-form').hidden"))
            self.browser.driver.find_element("id", "token").send_keys("0123456789abcdef\n")
            self.wait_for("return document.getElementById('about').textContent.includes('blue, red')")
            self.assertTrue(self.drop()[0].startswith("red"))
            self.check("serve-token")

    def test_several_models_are_chosen(self):
        with self.serve("--model", f"second={self.model}", model=f"first={self.model}") as server:
            self.open(server)
            self.wait_for("return !document.getElementById('model-choice').hidden")
            self.browser.run("document.getElementById('model').value = 'second'; "
                             "document.getElementById('model').dispatchEvent(new Event('change'))")
            self.assertIn("second", self.browser.run("return document.getElementById('about').textContent"))
            self.drop()
            self.assertIn(b'transfer_requests_total{route="/predict",status="200"} 1\n', server.ask("GET", "/metrics")[2])


if __name__ == "__main__":
    unittest.main()
