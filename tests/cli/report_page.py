"""Reads the data of a page that the binary wrote."""

import json
import re


def page_data(path):
    """The JSON that the page's scripts read."""
    page = path.read_text(encoding="utf-8")
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL).group(1))
