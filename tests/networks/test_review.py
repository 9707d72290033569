"""The review queue: what is asked, in which order, what is not asked, and what answers do."""

from itertools import product
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner, Result

from icp_engine.cli import cli
from icp_engine.errors import InputError
from icp_engine.networks.decisions import read_decisions
from icp_engine.networks.grouping import NetworkOptions
from icp_engine.pipeline.run import RunOptions, run
from icp_engine.published.review import export_questions, import_answers, question, questions
from icp_engine.published.run import open_run


def row(clinic: str, name: str, state: str | None, owner: str | None = None) -> dict[str, Any]:
    return {"clinic_id": clinic, "account_name": name, "state_code": state, "pac_id": owner}


# So many names that those of the cases are common or rare as their words say.
WORDS = list(map("".join, product("abcdefgh", repeat=3)))
CROWD = [row(f"z{word}", f"q{word} Memorial Hospital", "AK") for word in WORDS]
CLINICS = [
    *(row(f"m{place}", "Memorial Hospital", state) for place, state in enumerate(["TX", "TX", "TX", "OK", "OK", "CA"])),
    *(row(f"h{place}", "Hospital", state) for place, state in enumerate(["TX", "OK"])),
    *(row(f"o{place}", "Memorial", state, str(place)) for place, state in enumerate(["TX", "OK"], 1)),  # owners differ
    *(row(f"r{place}", "Zephyr Quillon Aardvark", state) for place, state in enumerate(["TX", "OK"])),  # rare: grouped
    row("s0", "Walden Onyxcare", "TX"),
    row("s1", "Waldem Onyxcare", "OK"),
    *(row(f"t{place}", name, "NV") for place, name in enumerate(["Larkin Umbercare", "Larkim Umbercare"])),  # one state
]  # fmt: skip


def publish(out: Path, *, review: bool = True, clinics: list[dict[str, Any]] = CLINICS, **options: Any) -> Path:
    out.mkdir(exist_ok=True)
    pl.DataFrame([*clinics, *CROWD]).write_parquet(out.parent / "clinics.parquet")
    asked = RunOptions(format="parquet", charts=False, network=NetworkOptions(review=review, **options))
    run([str(out.parent / "clinics.parquet")], out, asked)
    return out


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(tmp_path_factory.mktemp("review") / "out")


