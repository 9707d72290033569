"""The manifest of a run as a frozen value: from run.json and back, older files, and what damaged ones get."""

import json
from pathlib import Path
from typing import Any

import pytest

from icp_engine import InputError
from icp_engine.extract.ids import Suspicion
from icp_engine.extract.profile import FieldCoverage, LostPoints
from icp_engine.warehouse.manifest import (
    InputFile,
    Manifest,
    NetworkCounts,
    OtherScorecard,
    OutputFile,
    RowCounts,
    ScorecardRecord,
    manifest_content,
    read_manifest,
    under,
    write_manifest,
)

CARD = ScorecardRecord(id="own", version="1.0.0", hash="ab", title="Ours", prefix="own", content={"tier": {"1": {}}})
FULL = Manifest(
    run_id="20261126T080000000000Z-abcdef",
    started_at="2026-11-26T08:00:00+00:00",
    engine={"python": "3.11.4"},
    scorecard=CARD,
    options={"scorecard": "own", "network": {"mean": "median"}, "temp_dir": None},
    inputs=(InputFile("é.csv", 3, 99),),
    rows=RowCounts(3, 2, 1, {"blank clinic_id": 1}),
    suspicions=(Suspicion("totals row", 1, ("é.csv, row 3",)),),
    replaced_columns=("icp_tier",),
    fields={"npi_count": FieldCoverage("providers", 1, 1, 1, 0, ("x",), read=True)},
    carried_columns=("note",),
    renamed_columns={"Note": "note"},
    reachable=92.0,
    out_of_reach=(LostPoints("pain.denials", ("denial_pressure",), 8.0),),
    tiers={1: 1, 4: 1},
    segments={"A": 2},
    indexed=True,
    networks=NetworkCounts(1, 2),
    no_charts="Charts need more packages.",
    seconds={"read": 0.1},
    elapsed_seconds=0.5,
    outputs=(OutputFile("run.json", None, 7), OutputFile("icp_scores.parquet", 2, 9)),
    other_scorecards=(
        OtherScorecard(
            scorecard=ScorecardRecord(id="other", version="2", hash="cd", title="Theirs", prefix="oth", content={}),
            reads=("site_count",),
            reachable=9.5,
            tiers={2: 2},
        ),
    ),
)
OLDEST = ("run_id", "started_at", "engine", "scorecard", "options", "inputs", "rows")  # keys of the first version


def test_a_manifest_comes_back_as_it_was(tmp_path: Path) -> None:
    write_manifest(FULL, tmp_path)
    assert read_manifest(tmp_path) == FULL


def test_what_the_file_says(tmp_path: Path) -> None:
    write_manifest(FULL, tmp_path)
    content = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert list(content) == list(Manifest.__struct_fields__)
    assert content == manifest_content(FULL)
    assert content["rows"] == {"in": 3, "scored": 2, "rejected": 1, "reasons": {"blank clinic_id": 1}}
    assert content["tiers"] == {"1": 1, "4": 1}
    assert list(content["scorecard"]) == ["id", "version", "hash", "title", "prefix", "content"]
    assert content["fields"]["npi_count"]["examples"] == ["x"]
    assert content["outputs"][0] == {"file": "run.json", "rows": None, "bytes": 7}


def test_a_run_without_networks_says_nothing_of_them() -> None:
    without = Manifest(**{name: getattr(FULL, name) for name in OLDEST})
    assert not {"indexed", "networks", "no_networks"} & manifest_content(without).keys()
    assert manifest_content(without)["no_charts"] is None


def test_a_run_with_one_scorecard_says_nothing_of_others() -> None:
    assert "other_scorecards" not in manifest_content(Manifest(**{name: getattr(FULL, name) for name in OLDEST}))


def test_a_manifest_under_another_scorecard() -> None:
    found = under(FULL, FULL.other_scorecards[0])
    assert (found.scorecard.id, found.reachable, found.tiers, found.segments) == ("other", 9.5, {2: 2}, {})
    assert not found.fields["npi_count"].read
    assert (found.rows, found.networks, found.outputs) == (FULL.rows, FULL.networks, FULL.outputs)


def test_the_manifest_of_an_older_run_is_read(tmp_path: Path) -> None:
    content = manifest_content(FULL)
    older = {name: content[name] for name in OLDEST} | {"gone": {"since": 1}}
    (tmp_path / "run.json").write_text(json.dumps(older), encoding="utf-8")
    found = read_manifest(tmp_path)
    assert (found.rows, found.tiers, found.networks, found.outputs) == (FULL.rows, {}, None, ())


def without(content: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in content.items() if key != name}


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (lambda _: "", "truncated"),
        (lambda text: text[: len(text) // 2], "truncated|malformed"),
        (lambda _: "\x00\x01", "malformed"),
        (lambda _: "[]", "Expected `object`, got `array`"),
        (lambda _: '{"name": "a package"}', "missing required field `run_id`"),
        (lambda text: json.dumps(without(json.loads(text), "rows")), "missing required field `rows`"),
        (lambda text: text.replace('"in": 3', '"in": "many"'), r"Expected `int`, got `str` - at `\$\.rows\.in`"),
    ],
)
def test_a_damaged_or_foreign_manifest_gets_one_sentence(damage: Any, what: str, tmp_path: Path) -> None:
    write_manifest(FULL, tmp_path)
    path = tmp_path / "run.json"
    path.write_text(damage(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(InputError, match=rf"run\.json is damaged, or no manifest of a run \(.*({what})") as error:
        read_manifest(tmp_path)
    assert str(error.value).endswith("; run again.")
    assert "\n" not in str(error.value)


def test_a_manifest_is_frozen() -> None:
    with pytest.raises(AttributeError, match="immutable"):
        FULL.run_id = "other"  # type: ignore[misc]
