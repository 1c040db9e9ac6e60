r"""Files in and out: CSV registries, TOML tasks, and the workbooks that offices fill in.

>>> from pathlib import Path
>>> from tempfile import TemporaryDirectory
>>> from randcheck.io import read_csv
>>> from randcheck.registry import SubjectRegistry
>>> with TemporaryDirectory() as folder:
...     path = Path(folder, "subjects.csv")
...     _ = path.write_text("id,name,region,tags\nfirm-1,Made-up firm,990102,food;retail\n")
...     read_csv(path, SubjectRegistry)["firm-1"].tags
('food', 'retail')
"""

from randcheck.io.archive import Limits
from randcheck.io.csv import read_csv, write_csv, write_visits
from randcheck.io.findings import Finding
from randcheck.io.guard import guard, unguard
from randcheck.io.importing import ImportAnswer, import_file, read_table
from randcheck.io.sheets import SHEETS
from randcheck.io.tasks import read_task
from randcheck.io.templates import write_template

__all__ = [
    "SHEETS",
    "Finding",
    "ImportAnswer",
    "Limits",
    "guard",
    "import_file",
    "read_csv",
    "read_table",
    "read_task",
    "unguard",
    "write_csv",
    "write_template",
    "write_visits",
]
