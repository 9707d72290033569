"""A hundred bad inputs at random per format end in a right result or in one sentence; no id changes in silence."""

import re
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from faults import Faulty, faulty

from icp_engine.cli import _explained, cli
from icp_engine.errors import IcpError, InputError
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.pipeline.workspace import translate_errors

_BATCH, _BATCHES = 10, 10
_OF_A_LIBRARY = re.compile(r"Traceback|polars\.|pyarrow|\.rs:|unwrap|DUCKDB")


def outcome(extract: Faulty, folder: Path) -> str:
    """What comes of a faulty extract: `right`, `refused`, or what is wrong about it."""
    try:
        run(extract.paths, folder / "out", RunOptions(format="parquet", charts=False, networks=False))
    except IcpError as error:
        said = str(error)
        clear = error.exit_code == 1 and "\n" not in said and not _OF_A_LIBRARY.search(said) and len(said.split()) > 5
        return "refused" if clear else f"unclear: {said}"
    except BaseException as error:  # a panic is no Exception
        return f"crashed: {error!r}"
    published = pl.read_parquet(folder / "out" / "icp_scores.parquet")["clinic_id"].sort().to_list()
    if extract.ids is None:
        return "right" if Path(extract.paths[0]).suffix == ".parquet" else "read what is no text"
    return "right" if published == sorted(extract.ids) else f"ids: {set(published) ^ set(extract.ids)}"


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("batch", range(_BATCHES))
def test_every_bad_input_ends_in_a_right_result_or_in_one_sentence(form: str, batch: int, tmp_path: Path) -> None:
    found = {}
    for seed in range(batch * _BATCH, (batch + 1) * _BATCH):
        folder = tmp_path / str(seed)
        folder.mkdir()
        extract = faulty(form, seed, folder)
        found[seed, extract.kind] = outcome(extract, folder)
    assert {case: result for case, result in found.items() if result not in ("right", "refused")} == {}


def test_the_inputs_are_of_every_kind_and_the_same_every_time(tmp_path: Path) -> None:
    for form in ("csv", "parquet"):
        kinds = set()
        for seed in range(_BATCH * _BATCHES):
            extract = faulty(form, seed, tmp_path)
            kinds.add(extract.kind)
        assert kinds == {"bytes", "names", "types", "values", "ids", "parts"}
    first = Path(faulty("csv", 3, tmp_path).paths[0]).read_bytes()
    assert Path(faulty("csv", 3, tmp_path).paths[0]).read_bytes() == first


def test_a_panic_of_polars_is_told_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    panic = pl.exceptions.PanicException("called `Option::unwrap()` on a `None` value")
    with pytest.raises(InputError) as error, translate_errors(["a.parquet"], tmp_path):
        raise panic
    assert str(error.value) == "a.parquet cannot be scored (Polars gave up on what is in it); is a file damaged?"
    assert _explained(panic) == (
        "Error: the input cannot be read (Polars gave up on what is in it); is a file damaged?",
        1,
    )
    pl.DataFrame({"clinic_id": ["a"]}).write_parquet(tmp_path / "a.parquet")

    def scan(*_: object, **__: object) -> pl.LazyFrame:
        raise panic

    monkeypatch.setattr(pl, "scan_parquet", scan)
    for command in (["validate"], ["run", "--out", str(tmp_path / "out")]):
        done = CliRunner().invoke(cli, [*command, str(tmp_path / "a.parquet")])
        assert done.exit_code == 1
        assert "is not a whole Parquet file (Polars gave up on what is in it)" in str(done.exception)
