"""What an analyst reads first: whether tier 1 is in reach, what is wrong, what it costs, and what to do next."""

import json
import re
import shlex
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from conftest import HOSTILE

from icp_engine.cli import cli
from icp_engine.columns import FIELDS
from icp_engine.extract.headers import near
from icp_engine.extract.reach import field_worth
from icp_engine.scorecard.loader import load_scorecard

CARD = load_scorecard("icp")
WHOLE = (
    "clinic_id,account_name,state_code,segment_label,sector,npi_count,site_count,services_count,bene_count,allowed_amt,"
    "denial_pressure,coding_complexity,roi_readiness,fqhc_flag,aco_member,pecos_enrolled,oig_leie_flag\n"
    "{},ONE,TX,Hospice,x,5,2,3,4000,1000000,5,4,6,false,true,true,false\n"
)


def call(*args: object) -> Result:
    return CliRunner().invoke(cli, [str(arg) for arg in args], prog_name="icp-engine")


def found(text: str, folder: Path, *args: object) -> dict[str, Any]:
    (folder / "a.csv").write_text(text, encoding="utf-8")
    content: dict[str, Any] = json.loads(call("validate", folder / "a.csv", "--json", *args).stdout)
    return content


def commands(content: dict[str, Any]) -> list[list[str]]:
    return [shlex.split(step["command"]) for step in content["next_steps"] if step["command"]]


def steps(content: dict[str, Any]) -> str:
    return "\n".join(step["text"] for step in content["next_steps"])


def test_an_extract_without_a_fault_has_one_step(tmp_path: Path) -> None:
    content = found(WHOLE.format("a"), tmp_path)
    assert content["verdict"] == [
        "Tier 1 - HOT, which begins at 80, is within reach: the fields that are there allow 100 of 100 points."
    ]
    assert [step["text"] for step in content["next_steps"]] == ["Score the extract."]
    assert commands(content) == [["icp-engine", "run", str(tmp_path / "a.csv")]]


def test_tier_1_out_of_reach_is_said_and_what_is_worth_most_is_asked_for_first(tmp_path: Path) -> None:
    text = re.sub(r"denial_pressure|npi_count|coding_complexity", lambda match: f"x{len(match[0])}", WHOLE.format("a"))
    content = found(text, tmp_path)
    assert content["verdict"] == [
        f"Tier 1 - HOT, which begins at 80, is out of reach: the fields that are there allow {content['reachable']:g} "
        "of 100 points."
    ]
    assert "No clinic has a value for denial_pressure (up to 10 points), npi_count (up to 8 points)" in steps(content)
    assert commands(content)[0][-2:] == ["--map", "denial_pressure=COLUMN"]
    nothing = found("clinic_id\na\n", tmp_path)
    assert nothing["verdict"][0].startswith("No clinic can reach Tier 2 - Qualified, which begins at 60")


def test_what_stops_a_run_and_what_it_rejects_come_first(tmp_path: Path) -> None:
    content = found("clinic_id,account_name\n1,A\n1,A\n,B\n2,C\nTotal,All\n", tmp_path)
    assert content["verdict"][:2] == [
        "A run would stop: 1 clinic_id stands more than once, such as 1.",
        "2 of 5 rows (40.0%) would be rejected: blank clinic_id 1, totals 1.",
    ]
    assert "Ids that stand more than once: --duplicates first keeps the first of each." in steps(content)
    assert commands(content)[-1][3:] == ["--duplicates", "first"]
    assert call(*commands(content)[-1][1:], "--out", tmp_path / "out", "--no-charts").exit_code == 0


@pytest.mark.parametrize("name", [name for name in FIELDS if name != "clinic_id"])
def test_a_column_that_nothing_read_is_asked_about_for_every_field(name: str, tmp_path: Path) -> None:
    text = f"clinic_id,{name}s,colour\na,5,red\n" if name != "sector" else "clinic_id,sectr,colour\na,5,red\n"
    content = found(text, tmp_path)
    column = text.split(",")[1]
    assert f"is {column} the field {name}" in steps(content)
    asked = next(command for command in commands(content) if f"{name}={column}" in command)
    again = json.loads(call(*asked[1:], "--json").stdout)
    assert again["fields"][name]["column"] == column
    assert "colour" not in steps(content)


@pytest.mark.parametrize(
    ("field", "columns", "due"),
    [
        ("npi_count", ["Total NPI Count"], ["Total NPI Count"]),
        ("denial_pressure", ["Denial Pressure Score", "denial_presure"], ["denial_presure", "Denial Pressure Score"]),
        ("fqhc_flag", ["FQHC"], ["FQHC"]),
        ("segment_label", ["Segment"], ["Segment"]),
        ("aco_member", ["ACO"], ["ACO"]),
        ("npi_count", ["NPI", "count", "employees"], []),
        ("state_code", ["postal_code", "code"], []),
    ],
)
def test_columns_that_are_near_a_field(field: str, columns: list[str], due: list[str]) -> None:
    assert list(near(field, columns)) == due


def test_one_column_is_asked_about_for_one_field_only(tmp_path: Path) -> None:
    content = found("clinic_id,bene_counts,site_countx\na,1,2\n", tmp_path)
    maps = next(command for command in commands(content) if "--map" in command and "COLUMN" not in command[-1])
    pairs = [word.split("=") for word in maps if "=" in word]
    assert len({column for _, column in pairs}) == len(pairs)


