"""Partnerships from files to files, and on the command line."""

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner, Result
from frozen import shipped_version

from icp_engine.cli import cli
from icp_engine.distribution import install_extra
from icp_engine.errors import InputError
from icp_engine.extract.reading import Reading
from icp_engine.partnerships.columns import TABLES
from icp_engine.partnerships.demo import CONTACTS, PRACTICES
from icp_engine.partnerships.run import Part, PartnerOptions, run_partners
from icp_engine.warehouse.folder import new_run, publish
from icp_engine.warehouse.switch import PARTNERS

GOLDEN = Path(__file__).with_name("partners_demo.txt")
TABLE_PARTS: tuple[Part, ...] = ("scores", "crm", "sla", "hooks")
DAY = date(2026, 3, 16)


def call(*args: object) -> Result:
    return CliRunner().invoke(cli, ["partners", *(str(arg) for arg in args)])


def made(folder: Path, as_of: date = DAY, **options: Any) -> dict[str, pl.DataFrame]:
    """The tables of a run over the shipped practices, read from Parquet."""
    asked = PartnerOptions(contacts=(str(CONTACTS),), as_of=as_of, **options)
    run_partners([str(PRACTICES)], folder, asked, TABLE_PARTS)
    return {path.stem: pl.read_parquet(path) for path in folder.glob("*.parquet")}


def names(folder: Path) -> set[str]:
    """What stands in a folder for people to see."""
    return {path.name for path in folder.iterdir() if not path.name.startswith(".")}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    made(folder)
    return folder


def test_every_file_and_column(demo: Path) -> None:
    assert names(demo) == {
        "rula_run.json",
        *(f"{name}.{suffix}" for name in TABLES if name != "rula_problems" for suffix in ("csv", "parquet")),
    }
    for name, columns in TABLES.items():
        if name != "rula_problems":
            table = pl.read_parquet(demo / f"{name}.parquet")
            assert dict(table.schema) == {column.name: column.dtype for column in columns}
            header = (demo / f"{name}.csv").read_text(encoding="utf-8").splitlines()[0]
            assert header == ",".join(column.name for column in columns)


def test_csv_says_what_parquet_says(demo: Path) -> None:
    for name in TABLES:
        if name == "rula_problems":
            continue
        table = pl.read_parquet(demo / f"{name}.parquet")
        text = pl.read_csv(demo / f"{name}.csv", infer_schema=False)
        lists = [column for column, dtype in table.schema.items() if dtype == pl.List(pl.String)]
        due = table.with_columns(pl.col(column).list.join(";") for column in lists).with_columns(
            pl.col(column).cast(pl.String).fill_null("never contacted")
            for column in table.columns
            if "Days Since" in column
        )
        assert text.equals(due.cast(pl.String))


def test_the_shipped_practices_show_everything(demo: Path) -> None:
    scores, sla, hooks = (
        pl.read_parquet(demo / f"rula_{name}.parquet") for name in ("partner_scores", "sla_tracker", "outreach_hooks")
    )
    assert len(scores) == scores["Location"].n_unique() == 10
    assert scores["Tier"].n_unique() == scores["Practice Type"].n_unique() - 2 == 3
    assert sla["Status"].n_unique() == 5
    assert hooks["Signal"].n_unique() == len(hooks) == 7
    best = dict(scores.select("Name", "Score").iter_rows())
    assert best["Cedar Hollow Family Medicine"] == 80.4
    assert best["Mesa Lane Internal Medicine"] == 74.6
    assert best["Ferry Point Health Center"] == 19.2


def test_the_file_says_that_record_ids_are_simulated(demo: Path) -> None:
    metadata = pl.read_parquet_metadata(demo / "rula_crm_records.parquet")
    assert "SF Record ID: Simulated: no Salesforce system knows it." in metadata["documentation"]


