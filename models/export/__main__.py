"""`python -m models.export` does the same as `python models/export/export.py`."""

import sys

from models.export.export import main

sys.exit(main())
