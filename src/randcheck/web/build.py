"""Write `verify.html`: the page, with the verifier's module inside.

    python src/randcheck/web/build.py

A page that is opened from a disk may not load a module from a file beside it, so the text of
`verify.mjs` takes the place of one line of `page.html`.
"""

from pathlib import Path

HERE = Path(__file__).resolve().parent
PLACE = "//@ verify.mjs\n"


def build() -> str:
    """Return the page's text.

    Raises `ValueError` if the page has not exactly one place for the module, or if the module's
    text would end the script that it stands in.
    """
    page = (HERE / "page.html").read_text(encoding="utf-8")
    module = (HERE / "verify.mjs").read_text(encoding="utf-8")
    if page.count(PLACE) != 1:
        raise ValueError(f"page.html has {page.count(PLACE)} lines {PLACE!r}, not one")
    if "</script" in module.lower() or "<!--" in module:
        raise ValueError("verify.mjs holds a text that ends or hides a script: </script or <!--")
    return page.replace(PLACE, module)


if __name__ == "__main__":
    (HERE / "verify.html").write_text(build(), encoding="utf-8")