def test_the_demo_prints_the_same_every_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "110")
    monkeypatch.setattr("icp_engine.partnerships.run.draw_chart", lambda *_: {})
    done = call("demo")
    assert (done.exit_code, done.stderr) == (0, "")
    shown = done.stdout.replace(str(PRACTICES), "PRACTICES")
    assert shown == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("day", "harbor", "bluewater", "used"),
    [
        (date(2026, 3, 10), ("ON TRACK", None, 0), ("URGENT - SLA BREACH", 14, 12), 11),
        (date(2026, 3, 11), ("AT RISK", None, 0), ("ON TRACK", 0, 0), 13),
        (date(2026, 3, 16), ("URGENT - SLA BREACH", None, 4), ("URGENT - SLA BREACH", 5, 3), 18),
        (date(2026, 3, 17), ("ON TRACK", 0, 0), ("URGENT - SLA BREACH", 6, 4), 19),
        (date(2026, 3, 20), ("URGENT - SLA BREACH", 3, 1), ("AT RISK", 2, 0), 20),
    ],
)
def test_other_days(tmp_path: Path, day: date, harbor: tuple[Any, ...], bluewater: tuple[Any, ...], used: int) -> None:
    sla = made(tmp_path, day, format="parquet")["rula_sla_tracker"]
    rows = {
        row[0]: row[1:] for row in sla.select("Practice Name", "Status", "Days Since Contact", "Days Overdue").rows()
    }
    assert rows["Harbor Lane Women's Health"] == harbor
    assert rows["Bluewater Pediatrics"] == bluewater
    manifest = json.loads((tmp_path / "rula_run.json").read_text())
    assert (manifest["contacts"]["used"], manifest["contacts"]["after_as_of"]) == (used, 20 - used)


def test_parquet_in_gives_what_csv_in_gives(demo: Path, tmp_path: Path) -> None:
    practices = pl.read_csv(PRACTICES, try_parse_dates=True).with_columns(pl.col("insurance_networks").str.split(";"))
    practices.write_parquet(tmp_path / "p.parquet")
    contacts = pl.read_csv(CONTACTS).with_columns(pl.col("contacted_at").str.to_datetime("%Y-%m-%d %H:%M"))
    contacts.with_columns(pl.col("contacted_at").dt.replace_time_zone("America/Chicago")).write_parquet(
        tmp_path / "c.parquet"
    )
    options = PartnerOptions(
        contacts=(str(tmp_path / "c.parquet"),), as_of=DAY, reading=Reading(time_zone="America/Chicago")
    )
    run_partners([str(tmp_path / "p.parquet")], tmp_path / "out", options, TABLE_PARTS)
    for name in TABLES:
        if name != "rula_problems":
            assert (tmp_path / "out" / f"{name}.csv").read_bytes() == (demo / f"{name}.csv").read_bytes()


def test_little_memory_gives_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f"Practice {number},{number % 30},full,{number % 11}" for number in range(1_000)]
    (tmp_path / "p.csv").write_text("name,provider_count,bh_referral_gap,days_since_contact\n" + "\n".join(rows))
    options = PartnerOptions(as_of=DAY, memory_limit=1)
    run_partners([str(tmp_path / "p.csv")], tmp_path / "one", options, TABLE_PARTS)
    monkeypatch.setattr("icp_engine.partnerships.run.ROW_GROUP", 64)
    run_partners([str(tmp_path / "p.csv")], tmp_path / "many", options, TABLE_PARTS)
    for name in TABLES:
        if name != "rula_problems":
            assert (tmp_path / "one" / f"{name}.csv").read_bytes() == (tmp_path / "many" / f"{name}.csv").read_bytes()


