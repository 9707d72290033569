"""Where every key of a TOML text stands. `tomllib` gives values without lines; this gives the lines."""

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

Path = tuple[str | int, ...]

_PARSER = Parser(Language(tree_sitter_toml.language()))


def lines_of(text: str) -> dict[Path, int]:
    """Return the line, counted from 1, of every key, table and array item of a valid TOML text.

    Source: the grammar of tree-sitter-toml. A path is `("category", "fit", "bands", 0, "points")`.
    """
    lines: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    root = _PARSER.parse(text.encode()).root_node
    _pairs(root, (), lines)
    for node in root.children:
        if node.type not in ("table", "table_array_element"):
            continue
        path = _key(next(child for child in node.children if child.type.endswith("_key")))
        path = _inside_arrays(path, counts)
        if node.type == "table_array_element":
            counts[path] = counts.get(path, -1) + 1
            path = (*path, counts[path])
        _mark(path, node, lines)
        _pairs(node, path, lines)
    return lines


def _inside_arrays(path: Path, counts: dict[Path, int]) -> Path:
    """Put the number of the current item behind every array of tables that leads to the path."""
    real: Path = ()
    for depth, part in enumerate(path):
        real = (*real, part)
        if real in counts and depth < len(path) - 1:
            real = (*real, counts[real])
    return real


def _pairs(node: Node, path: Path, lines: dict[Path, int]) -> None:
    for pair in node.children:
        if pair.type == "pair":
            key, value = pair.children[0], pair.children[-1]
            inner = (*path, *_key(key))
            _mark(inner, pair, lines)
            _value(value, inner, lines)


def _value(node: Node, path: Path, lines: dict[Path, int]) -> None:
    if node.type == "inline_table":
        _pairs(node, path, lines)
    elif node.type == "array":
        items = [child for child in node.children if child.is_named and child.type != "comment"]
        for number, item in enumerate(items):
            _mark((*path, number), item, lines)
            _value(item, (*path, number), lines)


def _mark(path: Path, node: Node, lines: dict[Path, int]) -> None:
    """Note the line of a path, and of the tables that lead to it where they have none of their own."""
    for length in range(1, len(path)):
        lines.setdefault(path[:length], node.start_point[0] + 1)
    lines[path] = node.start_point[0] + 1


def _key(node: Node) -> Path:
    if node.type == "dotted_key":
        return tuple(part for child in node.children if child.is_named for part in _key(child))
    text = (node.text or b"").decode()
    return (text.strip("\"'"),)
