"""Imports run one way. The tables say which; the tests read what every module under icp_engine imports."""

import ast
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1] / "icp_engine"

# A module may import from its own row and the rows above it; no modules may import each other in a circle.
# "name" is that module alone, "name.*" that package with all that it holds, "__init__" icp_engine itself.
LAYERS = [
    ["errors", "text", "columns", "display", "distribution", "locks", "named_files"],
    ["database"],
    [
        "scorecard.spoken",
        "scorecard.rounding",
        "scorecard.model",
        "scorecard.outcomes",
        "scorecard.completions",
        "scorecard.ranking",
        "scorecard.reach",
        "scorecard.words",
        "scorecard.several",
    ],
    ["scorecard.toml.*"],
    ["scorecard.loader", "scorecard"],
    ["extract.*"],
    ["scoring.*"],
    ["networks.*"],
    ["tables.*"],
    ["statements.*"],
    ["warehouse.*"],
    ["published.*"],
    ["charts.*"],
    ["report.*"],
    ["workbench.*"],
    ["pipeline.*"],
    ["crm.*"],
    ["distributed.*"],
    ["partnerships.*"],
    ["__init__"],
    ["api.*"],
    ["web.*"],
    ["cli.*", "__main__"],
]


def from_row(entry: str) -> set[str]:
    """The entries of the row that holds the given one, and of all below."""
    first = next(number for number, row in enumerate(LAYERS) if entry in row)
    return {name for row in LAYERS[first:] for name in row}


# Where each package from outside the standard library may be imported, and tomllib with them.
THIRD_PARTY = {
    "click": {"cli.*"},
    "deltalake": {"extract.*"},
    "duckdb": {"database"},
    "choreographer": {"charts.*"},
    "filelock": {"locks"},
    "jinja2": {"report.*", "web.*"},
    "kaleido": {"charts.*"},
    "markupsafe": {"report.*"},
    "msgspec": from_row("scoring.*"),
    "narwhals": {"scoring.*"},
    "plotly": {"charts.*", "report.*"},
    "polars": {"columns", "database"} | from_row("extract.*"),
    "pyspark": {"distributed.*"},
    "pyarrow": {"database"} | from_row("extract.*"),
    "sqlglot": {"statements.*"},
    "xlsxwriter": {"tables.*"},
    "tomllib": {"scorecard.toml.*"},
    "tree_sitter": {"scorecard.toml.*"},
    "tree_sitter_toml": {"scorecard.toml.*"},
    "fastapi": {"api.*"},
    "fastapi_offline": {"api.*"},
    "pydantic": {"api.*"},
    "starlette": {"api.*", "web.*"},
    "uvicorn": {"api.*"},
}


def modules_of(root: Path) -> dict[str, Path]:
    """Every module below a package's folder, by its name within the package."""
    modules = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        if parts[-1] == "__init__" and len(parts) > 1:
            parts = parts[:-1]
        modules[".".join(parts)] = path
    return modules


def entry_of(module: str) -> str | None:
    """The entry of LAYERS that a module falls under."""
    entries = {entry for row in LAYERS for entry in row}
    if module in entries:
        return module
    parts = module.split(".")
    packages = (".".join(parts[:length]) + ".*" for length in range(len(parts), 0, -1))
    return next((package for package in packages if package in entries), None)


