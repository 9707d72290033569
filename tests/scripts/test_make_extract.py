"""The synthetic extract: the same for the same seed, full where it should be, and with networks in it."""

import importlib.util
from pathlib import Path
from types import ModuleType

import polars as pl
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

ROWS = 60_000
SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "make_extract.py"

SCHEMA = {
    "clinic_id": pl.String,
    "account_name": pl.String,
    "state_code": pl.String,
    "segment_label": pl.String,
    "sector": pl.String,
    "npi_count": pl.Int64,
    "site_count": pl.Int64,
    "services_count": pl.Int64,
    "bene_count": pl.Int64,
    "allowed_amt": pl.Float64,
    "denial_pressure": pl.Float64,
    "coding_complexity": pl.Float64,
    "roi_readiness": pl.Float64,
    "emr_friction": pl.Float64,
    "scale_velocity": pl.Float64,
    "fqhc_flag": pl.Boolean,
    "aco_member": pl.Boolean,
    "pecos_enrolled": pl.Boolean,
    "oig_leie_flag": pl.Boolean,
}

FILLS = {
    "clinic_id": 1.0,
    "account_name": 1.0,
    "segment_label": 1.0,
    "state_code": 0.995,
    "npi_count": 0.99,
    "site_count": 0.95,
    "denial_pressure": 0.80,
    "coding_complexity": 0.75,
    "roi_readiness": 0.70,
    "services_count": 0.60,
    "bene_count": 0.40,
    "allowed_amt": 0.40,
}

LEGAL_SUFFIX = (
    r"(?:[ ,]+(?:inc|incorporated|l\.? ?l\.? ?c|pllc|llp|lp|corp|corporation|ltd|limited"
    r"|p\.? ?a|p\.? ?c|co|company)\.?)+$"
)


def load_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_extract", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


make_extract = load_script()


def made(path: Path, *, rows: int, seed: int = 2025, threads: int | None = None) -> Path:
    make_extract.make_extract(path, rows=rows, seed=seed, threads=threads)
    return path


def normalised(name: pl.Expr) -> pl.Expr:
    """Stand in for the engine's normaliser: enough for the names that the script makes."""
    bare = name.str.to_lowercase().str.replace(LEGAL_SUFFIX, "")
    return bare.str.replace_all(r"[^\p{L}\p{N} ]", "").str.replace_all(" +", " ").str.strip_chars()


