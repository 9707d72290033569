"""Scorecards that share nothing with the shipped ones go all the way: run, networks, report, lists, SQL, API.

`other` has its own categories, four tiers, segments by name and another prefix; `product` multiplies its categories,
names columns as it likes, and has neither segments nor tiers of networks.
"""

import asyncio
import csv
import io
import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import network_oracle as oracle
import polars as pl
import pytest
from click.testing import CliRunner, Result
from network_oracle import Row, Settings
from serving import Server, escaped, served

from icp_engine.api.app import Application
from icp_engine.api.current import Current
from icp_engine.charts.aggregates import aggregates
from icp_engine.cli import cli
from icp_engine.errors import GateError
from icp_engine.networks.grouping import NetworkOptions
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.published.run import open_run

CARDS = Path(__file__).parent / "cards"
SIZE = 3_000
OTHER = Settings(
    prefix="own",
    categories=("need", "room", "kind"),
    tiers=(
        ({"total": 45, "need": 20}, 1, "Gold"),
        (35, 2, "Tier 2 - Silver"),
        (20.5, 3, "Tier 3 - Bronze"),
        (None, 4, "Tier 4 - The rest"),
    ),
)
PRODUCT = Settings(
    prefix="prod",
    categories=("structure", "readiness"),
    tiers=((6, 1, "First"), (None, 2, "Second")),
    divide_by=8,
    names={"total": "prod_index", "structure": "structure_points"},
    has_segments=False,
)
SETTINGS = {"other": OTHER, "product": PRODUCT}
SCORES = {
    "other": "own_total_score own_tier own_tier_label own_segment own_need_score own_room_score own_kind_score",
    "product": "prod_index prod_tier prod_tier_label structure_points prod_readiness_score",
}
MEMBER = "network_id network_name network_{}_score network_tier network_tier_label is_network_anchor num_clinics"
NETWORKS = {
    "other": "network_own_total_score network_own_tier network_own_tier_label network_own_segment "
    "network_own_need_score network_own_room_score network_own_kind_score total_npi_count total_site_count "
    "avg_clinic_own_score",
    "product": "network_prod_index network_prod_tier network_prod_tier_label network_structure_points "
    "network_prod_readiness_score total_npi_count total_site_count avg_clinic_prod_score",
}
AROUND = (
    "network_id network_name num_clinics num_states states_covered",
    "fqhc_clinics_count aco_clinics_count anchor_clinic_id display_name is_ambiguous evidence weakest_edge num_owners",
)
EXACT = NetworkOptions(grouping="exact")
ONES_OF_ICP = ("icp_total", "icp_tier", "icp_segment", "network_icp", "clinic_icp_score", "Tier 1 - HOT")


def extract(folder: Path) -> Path:
    """Clinics as they come, with names and states full of traps."""
    rng = Random(11)
    rows = []
    for clinic in oracle.random_clinics(SIZE, rng):
        counts = {name: value if (value := clinic[name]) is None or value >= 0 else None for name in ("site_count",)}
        rows.append(
            {name: clinic[name] for name in ("clinic_id", "account_name", "state_code", "npi_count")}
            | {name: clinic[name] for name in ("fqhc_flag", "aco_member")}
            | counts
            | {
                "denial_pressure": rng.choice([None, 0.0, 4.99, 5.0, 7.31, 10.0]),
                "roi_readiness": rng.choice([None, 2.0, 6.0, 9.5]),
                "segment_label": rng.choice([None, "Home Health", "Dental"]),
            }
        )
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(folder / "clinics.parquet")
    return folder / "clinics.parquet"