def imports_of(name: str, path: Path, package: str) -> Iterator[tuple[int, str, list[str]]]:
    """Line, absolute dotted name and names taken from it, of every import, wherever it stands in the file."""
    inside = [package, *name.split(".")] if name != "__init__" else [package]
    if path.name != "__init__.py":
        inside = inside[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, []
        elif isinstance(node, ast.ImportFrom):
            base = inside[: len(inside) - node.level + 1] if node.level else []
            source = ".".join([*base, node.module] if node.module else base)
            yield node.lineno, source, [alias.name for alias in node.names]


def targets_of(source: str, names: list[str], modules: dict[str, Path]) -> set[str]:
    """The modules of the package that one import reads; source is a dotted name without the package's own."""
    dotted = {f"{source}.{name}".removeprefix(".") for name in names}
    submodules = dotted & modules.keys()
    if names and submodules == dotted:
        return submodules
    return submodules | {source or "__init__"}


def wrong_third_party(top: str, entry: str) -> str | None:
    """What is wrong with importing a package from outside icp_engine, or nothing."""
    if top not in THIRD_PARTY:
        return None if top in sys.stdlib_module_names else f"{top} has no row in THIRD_PARTY in tests/test_layers.py."
    if entry not in THIRD_PARTY[top]:
        return f"{top} is for {', '.join(sorted(THIRD_PARTY[top]))} alone."
    return None


def circles(graph: dict[str, set[str]]) -> list[str]:
    """One sentence for the first circle of imports, where there is one."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [f"These modules import each other in a circle: {' <- '.join(error.args[1])}."]
    return []


def violations(root: Path) -> list[str]:
    """One sentence for everything under a package's folder that breaks the tables."""
    modules = modules_of(root)
    rows = {entry: number for number, row in enumerate(LAYERS) for entry in row}
    found = []
    graph: dict[str, set[str]] = {name: set() for name in modules}
    for name, path in modules.items():
        entry = entry_of(name)
        if entry is None:
            found.append(f"{name} has no row in LAYERS in tests/test_layers.py.")
            continue
        for line, source, names in imports_of(name, path, root.name):
            where = f"{path.relative_to(root.parent)}:{line}"
            top, _, rest = source.partition(".")
            if top != root.name:
                wrong = wrong_third_party(top, entry)
                found += [f"{where}: {wrong}"] if wrong else []
                continue
            for target in sorted(targets_of(rest, names, modules) - {name}):
                graph[name].add(target)
                if rows.get(entry_of(target) or "", 0) > rows[entry]:
                    found.append(f"{where}: {name} imports {target} from a row below it.")
    return found + circles(graph)


def test_imports_run_one_way() -> None:
    assert modules_of(ROOT)
    found = violations(ROOT)
    assert not found, "\n".join(found)


def test_each_file_of_tests_runs_alone() -> None:
    """What files of several folders share stands at the top of tests/: only that is found when a file runs alone."""
    top = Path(__file__).parent
    folders = {path.stem: path.parent for path in top.rglob("*.py")}
    far = [
        f"{path.relative_to(top)}: {node.module}"
        for path in top.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and folders.get(node.module or "", top) not in {top, path.parent}
    ]
    assert far == []


@pytest.mark.parametrize(
    ("files", "sentences"),
    [
        pytest.param(
            {
                "errors.py": "import dataclasses",
                "pipeline/run.py": "from icp_engine.errors import X\nimport polars as pl",
            },
            [],
            id="nothing wrong",
        ),
        pytest.param(
            {"errors.py": "", "scorecard/model.py": "from icp_engine import errors\nfrom . import load"},
            ["icp_engine/scorecard/model.py:2: scorecard.model imports scorecard from a row below it."],
            id="a submodule is not its package",
        ),
        pytest.param(
            {"networks/names.py": "", "database.py": "from icp_engine.networks.names import group"},
            ["icp_engine/database.py:1: database imports networks.names from a row below it."],
            id="backwards",
        ),
        pytest.param(
            {"networks/names.py": "", "database.py": "def f():\n    from .networks import names"},
            ["icp_engine/database.py:2: database imports networks.names from a row below it."],
            id="backwards, relative, inside a function",
        ),
        pytest.param(
            {"cli/__init__.py": "", "api/routes.py": "import icp_engine.cli"},
            ["icp_engine/api/routes.py:1: api.routes imports cli from a row below it."],
            id="backwards between packages",
        ),
        pytest.param(
            {"__init__.py": "", "pipeline/run.py": "from icp_engine import __version__"},
            ["icp_engine/pipeline/run.py:1: pipeline.run imports __init__ from a row below it."],
            id="the public names from inside",
        ),
        pytest.param(
            {"cli/a.py": "from .b import x", "cli/b.py": "from . import a"},
            ["These modules import each other in a circle: cli.a <- cli.b <- cli.a."],
            id="a circle within a row",
        ),
        pytest.param(
            {"scorecard/utils.py": ""},
            ["scorecard.utils has no row in LAYERS in tests/test_layers.py."],
            id="a module without a row",
        ),
        pytest.param(
            {"scorecard/model.py": "import duckdb.typing"},
            ["icp_engine/scorecard/model.py:1: duckdb is for database alone."],
            id="a third party out of place",
        ),
        pytest.param(
            {"pipeline/run.py": "from pandas import DataFrame"},
            ["icp_engine/pipeline/run.py:1: pandas has no row in THIRD_PARTY in tests/test_layers.py."],
            id="a third party without a place",
        ),
    ],
)
def test_planted_violations_are_found(tmp_path: Path, files: dict[str, str], sentences: list[str]) -> None:
    root = tmp_path / "icp_engine"
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert violations(root) == sentences