def test_days_since_contact_stands_in_for_a_log(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("name,days_since_contact\nA,3\nB,\nC,0\n")
    run_partners([str(tmp_path / "p.csv")], tmp_path / "out", PartnerOptions(as_of=DAY), ["sla"])
    sla = pl.read_parquet(tmp_path / "out" / "rula_sla_tracker.parquet")
    assert sla.select("Practice Name", "Days Since Contact").rows() == [("B", None), ("A", 3), ("C", 0)]
    (tmp_path / "c.csv").write_text("name,contacted_at\nA,2026-03-15\n")
    options = PartnerOptions(as_of=DAY, contacts=(str(tmp_path / "c.csv"),))
    run_partners([str(tmp_path / "p.csv")], tmp_path / "out", options, ["sla"])
    sla = pl.read_parquet(tmp_path / "out" / "rula_sla_tracker.parquet")
    assert sla.select("Practice Name", "Days Since Contact").rows() == [("B", None), ("A", 1), ("C", 0)]


BAD_PRACTICES = """practice_id,name,provider_count,bh_referral_gap,created_at
1,Odd Gap,3,maybe,2026-01-01
2,Minus,-4,full,2026-01-01
3,Future,4,full,2999-01-01
4,Twin,4,full,
5, twin ,4,full,
6,,4,full,
"""
BAD_CONTACTS = """practice_id,name,contacted_at,owner
1,,2026-03-01,A
,MINUS,2026-03-02,A
,Twin,2026-03-03,A
9,,2026-03-04,A
,,2026-03-04,A
1,,2026-02-30,A
2,,,A
1,,2999-12-31,A
"""
DUE_PROBLEMS = [
    ("bh_referral_gap is none that rula knows; scores 0", "Odd Gap", "maybe", 1),
    ("contact with a practice that is not there; left out", "9", "2026-03-04", 1),
    ("contact with one of several practices of that name; left out, it needs a practice_id", "Twin", "2026-03-03", 1),
    ("contact without a practice; left out", None, "2026-03-04", 1),
    ("contact without contacted_at; left out", "2", None, 1),
    ("contacted_at is after today; left out", "1", "2999-12-31", 1),
    ("contacted_at is not a date; the contact is left out", "1", "2026-02-30", 1),
    ("created_at is after today; the wait counts as 0 days until then", "Future", "2999-01-01", 1),
    ("provider_count is not a whole number, 0 or more; counts as missing", "Minus", "-4", 1),
]


@pytest.fixture
def bad(tmp_path: Path) -> list[object]:
    (tmp_path / "p.csv").write_text(BAD_PRACTICES)
    (tmp_path / "c.csv").write_text(BAD_CONTACTS)
    return [tmp_path / "p.csv", "--contacts", tmp_path / "c.csv", "--as-of", "2026-03-10", "--out", tmp_path / "out"]


def test_every_mistake_is_reported_by_name(tmp_path: Path, bad: list[object]) -> None:
    done = call("sla", *bad)
    assert done.exit_code == 0
    found = pl.read_parquet(tmp_path / "out" / "rula_problems.parquet").rows()
    assert found[:-1] == DUE_PROBLEMS
    assert found[-1] == ("the practice has no name; the row is left out", None, f"{tmp_path / 'p.csv'}, row 6", 1)
    for says, practice, value, _ in DUE_PROBLEMS:
        assert f"1 x {says}: " in done.stderr
        assert str(practice or value) in done.stderr
    manifest = json.loads((tmp_path / "out" / "rula_run.json").read_text())
    assert manifest["practices"] == manifest["practices"] | {"rows": 6, "scored": 5, "left_out": 1}
    assert manifest["contacts"] == manifest["contacts"] | {"rows": 8, "used": 2, "after_as_of": 1}
    assert len(manifest["problems"]) == 10
    assert done.stdout.count("never contacted") == 3


def test_strict_makes_them_errors(tmp_path: Path, bad: list[object]) -> None:
    done = call("sla", *bad, "--strict")
    assert done.exit_code != 0
    assert isinstance(done.exception, InputError)
    assert "1 x provider_count is not a whole number, 0 or more; counts as missing, such as Minus (-4)" in str(
        done.exception
    )
    assert not (tmp_path / "out").exists()


def test_a_mended_file_leaves_no_old_problems(tmp_path: Path, bad: list[object]) -> None:
    call("sla", *bad)
    shutil.copy(PRACTICES, tmp_path / "p.csv")
    shutil.copy(CONTACTS, tmp_path / "c.csv")
    done = call("sla", *bad)
    assert (done.exit_code, done.stderr) == (0, "")
    assert not list((tmp_path / "out").glob("rula_problems*"))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("name\nA\nB\n a \n", "1 practice stands more than once: ' a '; give each a practice_id of its own"),
        ("name,practice_id\nA,1\nB,1\n", "1 practice stands more than once: 'A' (practice_id 1)"),
        ("name\n" + "A\nB\nC\nD\nE\nF\n" * 2, "6 practices stand more than once: 'A', 'B', 'C', 'D', 'E' and 1 more;"),
    ],
)
def test_practices_that_cannot_be_told_apart(tmp_path: Path, rows: str, said: str) -> None:
    (tmp_path / "p.csv").write_text(rows)
    done = call("score", tmp_path / "p.csv", "--out", tmp_path / "out")
    assert isinstance(done.exception, InputError)
    assert said in str(done.exception)
    done = call("score", tmp_path / "p.csv", "--out", tmp_path / "out", "--duplicates", "first")
    assert done.exit_code == 0
    assert "the practice stands a second time; the row is left out" in done.stderr
    names = pl.read_parquet(tmp_path / "out" / "rula_partner_scores.parquet")["Name"]
    assert sorted(names) == sorted(
        {row.split(",")[0] for row in rows.split()[1:]} - ({"a", "B"} if "1\n" in rows else {"a"})
    )