def call(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


def asked(out: Path) -> dict[str, dict[str, Any]]:
    """Questions by their first name, in their order."""
    return {found["name_a"]: found for found in questions(open_run(out)).to_dicts()}


def test_what_is_asked(warehouse: Path) -> None:
    found = asked(warehouse)
    assert list(found) == ["memorial hospital", "hospital", "walden onyxcare"]
    memorial = found["memorial hospital"]
    assert (memorial["clinics_a"], memorial["clinics_b"], memorial["would_change"]) == (3, 3, 3)
    assert (memorial["states"], memorial["sides"]) == ("CA,OK,TX", ["m0", "m3", "m5"])
    spelling = found["walden onyxcare"]
    assert (spelling["kind"], spelling["name_b"], spelling["states"]) == ("spelling_states", "waldem onyxcare", "OK,TX")
    assert spelling["similarity"] == pytest.approx(1 - 1 / 15, abs=0.001)
    assert spelling["would_change"] == 2  # neither is a network


def test_a_question_has_its_sides(warehouse: Path) -> None:
    run = open_run(warehouse)
    found = question(run, asked(warehouse)["memorial hospital"]["question_id"])
    assert found.sides.select("clinic_id", "state_code", "num_clinics").rows() == [
        ("m0", "TX", 3),
        ("m3", "OK", 2),
        ("m5", "CA", 1),
    ]
    with pytest.raises(InputError, match="has no question 'q_0'; see icp-engine review list"):
        question(run, "q_0")


def test_sides_of_questions_are_ties_that_wait(warehouse: Path) -> None:
    with open_run(warehouse).database() as db:
        ties = db.frame("from network_edges where status = 'review' order by value, clinic_id")
        others = db.frame("select distinct kind, status, similarity from network_edges where network_id is not null")
    due = [
        (None, side, found["kind"], found["question_id"], "review", found["similarity"])
        for found in sorted(asked(warehouse).values(), key=lambda found: found["question_id"])
        for side in sorted(found["sides"])
    ]
    assert ties.rows() == due
    assert sorted(others.rows()) == [("name", "automatic", None), ("name_rare", "automatic", None)]


def test_without_review_there_is_no_queue(tmp_path: Path) -> None:
    out = publish(tmp_path / "out", review=False)
    with pytest.raises(InputError, match="has no review queue; run again with --review"):
        questions(open_run(out))


def test_on_the_command_line(warehouse: Path) -> None:
    listed = call("review", "list", "-w", warehouse).output
    assert [line.split()[1] for line in listed.splitlines()[2:]] == ["name_states", "name_states", "spelling_states"]
    assert "walden onyxcare = waldem onyxcare" in listed
    assert len(call("review", "list", "-w", warehouse, "--limit", 1).output.splitlines()) == 3
    assert len(call("review", "list", "-w", warehouse, "--kind", "spelling_states").output.splitlines()) == 3
    wrong = call("review", "list", "-w", warehouse, "--kind", "name_state").exception
    assert "did you mean 'name_states'" in str(wrong)
    assert "nothing to ask" in call("review", "list", "-w", warehouse, "--kind", "owners").output
    shown = call("review", "show", asked(warehouse)["memorial hospital"]["question_id"], "-w", warehouse).output
    assert "3 clinics would get another network" in shown


def test_answers_on_the_command_line(warehouse: Path, tmp_path: Path) -> None:
    hospital = asked(warehouse)["memorial hospital"]["question_id"]
    words = ("-w", warehouse, "--decisions", tmp_path / "d.csv", "--author", "Ann")
    assert "line 2 (merge m0 m3): holds" in call("review", "decide", "yes", hospital, "--dry-run", *words).output
    assert "lines 2 to 3: they hold" in call("review", "decide", "yes", hospital, *words).output
    other = asked(warehouse)["hospital"]["question_id"]
    assert "line 4 (not_same h0 h1)" in call("review", "decide", "no", other, *words).output
    assert "has no question 'q_0'" in str(call("review", "decide", "yes", "q_0", *words).exception)


# A first word of ten names in three states.
BRAND = [
    row(f"b{place}", f"Corvane Health {word}", ("TX", "OK", "CA")[place % 3]) for place, word in enumerate(WORDS[:10])
]


@pytest.mark.parametrize(
    ("said", "line"), [("yes", ("brand_prefix", "corvane health", "")), ("no", ("not_same", "b0", "b1"))]
)
def test_an_answer_on_a_brand(said: str, line: tuple[str, str, str], tmp_path: Path) -> None:
    out = publish(tmp_path / "out", clinics=BRAND)
    [brand] = [found for found in asked(out).values() if found["kind"] == "brand_prefix"]
    call("review", "decide", said, brand["question_id"], "-w", out)
    [decision] = read_decisions(out / "decisions.csv")
    assert (decision.action, decision.subject, decision.object) == line
    publish(out, clinics=BRAND)
    assert all(found["kind"] != "brand_prefix" for found in asked(out).values())


def answer(path: Path, answers: dict[str, str]) -> None:
    """Fill in a sheet as people do, by the names in its questions."""
    sheet = (
        pl.read_csv(path, infer_schema=False) if path.suffix == ".csv" else pl.read_excel(path, infer_schema_length=0)
    )
    name = pl.col("question").str.extract("called (.*) in [A-Z,]+ one")
    filled = sheet.with_columns(answer=name.replace_strict(answers, default=None), reason=pl.lit("seen"))
    if path.suffix == ".csv":
        filled.write_csv(path)
    else:
        filled.write_excel(path)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_answers_of_a_sheet_become_decisions(kind: str, tmp_path: Path) -> None:
    pytest.importorskip("xlsxwriter")
    pytest.importorskip("fastexcel")
    out, sheet = publish(tmp_path / "out"), tmp_path / f"sheet.{kind}"
    assert "3 questions in" in call("review", "export", "-w", out, "--out", sheet).output
    assert call("review", "import", sheet, "-w", out).output.startswith("There is no answer.")
    answer(sheet, {"memorial hospital": "Yes", "hospital": " no "})
    told = call("review", "import", sheet, "-w", out, "--author", "Ann").output
    assert told.startswith(f"3 lines in {out / 'decisions.csv'}")
    lines = [
        (line.action, line.subject, line.object, line.author, line.reason)
        for line in read_decisions(out / "decisions.csv")
    ]
    assert sorted(lines) == [
        ("merge", "m0", "m3", "Ann", "seen"),
        ("merge", "m0", "m5", "Ann", "seen"),
        ("not_same", "h0", "h1", "Ann", "seen"),
    ]
    publish(out)
    assert list(asked(out)) == ["walden onyxcare"]
    members = pl.read_parquet(out / "clinics_icp_with_networks.parquet").filter(
        pl.col("clinic_id").str.starts_with("m")
    )
    assert members["network_id"].n_unique() == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("question_id\nx\n", "has no column 'answer'; export the sheet anew"),
        ("question_id,answer\nq_0,perhaps\n", "row 2: the answer is 'perhaps'; write yes or no, or leave it blank"),
        ("question_id,answer\nq_0,\nq_1,y\n", "row 3: the run has no question 'q_1'"),
    ],
)
def test_sheets_that_cannot_be_taken_in(text: str, sentence: str, warehouse: Path, tmp_path: Path) -> None:
    (tmp_path / "sheet.csv").write_text(text)
    with pytest.raises(InputError, match=sentence):
        import_answers(open_run(warehouse), tmp_path / "sheet.csv", tmp_path / "decisions.csv", "now", "Ann")
    assert not (tmp_path / "decisions.csv").exists()
    with pytest.raises(InputError, match=r"ends in neither \.csv nor \.xlsx"):
        import_answers(open_run(warehouse), tmp_path / "sheet.txt", tmp_path / "decisions.csv", "now", "Ann")


