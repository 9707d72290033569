"""From a name or a path to the merged content of a scorecard and the line of everything in it."""

from pathlib import Path as FilePath
from typing import Any

from icp_engine.errors import InputError, MistakesError, ScorecardError, did_you_mean
from icp_engine.scorecard.toml.files import Source, read_toml
from icp_engine.scorecard.toml.format import WHOLE
from icp_engine.scorecard.toml.lines import Path

_LONGEST = 50  # scorecards that extend scorecards: far beyond any use
SHIPPED = FilePath(__file__).resolve().parents[2] / "scorecards"


def shipped_names() -> list[str]:
    """Return the ids of the scorecards that come with the package, sorted."""
    return sorted(item.name.removesuffix(".toml") for item in SHIPPED.iterdir() if item.name.endswith(".toml"))


def read_source(name: str, folder: FilePath = FilePath(), _seen: tuple[FilePath, ...] = ()) -> Source:
    """Read a scorecard by the name of a shipped one or by path, and merge it into what it extends.

    Args:
        name: `icp`, or a path that ends in `.toml`.
        folder: where a relative path starts from.

    Raises:
        InputError: there is no such scorecard.
        ScorecardError: the file is not TOML, or `extends` leads nowhere or back to itself.
    """
    path = _path_of(name, folder)
    label = str(path) if name.endswith(".toml") else f"icp_engine/scorecards/{path.name}"
    try:
        own = read_toml(path, label, "Scorecard")
    except MistakesError as error:
        raise ScorecardError(error.problems) from error
    if "extends" not in own.content:
        return own
    base_name = own.content["extends"]
    if not isinstance(base_name, str):
        raise ScorecardError([own.problem(("extends",), "expected the name or the path of a scorecard")])
    seen = (*_seen, path.resolve())
    if len(seen) > _LONGEST:
        raise ScorecardError([own.problem(("extends",), f"it leads on for more than {_LONGEST} scorecards")])
    try:
        if _path_of(base_name, path.parent).resolve() in seen:
            raise InputError("a scorecard cannot extend itself")
        base = read_source(base_name, path.parent, seen)
    except InputError as error:
        raise ScorecardError([own.problem(("extends",), str(error))]) from error
    return _merged(base, own)


def _path_of(name: str, folder: FilePath) -> FilePath:
    if name.endswith(".toml"):
        return folder / name
    if name not in shipped_names():
        known = ", ".join(shipped_names())
        raise InputError(
            f"There is no scorecard '{name}'{did_you_mean(name, shipped_names())}; "
            f"shipped are {known}, and a file of your own must end in .toml."
        )
    return SHIPPED / f"{name}.toml"


def _merged(base: Source, own: Source) -> Source:
    """Lay a variant over its base: tables merge by name, lists and the small tables of `WHOLE` are replaced whole.

    A table that says `drop = true` and nothing else takes that of the base away.
    """
    places = dict(base.places)
    content = _overlay(base.content, own.content, (), places)
    content.pop("extends", None)
    content["extends"] = own.content["extends"]
    content.pop("example", None)  # worked examples hold for the file they stand in
    for path in [path for path in places if path[0] == "example"]:
        del places[path]
    if "example" in own.content:
        content["example"] = own.content["example"]
    return Source(own.name, content, {**places, **own.places})


def _overlay(
    base: dict[str, Any], own: dict[str, Any], path: Path, places: dict[Path, tuple[str, int]]
) -> dict[str, Any]:
    out = dict(base)
    for key, value in own.items():
        before = base.get(key)
        if value == {"drop": True} and before is not None:
            del out[key]
            continue
        if isinstance(before, dict) and isinstance(value, dict) and key not in WHOLE:
            out[key] = _overlay(before, value, (*path, key), places)
            continue
        out[key] = value
        here = (*path, key)
        for old in [place for place in places if place[: len(here)] == here]:
            del places[old]
    return out
