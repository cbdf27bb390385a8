"""The documentation's form: blocks that tests understand, links that resolve, a README that can be skimmed."""

import re
import tempfile
import unittest
from pathlib import Path

from tests.docs.pages import PAGES, ROOT, anchors, blocks, links, problems

LONGEST_README = 150  # lines


class Pages(unittest.TestCase):
    def test_every_block_is_run_or_says_why_not(self):
        for page in PAGES:
            self.assertEqual(problems(page), [], page.name)

    def test_a_marker_with_another_reason_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            page = Path(folder) / "page.md"
            page.write_text("<!-- not run: too slow -->\n```sh\ntrue\n```\n\n```\nfalse\n```\n")
            found = problems(page)
        self.assertEqual(len(found), 2, found)
        self.assertIn("too slow", found[0])

    def test_links_resolve(self):
        for page in PAGES:
            for target in links(page):
                file, _, anchor = target.partition("#")
                linked = (page.parent / file).resolve() if file else page
                self.assertTrue(linked.exists(), f"{page.name}: {target}")
                if anchor:
                    self.assertIn(anchor, anchors(linked), f"{page.name}: {target}")

    def test_files_that_the_architecture_page_names_exist(self):
        text = (ROOT / "docs" / "architecture.md").read_text()
        named = re.findall(r"`((?:[\w.]+/)+[\w.]*)`", text)
        files = [name for name in named if not re.search(r"[A-Z]{4,}", name) and name != "torch/script.h"]
        self.assertGreater(len(files), 40)
        self.assertEqual([name for name in files if not (ROOT / name).exists()], [])
        beside = {path.name for path in ROOT.glob("app/**/*.cpp")}
        for name in re.findall(r"`(\w+\.cpp)`", text):
            self.assertIn(name, beside)

    def test_every_page_is_in_the_index(self):
        index = links(ROOT / "docs" / "README.md")
        for page in sorted((ROOT / "docs").glob("*.md")):
            if page.name != "README.md":
                self.assertIn(page.name, index)

    def test_the_readme_can_be_skimmed(self):
        lines = (ROOT / "README.md").read_text().splitlines()
        self.assertLessEqual(len(lines), LONGEST_README)
        for heading in ("## The four cases", "## Commands", "## Use from Python", "## Limits"):
            self.assertIn(heading, lines)

    def test_the_pages_name_no_path_of_a_developers_machine(self):
        for page in PAGES:
            self.assertIsNone(re.search(r"(?<![\w.])/(work|home|tmp)/", page.read_text()), page.name)

    def test_every_page_shows_something_to_run_or_is_known_to_have_none(self):
        without = {page.name for page in PAGES if not any(block.language == "sh" for block in blocks(page))}
        self.assertLessEqual(without, {"README.md", "benchmarks.md", "outputs.md", "configuration.md", "CHANGELOG.md",
                                       "SECURITY.md", "architecture.md"})


if __name__ == "__main__":
    unittest.main()