@pytest.fixture(scope="module")
def warehouses(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What a run publishes, by scorecard."""
    folder = tmp_path_factory.mktemp("other")
    path = str(extract(folder))
    for card in SETTINGS:
        run([path], folder / card, RunOptions(scorecard=str(CARDS / f"{card}.toml"), network=EXACT))
    return {card: folder / card for card in SETTINGS}


@pytest.fixture(params=list(SETTINGS))
def card(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def warehouse(warehouses: dict[str, Path], card: str) -> Path:
    return warehouses[card]


def call(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


def said(*words: object) -> str:
    done = call(*words)
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    assert not [one for one in ONES_OF_ICP if one in done.stdout]
    return done.stdout


def table(warehouse: Path, name: str) -> list[Row]:
    return pl.read_parquet(warehouse / f"{name}.parquet").to_dicts()


# ---------------------------------------------------------------- tables


def test_columns_are_those_of_the_scorecard(warehouse: Path, card: str) -> None:
    scores, member = SCORES[card].split(), MEMBER.format(SETTINGS[card].prefix).split()
    before, after = "clinic_id account_name state_code segment_label", "npi_count site_count fqhc_flag aco_member"
    codes = f"{SETTINGS[card].prefix}_reason_codes"
    found = {name: pl.read_parquet_schema(warehouse / f"{name}.parquet").names() for name in ("icp_scores",)}
    assert found["icp_scores"] == [*before.split(), *scores, *after.split(), codes]
    ranks = ("rank", "percentile", "tie_size")
    hidden = ("coverage", "score_floor", "score_ceiling", "tier_certain", "next_tier")
    last = [*scores, *(f"{SETTINGS[card].prefix}_{name}" for name in (*ranks, *hidden)), *member]
    assert pl.read_parquet_schema(warehouse / "clinics_icp.parquet").names()[-len(last) :] == last
    networks = f"{AROUND[0]} {NETWORKS[card]} {AROUND[1]}".split()
    assert pl.read_parquet_schema(warehouse / "networks_icp.parquet").names() == networks


def test_networks_are_those_of_plain_python(warehouse: Path, card: str) -> None:
    clinics = table(warehouse, "clinics_icp")
    networks, columns = oracle.group(clinics, SETTINGS[card])
    assert len(networks) > 200
    assert table(warehouse, "networks_icp") == networks
    names = MEMBER.format(SETTINGS[card].prefix).split()
    found = {row["clinic_id"]: {name: row[name] for name in names} for row in clinics if row["network_id"]}
    assert found == columns
    assert {row[f"network_{SETTINGS[card].prefix}_tier"] for row in networks} == {
        tier for _, tier, _ in SETTINGS[card].tiers
    }


def test_medians_are_those_of_plain_python(tmp_path: Path, card: str) -> None:
    options = RunOptions(
        scorecard=str(CARDS / f"{card}.toml"),
        network=NetworkOptions(mean="median", grouping="exact"),
        charts=False,
        format="parquet",
    )
    run([str(extract(tmp_path))], tmp_path / "out", options)
    networks, _ = oracle.group(table(tmp_path / "out", "clinics_icp"), replace(SETTINGS[card], mean="median"))
    assert table(tmp_path / "out", "networks_icp") == networks


def test_totals_tiers_and_segments_of_clinics(warehouses: dict[str, Path]) -> None:
    for row in table(warehouses["other"], "icp_scores"):
        need, room = row["own_need_score"], row["own_room_score"]
        total = round(100 * need + 100 * room + 100 * row["own_kind_score"]) / 100
        tier = 1 if total >= 60 and room >= 17 else 2 if total >= 45 else 3 if total >= 25 else 4
        segment = "Rural" if row["fqhc_flag"] else "Home" if row["segment_label"] == "Home Health" else "Town"
        assert (row["own_total_score"], row["own_tier"], row["own_segment"]) == (total, tier, segment)
    for row in table(warehouses["product"], "icp_scores"):
        due = row["structure_points"] * row["prod_readiness_score"] / 8
        assert abs(row["prod_index"] - due) <= 0.005 + 1e-9
        assert row["prod_tier"] == (1 if row["prod_index"] >= 6 else 2)


# ---------------------------------------------------------------- command line


def test_statistics_count_every_tier(warehouse: Path, card: str) -> None:
    rows = table(warehouse, "icp_scores")
    prefix = SETTINGS[card].prefix
    found = json.loads(said("stats", "-w", warehouse, "--json"))
    counts = Counter(row[f"{prefix}_tier"] for row in rows)
    assert {match["tier"]: match["clinics"] for match in found["tiers"]} == counts
    segments = Counter(row[f"{prefix}_segment"] for row in rows) if card == "other" else {}
    assert {match["segment"]: match["clinics"] for match in found["segments"]} == segments
    assert list(found["top"][0]) == ["clinic_id", "account_name", "state_code", *SCORES[card].split()[:3:2]]
    text = said("stats", "-w", warehouse)
    assert [label for _, _, label in SETTINGS[card].tiers if label not in text] == []


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["--tier", "4"], lambda row: row["own_tier"] == 4),
        (["--tier", "2, 4"], lambda row: row["own_tier"] in (2, 4)),
        (["--state", "texas"], lambda row: row["state_code"] == "TX"),
        (["--segment", "rural,HOME"], lambda row: row["own_segment"] in ("Rural", "Home")),
        (["--tier", "1", "--segment", "Town", "--min-score", "61.5"], lambda row: row["own_tier"] == 1
         and row["own_segment"] == "Town" and row["own_total_score"] >= 61.5),
    ],
)  # fmt: skip
def test_export_takes_the_tiers_and_segments_of_the_scorecard(
    warehouses: dict[str, Path], words: list[str], wanted: Any
) -> None:
    found = list(csv.DictReader(io.StringIO(said("export", "-w", warehouses["other"], *words))))
    due = [row["clinic_id"] for row in table(warehouses["other"], "icp_scores") if wanted(row)]
    assert len(due) > 5
    assert sorted(row["clinic_id"] for row in found) == sorted(due)
    totals = [float(row["own_total_score"]) for row in found]
    assert totals == sorted(totals, reverse=True)


@pytest.mark.parametrize("command", [["export"], ["networks", "list"]])
@pytest.mark.parametrize(
    ("name", "words", "sentence"),
    [
        ("other", ["--tier", "5"], "'--tier': 5 is none of 1, 2, 3, 4."),
        ("product", ["--tier", "1,3"], "'--tier': 3 is none of 1, 2."),
        ("other", ["--segment", "A"], "'--segment': A is none of Rural, Home, Town."),
        ("product", ["--segment", "A"], "'--segment': A is no segment: scorecard product has none."),
        ("other", ["--state", "ZZ"], "'--state': 'ZZ' is no state of the United States; write two letters, as in TX."),
        ("other", ["--state", ""], "'--state': '' is no state of the United States; write two letters, as in TX."),
        ("other", ["--tier", ","], "',' is empty; name one or more, separated by commas."),
    ],
)
def test_tiers_segments_and_states_that_there_are_none_of_are_refused(
    warehouses: dict[str, Path], command: list[str], name: str, words: list[str], sentence: str
) -> None:
    done = call(*command, "-w", warehouses[name], *words)
    assert done.exit_code == 2
    assert sentence in done.stderr


def test_networks_are_listed_and_shown(warehouse: Path, card: str) -> None:
    rows, prefix = table(warehouse, "networks_icp"), SETTINGS[card].prefix
    due = [row for row in rows if row[f"network_{prefix}_tier"] == 2][:20]
    assert json.loads(said("networks", "list", "-w", warehouse, "--tier", 2, "--json")) == due
    assert SETTINGS[card].tiers[1][2] in said("networks", "list", "-w", warehouse, "--tier", 2)
    text = said("networks", "show", rows[0]["network_id"], "-w", warehouse)
    assert (
        ", ".join(
            f"{name} {rows[0]['network_' + SETTINGS[card].column(name)]:.2f}" for name in SETTINGS[card].categories
        )
        in text
    )
    found = json.loads(said("networks", "show", rows[0]["network_id"], "-w", warehouse, "--json"))
    assert len(found["clinics"]) == rows[0]["num_clinics"]
    assert found["clinics"][0]["clinic_id"] == rows[0]["anchor_clinic_id"]


def test_a_clinic_is_explained(warehouse: Path, card: str) -> None:
    row = table(warehouse, "clinics_icp")[0]
    entries = json.loads(said("explain", row["clinic_id"], "-w", warehouse, "--json"))["bibliography"]
    assert "|".join(entry["code"] for entry in entries) == next(
        one[f"{SETTINGS[card].prefix}_reason_codes"]
        for one in table(warehouse, "icp_scores")
        if one["clinic_id"] == row["clinic_id"]
    )
    assert row[f"{SETTINGS[card].prefix}_tier_label"] in said("explain", row["clinic_id"], "-w", warehouse)


def test_views_have_the_names_of_the_scorecard(warehouse: Path, card: str) -> None:
    total, prefix = SETTINGS[card].column("total"), SETTINGS[card].prefix
    states = json.loads(said("sql", "from tier_by_state", "-w", warehouse, "--json"))
    assert list(states[0]) == ["state_code", f"{prefix}_tier", f"{prefix}_tier_label", "num_clinics", "avg_score"]
    assert sum(state["num_clinics"] for state in states) == SIZE
    anchors = json.loads(said("sql", "from anchors_to_call", "-w", warehouse, "--json"))
    by_id = {row["clinic_id"]: row for row in table(warehouse, "icp_scores")}
    for anchor, network in zip(anchors, table(warehouse, "networks_icp"), strict=True):
        assert anchor[f"network_{total}"] == network[f"network_{total}"]
        assert anchor[total] == by_id[network["anchor_clinic_id"]][total]
        assert anchor[f"{prefix}_reason_codes"] == by_id[network["anchor_clinic_id"]][f"{prefix}_reason_codes"]
    members = json.loads(said("sql", "from members_to_expand_to", "-w", warehouse, "--json"))
    assert len(members) == sum(network["num_clinics"] - 1 for network in table(warehouse, "networks_icp"))
    sizes = json.loads(said("sql", "from networks_by_tier_and_size", "-w", warehouse, "--json"))
    assert sum(size["num_networks"] for size in sizes) == len(anchors)


def test_neutral_views_hold_the_tables(warehouse: Path, card: str) -> None:
    settings = SETTINGS[card]
    found = json.loads(said("sql", "from network_scores", "-w", warehouse, "--json"))
    for match, row in zip(found, table(warehouse, "networks_icp"), strict=True):
        parts = [row[f"network_{settings.column(name)}"] for name in settings.categories]
        assert match["category_hundredths"] == [round(100 * part) for part in parts]
        assert match["hundredths"] == round(100 * row[f"network_{settings.column('total')}"])
        assert match["segment"] == row.get(f"network_{settings.prefix}_segment")


def test_every_audit_passes(warehouse: Path) -> None:
    assert said("audit", "-w", warehouse).count(" ok\n") == 12


def test_an_audit_finds_a_network_whose_total_is_wrong(tmp_path: Path, card: str) -> None:
    options = RunOptions(scorecard=str(CARDS / f"{card}.toml"), charts=False, format="parquet")
    run([str(extract(tmp_path))], tmp_path / "out", options)
    path = open_run(tmp_path / "out").path("networks_icp")
    total = f"network_{SETTINGS[card].column('total')}"
    frame = pl.read_parquet(path)
    first = pl.int_range(pl.len()) == 0
    wrong = pl.when(first).then(pl.col(total) + 0.2).otherwise(pl.col(total))
    frame.with_columns(wrong.alias(total)).write_parquet(path)
    done = call("audit", "-w", tmp_path / "out")
    assert isinstance(done.exception, GateError)
    assert "total_is_the_sum_of_its_parts         1 rows" in done.stdout


# ---------------------------------------------------------------- report and charts


def test_the_report_speaks_of_the_scorecard(warehouse: Path, card: str) -> None:
    page = (warehouse / "report.html").read_text(encoding="utf-8")
    manifest = open_run(warehouse).manifest
    assert not [one for one in ONES_OF_ICP if one in page]
    assert [label for _, _, label in SETTINGS[card].tiers if label not in page] == []
    assert manifest.networks is not None
    assert f"<dd>{manifest.networks.found:,}</dd>" in page
    charts = {path.stem for path in (warehouse / "charts").glob("*.html")}
    assert charts == {
        "category_averages", "network_sizes", "points_out_of_reach", "score_distribution", "tiers_and_segments",
        "tiers_by_state", "top_networks", "waterfall",
    }  # fmt: skip
    assert said("charts", "-w", warehouse, "--clinic", table(warehouse, "clinics_icp")[0]["clinic_id"])


def test_averages_by_segment_are_those_of_the_tables(warehouses: dict[str, Path]) -> None:
    scores = pl.read_parquet(warehouses["other"] / "icp_scores.parquet")
    found = aggregates(open_run(warehouses["other"]))["category_averages"]
    for category, _, segment, average, _ in found.iter_rows():
        due = scores.filter(pl.col("own_segment") == segment)[f"own_{category}_score"].mean()
        assert average == pytest.approx(due, abs=0.005 + 1e-9)
    assert len(found) == 9


# ---------------------------------------------------------------- API


@pytest.fixture(scope="module")
def servers(warehouses: dict[str, Path]) -> Any:
    with served(warehouses["other"]) as other, served(warehouses["product"]) as product:
        yield {"other": other, "product": product}


@pytest.fixture
def server(servers: dict[str, Server], card: str) -> Server:
    return servers[card]


def test_the_api_lists_clinics_and_networks(server: Server, warehouse: Path, card: str) -> None:
    prefix = SETTINGS[card].prefix
    due = [row["clinic_id"] for row in table(warehouse, "icp_scores") if row[f"{prefix}_tier"] == 2]
    found = server.get("/icp/clinics", tier="2", limit=10_000).json
    assert sorted(row["clinic_id"] for row in found["clinics"]) == sorted(due)
    assert set(SCORES[card].split()) | set(MEMBER.format(prefix).split()) < found["clinics"][0].keys()
    networks = server.get("/icp/networks", limit=10_000).json["networks"]
    assert networks == table(warehouse, "networks_icp")
    by_score = server.get("/icp/networks", sort_by=f"network_{SETTINGS[card].column('total')}", sort_dir="asc").json
    assert (
        by_score["networks"][0]["network_id"]
        == min(networks, key=lambda row: (row[f"network_{SETTINGS[card].column('total')}"], row["network_id"]))[
            "network_id"
        ]
    )
    one = server.get(f"/icp/networks/{networks[0]['network_id']}").json
    assert [SETTINGS[card].column("total") in member for member in one["clinics"]] == [True] * one["num_clinics"]


def test_tiers_and_segments_of_requests_are_those_of_the_scorecard(servers: dict[str, Server]) -> None:
    other, product = servers["other"], servers["product"]
    total = [other.get("/icp/clinics", tier=str(tier), limit=0).json["total"] for tier in (1, 2, 3, 4)]
    assert sum(total) == SIZE
    assert all(total)
    assert other.get("/icp/networks", segment="rural, TOWN").json["filters_applied"]["segment"] == ["Rural", "Town"]
    for server, asked, sentence in (
        (other, {"tier": "5"}, "tier takes one or more of 1, 2, 3, 4, separated by commas, not '5'."),
        (other, {"segment": "A"}, "segment takes one or more of Rural, Home, Town, separated by commas, not 'A'."),
        (
            other,
            {"sort_by": "icp_tier"},
            "sort_by takes a column of the rows, not 'icp_tier' (did you mean 'own_tier'?).",
        ),
        (product, {"tier": "3"}, "tier takes one or more of 1, 2, separated by commas, not '3'."),
        (product, {"segment": "A"}, "segment takes nothing: the scorecard has none, not 'A'."),
    ):
        answer = server.get("/icp/clinics", **asked)
        assert (answer.status, answer.detail) == (422, sentence)


def test_the_api_explains_a_clinic(server: Server, warehouse: Path, card: str) -> None:
    row = table(warehouse, "clinics_icp")[0]
    settings = SETTINGS[card]
    found = server.get(f"/icp/clinic/{escaped(row['clinic_id'])}").json
    names = {"need": "need_for_help"}
    assert found[f"{settings.prefix}_score"] == {
        "total": row[settings.column("total")],
        "breakdown": {names.get(name, name): row[settings.column(name)] for name in settings.categories},
    }
    labels = {"Rural": "Rural, and far", "Home": "At home", "Town": "In town"}
    letter = row.get("own_segment")
    assert found["segment"] == {"letter": letter, "description": labels[letter] if letter else None}


def test_statistics_of_the_api_count_every_tier(servers: dict[str, Server], warehouses: dict[str, Path]) -> None:
    counts = Counter(row["own_tier"] for row in table(warehouses["other"], "icp_scores"))
    found = servers["other"].get("/icp/stats").json
    names = ("tier_1_gold", "tier_2_silver", "tier_3_bronze", "tier_4_the_rest")
    assert found["tier_distribution"] == {name: counts[number] for number, name in enumerate(names, 1)}
    assert list(found["segment_distribution"]) == [
        "segment_rural_rural_and_far",
        "segment_home_visits",
        "segment_town_in_town",
    ]
    assert list(found["category_averages"]) == ["need_for_help", "room", "kind"]
    product = servers["product"].get("/icp/stats").json
    assert list(product["tier_distribution"]) == ["tier_1_first", "tier_2_second"]
    assert sum(product["tier_distribution"].values()) == SIZE
    assert product["segment_distribution"] == {}


def test_the_document_of_the_api_is_that_of_the_scorecard(server: Server, card: str) -> None:
    document = server.get("/openapi.json").json
    rows = document["components"]["schemas"]["ClinicRow"]["properties"]
    assert set(SCORES[card].split()) < set(rows)
    assert not [one for one in ONES_OF_ICP if one in json.dumps(document)]


def test_a_run_of_another_scorecard_is_answered_in_its_own_names(warehouses: dict[str, Path], tmp_path: Path) -> None:
    path = warehouses["other"].parent / "clinics.parquet"
    plain = {"charts": False, "format": "parquet"}
    run([str(path)], tmp_path / "out", RunOptions(scorecard=str(CARDS / "other.toml"), **plain))
    with served(tmp_path / "out") as server:
        assert "own_tier" in server.get("/icp/clinics", limit=1).json["clinics"][0]
        fresh = run([str(path)], tmp_path / "out", RunOptions(**plain)).run_id
        end = time.monotonic() + 60
        while server.get("/health").json["run_id"] != fresh:
            assert time.monotonic() < end
            time.sleep(0.05)
        row = server.get("/icp/clinics", limit=1, sort_by="icp_pain_score").json["clinics"][0]
        assert "icp_tier" in row
        assert "own_tier" not in row
        assert "own_tier" not in server.get("/openapi.json").body.decode()


def test_a_request_at_the_moment_of_a_switch_is_asked_to_come_again(warehouses: dict[str, Path]) -> None:
    """It was read in the names of one scorecard, and the run that answers is of another by then."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/icp/stats", "query_string": b"", "headers": []}
    with Current(warehouses["other"]) as current:
        application = Application(current)
        (before,) = application._of_current_scorecards().values()
        current.warehouse = warehouses["product"]
        current.look()
        with ThreadPoolExecutor(1) as thread:  # the browser of other tests has a loop of its own in this one
            thread.submit(lambda: asyncio.run(before({**scope, "app": before}, receive, send))).result()
        assert before not in application._of_current_scorecards().values()
    assert sent[0]["status"] == 503
    assert (b"retry-after", b"5") in sent[0]["headers"]
    assert json.loads(sent[1]["body"]) == {"detail": "A run of another scorecard has just been published; ask again."}


# ---------------------------------------------------------------- what cannot work


def test_practices_without_a_name_of_an_organisation_have_no_networks(tmp_path: Path) -> None:
    rows = {"clinic_id": ["a", "b"], "name": ["Same", "Same"], "provider_count": [3, 30]}
    pl.DataFrame(rows).write_parquet(tmp_path / "practices.parquet")
    manifest = run([str(tmp_path / "practices.parquet")], tmp_path / "out", RunOptions(scorecard="rula"))
    assert manifest.networks is not None
    assert manifest.networks.found == 0
    assert manifest.no_networks == (
        "No network: no two clinics share an organisation name (is account_name there, and mapped?)."
    )
    assert said("audit", "-w", tmp_path / "out").count(" ok\n") == 12
    assert said("networks", "list", "-w", tmp_path / "out") == "No networks match.\n"
