"""Whether a Java system can read and write all documents by classes made from docs/schemas.

    .venv/bin/python .ci/java.py

Classes are made by quicktype and compiled with Jackson; every document of `tests/documents.py` is
read into its class and written again, and nothing may be lost or changed. It needs npm, a JDK and
Debian's libjackson2-databind-java, and says so where one is missing.
"""

# ruff: noqa: S603, T201 (a script starts the programs that it names, and prints its result)
import json
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
GENERATOR = "quicktype@26.0.0"
JARS = [
    Path("/usr/share/java", f"jackson-{name}.jar") for name in ("core", "annotations", "databind")
]
sys.path.insert(0, str(ROOT / "tests"))


def main() -> int:
    missing = [name for name in ("npm", "javac", "java") if shutil.which(name) is None]
    missing += [path.name for path in JARS if not path.exists()]
    if missing:
        print(f"skipped: {', '.join(missing)} not found")
        return 0
    from documents import documents
    from randcheck.schemas import schema

    with TemporaryDirectory() as folder:
        classes = _classes(Path(folder))
        given = list(documents())
        titles = {name: schema(name)["title"] for name, _ in given}
        lines = [
            f"{titles[name]}\t{json.dumps(value, ensure_ascii=False)}" for name, value in given
        ]
        told = _run("java", "-cp", classes, "RoundTrip", input="\n".join(lines) + "\n")
    back = [json.loads(line) for line in told.split("\n")[:-1]]
    wrong = [
        (name, value, again)
        for (name, value), again in zip(given, back, strict=True)
        if _said(value) != _said(again)
    ]
    for name, value, again in wrong[:10]:
        print(f"{name}: {value}\n  came back as {again}")
    print(f"{len(given)} documents of {len(titles)} schemas through Java: {len(wrong)} changed")
    return 1 if wrong else 0


def _classes(folder: Path) -> str:
    """Makes the classes of all schemas and compiles them; the class path."""
    _run("npm", "install", "--silent", "--prefix", folder, GENERATOR)
    sources = folder / "made"
    sources.mkdir()
    schemas = [word for path in sorted((ROOT / "docs/schemas").glob("*.json"))
               for word in ("--src", path)]  # fmt: skip
    _run(folder / "node_modules/.bin/quicktype", "-l", "java", "-s", "schema",
         "--package", "made", *schemas, "-o", sources / "Converter.java")  # fmt: skip
    (sources / "Converter.java").unlink()  # one mapper for all of them is in RoundTrip
    path = ":".join(map(str, JARS))
    files = [*sources.glob("*.java"), ROOT / "tests/java/RoundTrip.java"]
    _run("javac", "-nowarn", "-cp", path, "-d", folder / "classes", *files)
    return f"{path}:{folder / 'classes'}"


def _said(value: object) -> object:
    """A value without what is null: a class cannot tell null from a key that is not there."""
    if isinstance(value, dict):
        return {key: _said(each) for key, each in value.items() if each is not None}
    return [_said(each) for each in value] if isinstance(value, list) else value


def _run(*command: object, **options: str) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, encoding="utf-8",
                          check=False, **options)  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{command[0]} failed:\n{done.stderr[-3000:]}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
