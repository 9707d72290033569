"""What goes from room to room is a value with names: no public function takes or returns a bag of anything."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1] / "icp_engine"
BAG = re.compile(r"\b(?:dict|Mapping)\[(?:str|Any), (?:Any|object)\]")
# What may hold anything, and why. A name that ends in `_content` is where JSON is emitted.
ALLOWED = {
    "cli/defaults.py": "values of options on their way to click, which reads them by their types",
    "database.py": "values of SQL parameters",
    "published/filters.py": "values of SQL parameters",
    "scorecard/": "the content of a TOML file, as it is read and kept in the manifest",
    "warehouse/manifest.py": "the content of a scorecard, and options, which come and go with the versions",
    "scoring/": "entries of a bibliography on their way to JSON text; readers get `scoring.explanation.Entry`",
    "report/document.py": "the numbers of an answer on their way to JSON, each report its own",
    "api/": "answers on their way to JSON",
}


def annotations(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """Line, name and annotation of everything public that a module has: functions, methods, fields of classes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            parts = [*node.args.args, *node.args.kwonlyargs, *node.args.posonlyargs]
            for annotation in (node.returns, *(part.annotation for part in parts)):
                if annotation is not None:
                    yield node.lineno, node.name, ast.unparse(annotation)
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for field in node.body:
                if isinstance(field, ast.AnnAssign):
                    yield field.lineno, ast.unparse(field.target), ast.unparse(field.annotation)


def test_no_bag_of_anything_goes_from_room_to_room() -> None:
    found, used = [], set()
    for path in sorted(ROOT.rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        for line, what, annotation in annotations(ast.parse(path.read_text(encoding="utf-8"))):
            if not BAG.search(annotation) or what.endswith("_content"):
                continue
            reason = next((entry for entry in ALLOWED if name.startswith(entry)), None)
            if reason is None:
                found.append(f"{name}:{line}: {what} is {annotation}")
            used.add(reason)
    assert not found, "\n".join(found)
    assert used >= ALLOWED.keys(), f"no longer needed: {ALLOWED.keys() - used}"


def test_planted_bags_are_found() -> None:
    fields = "class A:\n    a: dict[str, Any]\n    b: int\n"
    functions = "def f(x: Mapping[str, object]) -> list[dict[str, Any]]: ...\ndef _g(x: dict[str, Any]): ...\n"
    assert [name for _, name, kind in annotations(ast.parse(fields + functions)) if BAG.search(kind)] == ["a", "f", "f"]