def test_invalid_values_unmatched_texts_and_suspicious_ids_are_steps_with_their_cost(tmp_path: Path) -> None:
    rows = "".join(f"{number},HH/PAC,{number}\n" for number in range(9))
    content = found(f"clinic_id,segment_label,npi_count\n{rows}1.0E+09,Hospice,many\n", tmp_path)
    told = steps(content)
    assert "npi_count: 1 invalid value such as 'many' counted as missing (up to 8 points)" in told
    assert "segment_label: 9 of 10 rows match no phrase, the commonest 'HH/PAC' (9) (up to " in told
    assert "1 scientific notation, such as 1.0E+09: look at them" in told
    assert content["worth"]["npi_count"] == 8.0


@pytest.mark.parametrize(("unmatched", "asked"), [(1, False), (2, True)])
def test_a_tenth_of_texts_that_match_nothing_is_no_step(unmatched: int, asked: bool, tmp_path: Path) -> None:
    texts = ["HH/PAC"] * unmatched + ["Hospice"] * (10 - unmatched)
    content = found("clinic_id,segment_label\n" + "".join(f"{n},{text}\n" for n, text in enumerate(texts)), tmp_path)
    assert ("match no phrase" in steps(content)) == asked


def test_the_worth_of_a_field_is_what_a_clinic_without_it_cannot_reach() -> None:
    worth = field_worth(CARD, set())
    assert worth["npi_count"] == 8.0
    assert worth["denial_pressure"] == 10.0
    assert worth["sector"] == 0.0  # the label says as much
    assert field_worth(CARD, {"segment_label", "npi_count"})["segment_label"] >= 18
    assert set(worth) == set(CARD.reads)


def test_commands_repeat_what_was_given_and_not_what_holds_anyway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("icp.toml").write_text('scorecard = "icp-2025-11"\n')
    assert commands(found("my id\na\n", tmp_path, "--map", "clinic_id=my id"))[-1][3:] == [
        "--map", "clinic_id=my id",
    ]  # fmt: skip
    assert "--write-mapping" in commands(found("my id\na\n", tmp_path, "--map", "clinic_id=my id"))[-2]
    asked = commands(found("clinic_id\na\n", tmp_path, "--scorecard", "icp"))[-1]
    assert asked[3:5] == ["--scorecard", "icp"]
    for name in "bcdef":
        Path(f"{name}.csv").write_text(f"clinic_id\n{name}\n")
    content = json.loads(call("validate", *(f"{name}.csv" for name in "abcdef"), "--json").stdout)
    assert commands(content)[-1][2] == "EXTRACT"


class Page(HTMLParser):
    """Tags, what they load, and the text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str | None] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [value for name, value in attrs if name in ("src", "href", "srcset", "action", "style")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_says_all_of_it_escaped_and_loads_nothing(tmp_path: Path) -> None:
    names = [name.replace('"', '""') for name in HOSTILE]
    rows = "".join(f'"{number}","{name}","{name}",-{number + 1}\n' for number, name in enumerate(names))
    rows += "1.0E+09,<u>,,3\n" + "".join(f"h{number},Hospice,,3\n" for number in range(2))
    (tmp_path / "a.csv").write_text(f'clinic_id,segment_label,"<i>col",npi_count\n{rows}')
    done = call("validate", tmp_path / "a.csv", "--html", tmp_path / "page.html")
    assert done.exit_code == 0, done.output
    page = Page()
    page.feed((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert not {"script", "img", "b", "i", "u"} & set(page.tags)
    assert [load for load in page.loads if load and not load.startswith("#")] == ["data:,"]
    content = json.loads(call("validate", tmp_path / "a.csv", "--json").stdout)
    plain = " ".join(page.text.split())
    for sentence in [step["text"] for step in content["next_steps"]]:
        assert " ".join(sentence.split()) in plain
    for part in ("<script>alert('script')</script>", "<i>col", "scientific notation", "fit.specialty", "-1, -2, -3"):
        assert part in plain


def test_a_page_is_not_written_where_it_cannot_or_must_not(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("clinic_id\na\n")
    assert "choose another --html" in str(
        call("validate", tmp_path / "a.csv", "--html", tmp_path / "x" / "y.html").exception
    )
    call("run", tmp_path / "a.csv", "--out", tmp_path / "out", "--no-charts")
    assert call("validate", tmp_path / "a.csv", "--html", tmp_path / "out" / "run.json").exit_code == 1
    assert json.loads((tmp_path / "out" / "run.json").read_text())["rows"]["in"] == 1


@pytest.mark.parametrize(
    ("columns", "read", "carried"),
    [
        ("Id,Name,Phone,Owner", "phone (Phone)", "Owner"),
        ("Id,Name,phone", "phone", None),
        ("Id,Phone", None, "Phone"),
        ("Id,Name,parent_name,Fax Notes", "parent_name", "Fax Notes"),
        ("Id,Name", None, None),
    ],
)
def test_columns_that_networks_read_are_not_said_to_be_unread(
    tmp_path: Path, columns: str, read: str | None, carried: str | None
) -> None:
    (tmp_path / "c.csv").write_text(f"{columns}\n{','.join('x' for _ in columns.split(','))}\n")
    done = CliRunner().invoke(cli, ["validate", str(tmp_path / "c.csv"), "--html", str(tmp_path / "v.html")])
    page = (tmp_path / "v.html").read_text()
    for said, names in (("Read for networks, beside names: ", read), ("Carried through, not read: ", carried)):
        assert (f"{said}{names}\n" in done.stdout) == (names is not None)
        assert (f"<p>{said}{names}</p>" in page) == (names is not None)
        assert (said in page) == (names is not None)
