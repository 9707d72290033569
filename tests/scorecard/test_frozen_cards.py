"""A shipped scorecard changes only together with its version."""

from collections.abc import Iterator
from typing import Any

import pytest
from frozen import frozen_card

from icp_engine.scorecard.toml.files import Source
from icp_engine.scorecard.toml.source import read_source, shipped_names


def rules(source: Source) -> dict[str, Any]:
    """What scores: everything but the worked examples and the name of what is extended."""
    return {key: value for key, value in source.content.items() if key not in {"example", "extends"}}


def differences(found: Any, kept: Any, path: str = "") -> Iterator[str]:
    """The places where two scorecards differ."""
    if not (isinstance(found, dict) and isinstance(kept, dict)):
        yield from [path] * (found != kept)
        return
    for name in dict.fromkeys([*found, *kept]):
        yield from differences(found.get(name), kept.get(name), f"{path}.{name}".lstrip("."))


@pytest.mark.parametrize("name", shipped_names())
def test_a_scorecard_changes_only_with_its_version(name: str) -> None:
    shipped = read_source(name)
    version = shipped.content["version"]
    file = frozen_card(name, version)
    assert file.exists(), f"{name} {version} is new: run python scripts/make_docs.py, which keeps a copy of it."
    kept = read_source(str(file))
    changed = ", ".join(differences(rules(shipped), rules(kept))) or "the order of categories or characteristics"
    assert Source("", rules(shipped)).hash == Source("", rules(kept)).hash, (
        f"{name} {version} is not what it was ({changed}). Raise its version in icp_engine/scorecards/{name}.toml and "
        "run python scripts/make_docs.py. A variant that is to stay as it was states what it no longer inherits; "
        f"a version that nobody has used yet may be kept anew: remove tests/cards/{file.name} first."
    )
