"""Several scorecards in one run: each gives what it gives alone, and nobody mixes them up."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from click.testing import CliRunner, Result

import icp_engine
from icp_engine.cli import cli
from icp_engine.errors import InputError
from icp_engine.pipeline.options import RunOptions
from icp_engine.pipeline.run import run
from icp_engine.published.explain import explain_clinic
from icp_engine.published.lists import audits
from icp_engine.published.matrix import tier_matrices
from icp_engine.published.run import Run, open_run
from icp_engine.scorecard.loader import load_scorecard
from icp_engine.scorecard.several import apart
from icp_engine.scoring.explanation import bibliography_content

CLINICS = Path(__file__).resolve().parents[2] / "docs" / "examples" / "clinics.csv"
VARIANT = 'extends = "icp"\nid = "mine"\nversion = "1"\ntitle = "Mine"\nprefix = "mine"\n[tier.1]\nat_least = 70\n'


def invoked(words: list[str]) -> Result:
    return CliRunner().invoke(cli, words, prog_name="icp-engine")


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("card") / "mine.toml"
    path.write_text(VARIANT, encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def warehouse(mine: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("several") / "warehouse"
    run([str(CLINICS)], out, RunOptions(("icp", "icf", mine), bibliography=True))
    return out


@pytest.fixture(scope="module")
def published(warehouse: Path) -> Run:
    return open_run(warehouse)


@pytest.fixture(scope="module")
def cards(mine: str) -> list[icp_engine.Scorecard]:
    return [load_scorecard(name) for name in ("icp", "icf", mine)]


@pytest.fixture(scope="module")
def alone(cards: list[icp_engine.Scorecard]) -> list[pl.DataFrame]:
    """The clinics as each scorecard scores them by itself."""
    clinics = pl.read_csv(CLINICS, infer_schema=False)
    return [icp_engine.score(clinics, card, reason_codes=True, bibliography=True).sort("clinic_id") for card in cards]


def test_every_scorecard_gives_what_it_gives_alone(
    warehouse: Path, cards: list[icp_engine.Scorecard], alone: list[pl.DataFrame]
) -> None:
    scores = pl.read_parquet(warehouse / "icp_scores.parquet").sort("clinic_id")
    wide = pl.read_parquet(warehouse / "clinics_icp.parquet").sort("clinic_id")
    for card, expected in zip(cards, alone, strict=True):
        names = [column.name for column in card.columns]
        assert wide.select(names).equals(expected.select(names), null_equal=True)
        also = [card.column("reason_codes"), f"{card.prefix}_bibliography"]
        assert scores.select(names + also).equals(expected.select(names + also), null_equal=True)


def test_the_columns_of_each_stand_together_in_the_order_of_the_cards(
    warehouse: Path, cards: list[icp_engine.Scorecard]
) -> None:
    given = pl.read_csv(CLINICS, n_rows=1).columns
    names = [column.name for card in cards for column in card.columns]
    wide = pl.read_parquet_schema(warehouse / "clinics_icp.parquet").names()
    served = pl.read_parquet(warehouse / "clinics_icp_with_networks.parquet")
    assert wide[: len(given)] == given
    for columns in (wide, served.columns):
        assert [name for name in columns if name in names] == names  # others of the card may stand behind its scores
    assert [name for name in served.columns if name.endswith("_top_reasons")] == [
        "icp_top_reasons", "icf_top_reasons", "mine_top_reasons",
    ]  # fmt: skip
    assert "network_icp_score" in served.columns
    assert "network_icf_score" not in served.columns  # networks are made of the main scorecard
    assert served["icp_total_score"].equals(
        served.sort(pl.col("state_code"), pl.col("icp_total_score"), "clinic_id", descending=[False, True, False],
                    nulls_last=[True, True, True])["icp_total_score"]
    )  # fmt: skip
    assert (
        pl.read_csv(warehouse / "icp_scores.csv").columns == pl.read_parquet(warehouse / "icp_scores.parquet").columns
    )


def test_the_matrix_counts_what_a_loop_counts(warehouse: Path, published: Run, alone: list[pl.DataFrame]) -> None:
    tiers = [frame[card.column("tier")].to_list() for card, frame in zip(published.cards, alone, strict=True)]
    with duckdb.connect(str(warehouse / "icp.duckdb"), read_only=True) as db:
        cells = db.execute(
            "select scorecard, other_scorecard, tier, other_tier, num_clinics from tier_matrix"
        ).fetchall()
        behind = db.execute(
            "select clinic_id from clinic_tier_pairs "
            "where scorecard = 'icp' and tier = 1 and other_scorecard = 'icf' and other_tier = 1"
        ).fetchall()
    ids = [card.id for card in published.cards]
    counted = {pair: Counter(zip(tiers[pair[0]], tiers[pair[1]], strict=True)) for pair in ((0, 1), (0, 2), (1, 2))}
    assert {(a, b, tier, other): count for a, b, tier, other, count in cells} == {
        (ids[a], ids[b], tier, other): counts[tier, other]
        for (a, b), counts in counted.items()
        for tier in (1, 2, 3)
        for other in (1, 2, 3)
    }
    hot = [key for key, *both in zip(alone[0]["clinic_id"], *tiers[:2], strict=True) if both == [1, 1]]
    assert sorted(key for (key,) in behind) == sorted(hot)
    matrices = tier_matrices(published)
    assert [(matrix.card.id, matrix.other.id) for matrix in matrices] == [(ids[a], ids[b]) for a, b in counted]
    assert matrices[0].best_of_both == len(hot)
    assert sum(map(sum, matrices[0].counts)) == len(alone[0])


def test_bibliographies_in_sql_are_those_of_each_scorecard(warehouse: Path, published: Run) -> None:
    with duckdb.connect(str(warehouse / "icp.duckdb"), read_only=True) as db:
        for place, run_of_card in enumerate(published.each):
            end = f"_{run_of_card.card.prefix}" if place else ""
            for key in ("C-114", "C-127"):
                query = "select code, points, note from {} order by position"
                expected = [
                    (entry["code"], entry["points"], entry.get("note"))
                    for entry in bibliography_content(explain_clinic(run_of_card, key).bibliography)
                ]
                whole = db.execute(query.format(f"clinic_bibliography{end} where clinic_id = '{key}'")).fetchall()
                some = db.execute(query.format(f"bibliography_of{end}(['{key}'])")).fetchall()
                assert whole == some == expected, (run_of_card.card.id, key)
        commented = db.execute("select comment from duckdb_columns() where not internal and comment is null").fetchall()
        assert commented == []


def test_the_manifest_tells_of_every_scorecard(warehouse: Path, published: Run, alone: list[pl.DataFrame]) -> None:
    content = json.loads((warehouse / "run.json").read_text(encoding="utf-8"))
    assert content["scorecard"]["id"] == "icp"
    assert [other["scorecard"]["id"] for other in content["other_scorecards"]] == ["icf", "mine"]
    for each, frame in zip(published.each, alone, strict=True):
        counts = Counter(frame[each.card.column("tier")])
        assert dict(each.manifest.tiers) == dict(sorted(counts.items()))
        assert {name for name, field in each.manifest.fields.items() if field.read} == set(each.card.reads)
    with pytest.raises(InputError, match=r"was not scored with 'ivf'.*it was with icp, icf and mine"):
        published.of("ivf")
    metadata = pl.read_parquet_metadata(warehouse / "icp_scores.parquet")
    assert (metadata["scorecard_id"], metadata["other_scorecards"].split()[:2]) == ("icp", ["icf", "1.0.0"])


def test_audits_look_at_the_scores_of_each(published: Run) -> None:
    found = audits(published)
    assert all(rows.is_empty() for rows in found.values())
    assert {name for name in found if name.endswith(")")} == {
        f"audits/{name} ({card})"
        for name in ("category_scores_within_maximum", "tables_say_the_same", "total_is_the_sum_of_its_parts")
        for card in ("icf", "mine")
    }


def test_another_order_makes_another_main_scorecard(tmp_path: Path) -> None:
    out = tmp_path / "out"
    manifest = run([str(CLINICS)], out, RunOptions(("icf", "icp"), format="parquet", charts=False))
    assert manifest.scorecard.id == "icf"
    assert "network_icf_score" in pl.read_parquet_schema(out / "clinics_icp.parquet")
    found = explain_clinic(open_run(out).of("icp"), "C-114")
    assert (found.card.id, found.total) == ("icp", 83.3)


BASE = 'version = "1"\ntitle = "T"\n'
CARD = """
[category.size]
label = "Size"
max = 5
[category.size.sites]
field = "FIELD"
missing = { points = 0, note = "n" }
bands = [{ name = "any", points = 1, reason = "r" }]
[tier.1]
label = "T1"
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (VARIANT.replace('prefix = "mine"', 'prefix = "icp"'), "icp and mine have one prefix, 'icp'"),
        (VARIANT.replace('id = "mine"', 'id = "icp"'), "Two scorecards of one run are called 'icp'"),
        (
            VARIANT.replace("[tier.1]", '[columns]\ntier = "ICP_tier"\n[tier.1]'),
            "icp and mine both make a column called 'ICP_tier'",
        ),
        (
            'id = "x"\nprefix = "x"\ncolumns = { tier = "network_id" }\n' + BASE + CARD.replace("FIELD", "site_count"),
            "Scorecard x makes a column called 'network_id', as networks do",
        ),
        (
            'id = "x"\nprefix = "x"\n' + BASE
            + '[fields.icp_tier]\ntype = "integer"\ndescription = "d"\n' + CARD.replace("FIELD", "icp_tier"),
            "Scorecard icp makes a column called 'icp_tier', which scorecard x reads as a field",
        ),
        (
            'id = "x"\nprefix = "x"\n' + BASE
            + '[fields.roi_readiness]\ntype = "number"\nscale = 5\ndescription = "d"\n'
            + CARD.replace("FIELD", "roi_readiness"),
            "icp and x read 'roi_readiness' in different ways: as number up to 10 and as number up to 5",
        ),
    ],
)  # fmt: skip
def test_cards_that_collide_are_an_error_before_anything_is_read(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "other.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        run(["there-is-no-such-file.csv"], tmp_path / "out", RunOptions(("icp", str(path))))
    assert message in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_score_takes_several(cards: list[icp_engine.Scorecard], alone: list[pl.DataFrame]) -> None:
    clinics = pl.read_csv(CLINICS, infer_schema=False)
    found = icp_engine.score(clinics, cards, reason_codes=True).sort("clinic_id")
    own = [[*(column.name for column in card.columns), card.column("reason_codes")] for card in cards]
    assert found.columns == [*clinics.columns, *(name for names in own for name in names)]
    for names, expected in zip(own, alone, strict=True):
        assert found.select(names).equals(expected.select(names), null_equal=True)
    with pytest.raises(InputError, match="found an empty list"):
        icp_engine.score(clinics, [])
    with pytest.raises(InputError, match="called 'icp'"):
        icp_engine.score(clinics, [cards[0], cards[0]])


def test_ratios_of_one_name_are_each_card_s_own(tmp_path: Path) -> None:
    """Columns that two cards prepare under one name and in different ways are not mixed up."""
    texts = []
    for name, bottom in (("a", "bene_count"), ("b", "npi_count")):
        ratio = f'[derived.per_head]\ndescription = "d"\nnumerator = "allowed_amt"\ndenominator = "{bottom}"\n'
        bands = '{ name = "much", at_least = 10, points = 4, reason = "r" }, { name = "any", points = 1, reason = "r" }'
        card = CARD.replace("FIELD", "per_head").replace('{ name = "any", points = 1, reason = "r" }', bands)
        path = tmp_path / f"{name}.toml"
        path.write_text(f'id = "{name}"\nprefix = "{name}"\n{BASE}{ratio}{card}', encoding="utf-8")
        texts.append(load_scorecard(path))
    clinic: dict[str, Any] = {"clinic_id": ["c"], "allowed_amt": [100.0], "bene_count": [100], "npi_count": [2]}
    assert icp_engine.score(pl.DataFrame(clinic), texts).select("a_total_score", "b_total_score").row(0) == (1.0, 4.0)


def test_band_columns_are_told_apart(cards: list[icp_engine.Scorecard]) -> None:
    columns = [rule.column for card in apart(cards) for rule in card.characteristics]
    assert len(columns) == len(set(columns))
    assert {"fit_specialty", "icf_propensity_denial_pressure", "mine_fit_specialty"} < set(columns)


def test_commands_take_one_of_the_scorecards(warehouse: Path) -> None:
    at = ["-w", str(warehouse)]
    told = invoked(["explain", "C-114", "--scorecard", "icf", *at])
    assert "9.5 of 10 points: Tier 1 - Prime" in told.output
    assert "so far" not in told.output  # axes are multiplied, not added
    stats = json.loads(invoked(["stats", "--json", *at]).stdout)
    assert [other["scorecard"]["id"] for other in stats["other_scorecards"]] == ["icf", "mine"]
    assert sum(cell["num_clinics"] for cell in stats["tier_matrix"]) == 3 * stats["total_clinics"]
    one = json.loads(invoked(["stats", "--json", "-s", "icf", *at]).stdout)
    assert one == stats["other_scorecards"][0]
    assert "are in Tier 1 - HOT of icp and in Tier 1 - Prime of icf" in invoked(["stats", *at]).output
    columns = ["clinic_id", "icf_score", "icf_reason_codes", "mine_unknown"]
    listed = invoked(["export", "-s", "icf", "--tier", "1", "--columns", ",".join(columns), *at])
    rows = pl.read_csv(listed.stdout.encode())
    assert rows.columns == columns
    assert rows["icf_score"].is_sorted(descending=True)
    assert len(rows) == stats["other_scorecards"][0]["tiers"][0]["clinics"]
    refused = invoked(["export", "--what", "networks", "-s", "icf", *at])
    assert (refused.exit_code, "main scorecard alone" in refused.output) == (2, True)


def test_charts_of_each_scorecard(warehouse: Path, tmp_path: Path) -> None:
    at = ["-w", str(warehouse), "-s", "icf"]
    pages = json.loads(invoked(["charts", "--json", "--out", str(tmp_path), *at]).stdout)
    assert "top_networks" not in {Path(page).stem for page in pages}  # those are of the main one's scores
    page = (tmp_path / "score_distribution.html").read_text(encoding="utf-8")
    assert "Tier 1 - Prime" in page
    assert "Tier 1 - HOT" not in page
    refused = invoked(["charts", *at])
    assert refused.exit_code == 1
    assert "are those of icp; name another folder with --out" in str(refused.exception)


def test_the_report_has_a_section_per_scorecard(warehouse: Path) -> None:
    page = (warehouse / "report.html").read_text(encoding="utf-8")
    for words in (
        "What other scorecards say",
        "Operational Fit: icf 1.0.0",
        "Mine: mine 1",
        "and in Tier 1 - Prime of icf",
    ):
        assert words in page


def test_a_variable_names_several(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ICP_ENGINE_SCORECARD", "icp;icf")
    found = invoked(["run", str(CLINICS), "--no-networks", "--no-charts", "--format", "parquet"])
    assert found.exit_code == 0, found.output
    assert [card.id for card in open_run(tmp_path / "warehouse").cards] == ["icp", "icf"]