@pytest.fixture(scope="module")
def extract(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    return pl.read_parquet(made(tmp_path_factory.mktemp("extract") / "clinics.parquet", rows=ROWS))


def test_columns_and_rows_are_as_asked(extract: pl.DataFrame) -> None:
    assert list(extract.schema.items()) == list(SCHEMA.items())
    assert extract.height == ROWS


@pytest.mark.parametrize("rows", [1, 2, 2048, 2049])
def test_any_number_of_rows_can_be_made(tmp_path: Path, rows: int) -> None:
    assert pq.read_metadata(made(tmp_path / "a.parquet", rows=rows)).num_rows == rows


def test_same_seed_makes_the_same_bytes_on_any_number_of_threads(tmp_path: Path) -> None:
    one = made(tmp_path / "one.parquet", rows=150_000, threads=1)
    many = made(tmp_path / "many.parquet", rows=150_000, threads=4)
    assert one.read_bytes() == many.read_bytes()


def test_other_seed_makes_other_clinics(tmp_path: Path) -> None:
    frames = [pl.read_parquet(made(tmp_path / f"{seed}.parquet", rows=5_000, seed=seed)) for seed in (2025, 2026)]
    same = frames[0].select((pl.col(name) == frames[1][name]).mean() for name in ("account_name", "clinic_id"))
    assert max(same.row(0)) < 0.01


def test_draws_of_a_row_are_independent(extract: pl.DataFrame) -> None:
    unrelated = ("emr_friction", "roi_readiness", "coding_complexity")
    known = extract.select(unrelated).drop_nulls()
    pairs = [(one, other) for one in unrelated for other in unrelated if one < other]
    assert all(abs(known.select(pl.corr(*pair)).item()) < 0.05 for pair in pairs)


def test_clinic_ids_are_unique_and_spell_name_and_state(extract: pl.DataFrame) -> None:
    assert extract["clinic_id"].n_unique() == ROWS
    assert extract["clinic_id"].str.contains(r"^[a-z0-9]+(-[a-z0-9]+)*--[A-Z]{2}-\d+$").all()


@pytest.mark.parametrize(("column", "share"), FILLS.items())
def test_columns_are_as_full_as_the_real_ones(extract: pl.DataFrame, column: str, share: float) -> None:
    assert extract[column].is_not_null().mean() == pytest.approx(share, abs=0.01 if share < 1 else 0)


def test_utilization_is_known_in_full_or_not_at_all(extract: pl.DataFrame) -> None:
    assert (extract["bene_count"].is_null() == extract["allowed_amt"].is_null()).all()


def test_numbers_stay_on_their_scales(extract: pl.DataFrame) -> None:
    tops = {
        "denial_pressure": 10,
        "coding_complexity": 15,
        "roi_readiness": 10,
        "emr_friction": 10,
        "scale_velocity": 10,
    }
    for column, top in tops.items():
        assert extract[column].is_between(0, top).sum() == extract[column].count(), column
        assert (extract[column].round(1) == extract[column]).all(), column
    counts = extract.select("npi_count", "site_count", "services_count", "bene_count").min()
    assert min(counts.row(0)) >= 1


def test_segments_are_as_frequent_as_in_the_real_data(extract: pl.DataFrame) -> None:
    label = pl.col("segment_label")
    behavioral_or_home = label.str.contains("Behavioral Health|Home Health").mean()
    community = (label.str.contains("FQHC|Rural Health") | pl.col("fqhc_flag").fill_null(False)).mean()
    shares = extract.select(behavioral_or_home.alias("a"), community.alias("b")).row(0, named=True)
    assert 0.115 <= shares["a"] <= 0.15
    assert 0.0005 <= shares["b"] <= 0.002


def test_names_group_into_networks_as_often_as_real_ones(extract: pl.DataFrame) -> None:
    shared = extract.group_by(normalised(pl.col("account_name"))).agg(
        clinics=pl.len(), states=pl.col("state_code").drop_nulls().n_unique()
    )
    networks = shared.filter((pl.col("states") >= 2) | (pl.col("clinics") >= 3), pl.col("clinics") >= 2)
    assert 0.03 <= networks["clinics"].sum() / ROWS <= 0.07
    assert 3 <= networks["clinics"].mean() <= 8
    assert networks["states"].min() == 1
    assert networks["states"].max() >= 3


def test_names_are_many_and_spelled_as_registered(extract: pl.DataFrame) -> None:
    name = pl.col("account_name")
    shares = extract.select(
        distinct=name.n_unique() / pl.len(),
        upper=(name.str.to_uppercase() == name).mean(),
        suffixed=(normalised(name) != name.str.to_lowercase().str.replace_all(r"[^\p{L}\p{N} ]", "")).mean(),
        accented=name.str.contains(r"[ÀÁÈÉÍÑÓÖÜáéíñóöü]").mean(),
    ).row(0, named=True)
    assert shares["distinct"] > 0.8
    assert shares["upper"] > 0.9
    assert shares["suffixed"] > 0.8
    assert shares["accented"] > 0.01


def test_csv_holds_the_same_rows(tmp_path: Path) -> None:
    parquet = pl.read_parquet(made(tmp_path / "a.parquet", rows=3_000))
    csv = pl.read_csv(made(tmp_path / "a.csv", rows=3_000), schema_overrides=SCHEMA)
    assert csv.equals(parquet)


def test_every_segment_has_as_many_services_as_the_sql_picks_from() -> None:
    assert {len(make_extract.words(segment.services)) for segment in make_extract.SEGMENTS} == {16}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--rows", "0", "--out", "a.parquet"], "'--rows'"),
        (["--seed", "x", "--out", "a.parquet"], "'--seed'"),
        (["--rows", "5"], "'--out'"),
        (["--out", "a.xlsx"], ".parquet or .csv"),
        (["--out", "no/such/folder/a.csv"], "folder"),
    ],
)
def test_a_mistake_gets_one_sentence(
    arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["make_extract.py", *arguments])
    assert make_extract.main() != 0
    output = capsys.readouterr()
    assert output.out == ""
    assert said in output.err
    assert output.err.count("\n") == 1


def test_only_the_closing_line_is_said_and_on_stderr(tmp_path: Path) -> None:
    result = CliRunner().invoke(make_extract.command, ["--rows", "10", "--out", str(tmp_path / "a.parquet")])
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "10 clinics" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]