@pytest.mark.parametrize(
    ("files", "args", "said"),
    [
        ({"p.csv": "nam\nA\n"}, [], "has no column 'name' (did you mean 'nam'?); map it with --map name=COLUMN"),
        ({"p.csv": "name\n"}, [], "has no rows"),
        ({"p.csv": "name,x\n,1\n ,2\n"}, [], "has no row with a name"),
        ({"p.csv": "name\nA\n", "c.csv": "name,when\nA,2026-01-01\n"}, ["--contacts"], "contacted_at=COLUMN"),
        ({"p.csv": "name\nA\n", "c.csv": "who,contacted_at\nA,2026-01-01\n"}, ["--contacts"], "nor 'practice_id'"),
        ({"p.csv": "name\nA\n", "c.toml": "tier = 1"}, ["--sla"], "expected a table, found 1"),
        ({"p.csv": "name\nA\n", "c.toml": ""}, ["--scorecard", "icp"], "need the four categories of rula"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_said_in_one_sentence(
    tmp_path: Path, files: dict[str, str], args: list[str], said: str
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    more = [*args, *([tmp_path / list(files)[1]] if len(args) == 1 else [])]
    done = call("sla", tmp_path / "p.csv", "--out", tmp_path / "out", *more)
    assert done.exit_code != 0
    assert said in str(done.exception)
    assert not (tmp_path / "out").exists()


def test_a_run_that_fails_loses_nothing(tmp_path: Path) -> None:
    made(tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in names(tmp_path)}
    (tmp_path / "bad.csv").write_text("name\nA\nA\n")
    with pytest.raises(InputError):
        run_partners([str(tmp_path / "bad.csv")], tmp_path, PartnerOptions(as_of=DAY))
    (tmp_path / "bad.csv").unlink()
    assert {name: (tmp_path / name).read_bytes() for name in names(tmp_path)} == before


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / ".partner-runs" / "20260101T000000000000Z-abcdef.unfinished"
    left.mkdir(parents=True)
    (left / "rula_sla_tracker.csv").write_text("half a file")
    made(tmp_path)
    assert not left.exists()


def test_a_second_run_at_the_same_time_is_refused(tmp_path: Path) -> None:
    with new_run(tmp_path, PARTNERS), pytest.raises(InputError, match="Another run is writing to"):
        made(tmp_path)


def test_parts_of_an_older_run_stay_beside_those_that_are_made_anew(tmp_path: Path) -> None:
    """All names lead through one switch, and hooks that were written once are still there after a look at the SLA."""
    made(tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in names(tmp_path)}
    run_partners([str(PRACTICES)], tmp_path, PartnerOptions(as_of=DAY), ["sla"])
    after = {name: (tmp_path / name).read_bytes() for name in names(tmp_path)}
    changed = {name for name in before if before[name] != after[name]}
    assert after.keys() == before.keys()
    assert changed == {"rula_sla_tracker.csv", "rula_sla_tracker.parquet", "rula_run.json"}
    assert {(tmp_path / name).readlink() for name in after} == {Path(".partners") / name for name in after}
    assert len([path for path in (tmp_path / ".partner-runs").iterdir() if path.is_dir()]) == 1


def test_a_folder_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "rula_sla_tracker.csv").mkdir()
    with pytest.raises(InputError, match="is in the way, and icp-engine did not make it"):
        made(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["rula_sla_tracker.csv"]


@pytest.mark.parametrize(
    ("command", "files", "words"),
    [
        ("score", {"rula_partner_scores"}, [f"Referral partners, rula {shipped_version('rula')}", "Tiers"]),
        ("crm", {"rula_crm_records"}, ["CRM records (record ids are simulated)", "Workload of the owners"]),
        ("sla", {"rula_sla_tracker"}, ["SLA on 2026-03-16", "Who must act"]),
        ("outreach", {"rula_outreach_hooks"}, ["Hooks"]),
    ],
)
def test_each_command_does_its_part(tmp_path: Path, command: str, files: set[str], words: list[str]) -> None:
    log = ["--contacts", CONTACTS, "--as-of", "2026-03-16"] if command in {"crm", "sla"} else []
    done = call(command, PRACTICES, "--out", tmp_path / "out", *log)
    assert (done.exit_code, done.stderr) == (0, "")
    assert {Path(name).stem for name in names(tmp_path / "out")} == {*files, "rula_run"}
    titles = [line for line, under in zip(done.stdout.splitlines(), done.stdout.splitlines()[1:], strict=False)
              if under and set(under) == {"="}]  # fmt: skip
    assert titles == words


def test_json_is_what_the_run_says_of_itself(tmp_path: Path) -> None:
    done = call("sla", PRACTICES, "--contacts", CONTACTS, "--as-of", "2026-03-16", "--out", tmp_path, "--json")
    assert json.loads(done.stdout) == json.loads((tmp_path / "rula_run.json").read_text())


def test_without_a_log_that_is_said(tmp_path: Path) -> None:
    done = call("sla", PRACTICES, "--out", tmp_path, "--as-of", "2026-03-16")
    assert "every practice counts as never contacted. See --contacts." in done.stderr


def test_a_day_in_the_future_is_said(tmp_path: Path) -> None:
    done = call("sla", PRACTICES, "--contacts", CONTACTS, "--as-of", "2999-01-01", "--out", tmp_path)
    assert done.exit_code == 0
    assert "2999-01-01 is after today" in done.stderr


def test_contacts_after_today_never_count(tmp_path: Path) -> None:
    options = PartnerOptions(contacts=(str(CONTACTS),), as_of=date(2026, 3, 20), today=date(2026, 3, 16))
    manifest = run_partners([str(PRACTICES)], tmp_path, options, ["sla"]).manifest
    assert manifest.contacts is not None
    assert (manifest.contacts.used, manifest.after_today) == (18, True)
    assert [(kind.rows, kind.says) for kind in manifest.problems] == [(2, "contacted_at is after today; left out")]


def test_contacts_by_id_want_practices_with_one(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("practice_id,contacted_at\n1,2026-03-01\n")
    done = call("sla", PRACTICES, "--contacts", tmp_path / "c.csv", "--out", tmp_path / "out")
    assert isinstance(done.exception, InputError)
    assert "names practices by practice_id alone, and the practices have no such column" in str(done.exception)


def test_a_log_in_files_of_several_kinds(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "a.csv").write_text("name,contacted_at\nStonebrook Primary Care,2026-03-14\nx,soon\n")
    later = pl.DataFrame({"name": ["Stonebrook Primary Care", "Bluewater Pediatrics"], "owner": ["Zoe", None]})
    later.with_columns(contacted_at=pl.Series([date(2026, 3, 15), None])).write_parquet(tmp_path / "log" / "b.parquet")
    options = PartnerOptions(contacts=(str(tmp_path / "log"),), as_of=DAY)
    manifest = run_partners([str(PRACTICES)], tmp_path / "out", options, ["crm"]).manifest
    crm = pl.read_parquet(tmp_path / "out" / "rula_crm_records.parquet").filter(
        pl.col("Account Name").str.contains("Stone")
    )
    assert crm.select("Owner", "Days Since Last Contact").rows() == [("Zoe", 1)]
    assert {kind.says: kind.rows for kind in manifest.problems} == {
        "contacted_at is not a date; the contact is left out": 1,
        "contact without contacted_at; left out": 1,
        "contact with a practice that is not there; left out": 1,
    }


def test_without_what_draws_the_run_goes_on_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("icp_engine.partnerships.chart.find_spec", lambda _: None)
    with new_run(tmp_path, PARTNERS) as folder:
        (folder / "rula_partner_scores.png").write_bytes(b"of an older run")
        publish(folder, tmp_path, 1, PARTNERS)
    done = call("run", PRACTICES, "--contacts", CONTACTS, "--as-of", "2026-03-16", "--out", tmp_path)
    assert done.exit_code == 0
    assert done.stderr == (f"No rula_partner_scores.html: the chart needs more packages: {install_extra('charts')}.\n")
    assert (tmp_path / "rula_partner_scores.csv").exists()
    assert not (tmp_path / "rula_partner_scores.png").exists(), "it would show other scores than the tables"


def test_without_a_browser_there_is_the_page_and_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing_there() -> None:
        raise InputError("PNG needs an installed Chrome or Chromium.")

    monkeypatch.setattr("icp_engine.charts.png.check_png", nothing_there)
    done = call("report", PRACTICES, "--contacts", CONTACTS, "--as-of", "2026-03-16", "--out", tmp_path)
    assert (done.exit_code, done.stderr) == (
        0,
        "No rula_partner_scores.png: PNG needs an installed Chrome or Chromium.\n",
    )
    assert names(tmp_path) == {"rula_partner_scores.html", "rula_run.json"}
    assert "Summary\n=======" in done.stdout


def test_a_day_that_is_none(tmp_path: Path) -> None:
    done = call("sla", PRACTICES, "--as-of", "16.3.2026", "--out", tmp_path)
    assert done.exit_code == 2
    assert "'16.3.2026' is not a date; write it like 2026-03-16." in done.stderr


def test_a_scorecard_of_ones_own(tmp_path: Path) -> None:
    text = 'id = "mine"\nversion = "1"\ntitle = "T"\nextends = "rula"\n[tier.1]\nat_least = 75\n'
    (tmp_path / "mine.toml").write_text(text)
    found = made(tmp_path / "out", scorecard=str(tmp_path / "mine.toml"))["rula_partner_scores"]
    assert found["Tier"].str.starts_with("Tier 1").sum() == 5


def test_a_scorecard_that_breaks_ties_is_refused_since_lists_of_partners_stand_by_name(tmp_path: Path) -> None:
    text = 'id = "mine"\nversion = "1"\ntitle = "T"\nextends = "rula"\n'
    (tmp_path / "mine.toml").write_text(text + '[[tie_break]]\nfield = "provider_count"\norder = "descending"\n')
    done = call("score", PRACTICES, "--scorecard", tmp_path / "mine.toml", "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert str(done.exception).startswith("mine has [[tie_break]], but lists of partners stand by name")


def test_columns_of_other_names(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("Practice,Providers\nA,25\n")
    (tmp_path / "c.csv").write_text("Who,When\na,3/1/2026\n")
    args = ["--map", "name=Practice", "--map", "provider_count=Providers", "--contacts", tmp_path / "c.csv"]
    args += ["--map-contacts", "name=Who", "--map-contacts", "contacted_at=When", "--as-of", "2026-03-02"]
    done = call("sla", tmp_path / "p.csv", "--out", tmp_path / "out", *args)
    assert done.exit_code == 0
    assert "so '3/1/2026' is read with the month first" in done.stderr
    sla = pl.read_parquet(tmp_path / "out" / "rula_sla_tracker.parquet")
    assert sla.select("Practice Name", "Score", "Days Since Contact").rows() == [("A", 25.0, 1)]
