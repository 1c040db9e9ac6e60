r"""Files in and out: CSV registries and TOML tasks.

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

from randcheck.io.csv import read_csv, write_csv, write_visits
from randcheck.io.tasks import read_task

__all__ = ["read_csv", "read_task", "write_csv", "write_visits"]
