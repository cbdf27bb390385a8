"""The documentation's pages as tests see them: their fenced blocks, markers, headings and links."""

import re
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")),
         *(ROOT / name for name in ("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"))]

# Why a block may stay untried: `<!-- not run: REASON -->` on the line before it.
REASONS = ("needs a GPU", "needs a cluster", "needs the network")

# Languages that are run, or written to a file for the blocks behind them.
RUN = ("sh", "python", "yaml")
# Languages that are shown and not run.
SHOWN = ("text", "json", "cpp")

BLOCK = re.compile(r"(?:^<!-- not run: (?P<reason>.*?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$",
                   re.DOTALL | re.MULTILINE)


class Block(NamedTuple):
    language: str
    text: str
    line: int
    reason: Optional[str]  # why it is not run

    @property
    def file_name(self) -> Optional[str]:
        """The file that a YAML block is to be written to: its first line, `# study.yaml`."""
        name = re.match(r"# (\S+\.yaml)\n", self.text)
        return name.group(1) if name else None


def blocks(page: Path) -> List[Block]:
    text = page.read_text()
    return [Block(found["language"], found["text"], text.count("\n", 0, found.start("language")) + 1, found["reason"])
            for found in BLOCK.finditer(text)]


def problems(page: Path) -> List[str]:
    """What is wrong with a page's blocks: markers, languages, fences."""
    found = []
    for block in blocks(page):
        where = f"{page.name}:{block.line}"
        if block.reason is not None and block.reason not in REASONS:
            found.append(f"{where}: not run for an unknown reason, '{block.reason}'; expected one of {REASONS}")
        if block.language not in RUN + SHOWN:
            found.append(f"{where}: a block in the unknown language '{block.language}'")
        if block.language == "yaml" and not block.file_name:
            found.append(f"{where}: YAML whose first line names no file, so no test reads it")
    text = page.read_text()
    if len(re.findall(r"^```", text, re.MULTILINE)) != 2 * len(blocks(page)):
        found.append(f"{page.name}: fences that do not pair")
    if text.count("<!-- not run") != sum(block.reason is not None for block in blocks(page)):
        found.append(f"{page.name}: a marker that stands before no block")
    return found


def without_blocks(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> List[str]:
    """The names under which GitHub links the page's headings."""
    names: Dict[str, int] = {}
    listed = []
    for heading in re.findall(r"^#+ (.*)$", without_blocks(page.read_text()), re.MULTILINE):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        name = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        listed.append(name if name not in names else f"{name}-{names[name]}")
        names[name] = names.get(name, 0) + 1
    return listed


def links(page: Path) -> List[str]:
    """Targets of the page's links to files and headings of the project."""
    text = re.sub(r"`[^`]*`", "", without_blocks(page.read_text()))
    return [target for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target]