@pytest.mark.parametrize(("again", "lines"), [("YES", 2), ("no", None)])
def test_a_question_that_a_sheet_answers_twice(again: str, lines: int | None, warehouse: Path, tmp_path: Path) -> None:
    """As when two people's sheets are put together: the same counts once, and of others nobody knows which holds."""
    key = asked(warehouse)["memorial hospital"]["question_id"]
    sheet, path = tmp_path / "sheet.csv", tmp_path / "decisions.csv"
    sheet.write_text(f"question_id,answer,reason\n{key},yes,Ann\n{key},,\n{key},{again},Ben\n")
    if lines is None:
        with pytest.raises(InputError, match=f"rows 2 and 4: {key} is answered with yes and with no; leave one"):
            import_answers(open_run(warehouse), sheet, path, "now", "Ann")
        assert not path.exists()
    else:
        written = import_answers(open_run(warehouse), sheet, path, "now", "Ann")
        assert [(line.action, line.reason) for line in written] == [("merge", "Ann")] * lines


def test_answers_that_contradict_decisions_write_nothing(warehouse: Path, tmp_path: Path) -> None:
    sheet, path = tmp_path / "sheet.csv", tmp_path / "decisions.csv"
    export_questions(open_run(warehouse), sheet)
    answer(sheet, {"memorial hospital": "yes"})
    path.write_text("decided_at,author,action,subject,object,reason\n,,not_same,m3,m5,\n")
    with pytest.raises(InputError, match="Decisions contradict each other: line 4"):
        import_answers(open_run(warehouse), sheet, path, "now", "Ann")
    assert len(read_decisions(path)) == 1
