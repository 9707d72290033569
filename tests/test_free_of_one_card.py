"""Nothing in Python or SQL belongs to one scorecard: no column, category, tier, segment or label of the shipped ones.

What is looked at are the texts and names of the code, not its comments and docstrings, which give examples.
`sql/analyst` holds examples for the shipped clinic scorecard, to be copied and changed; it names its columns.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import icp_engine
from icp_engine.networks.columns import member_columns, networks_columns

ROOT = Path(__file__).resolve().parents[1]
CARDS = [icp_engine.load_scorecard(name) for name in ("icp", "icp-2025-11", "icf")]
# Tables and files that are called so whatever the scorecard, as the warehouse is specified.
TABLES = {"icp_scores", "icp_bands", "clinics_icp", "clinics_icp_with_networks", "networks_icp", "icp_engine"}
ELSEWHERE = ("partnerships/", "cli/partners/")  # about one scorecard by intent: rules of referral partners
ALLOWED = {
    ("extract/validate.py", "icp"): "the scorecard that is taken unless another is named",
    ("pipeline/options.py", "icp"): "the same",
    ("scorecard/loader.py", "icp"): "the same",
    ("cli/options.py", "icp"): "the same",
    ("cli/scorecard.py", "icp"): "the same",
    ("api/routes.py", "icp"): "the paths of the API, /icp/..., are the same for every scorecard",
    ("charts/png.py", "scale"): "an option of kaleido",
    ("crm/setup.py", "scale"): "the decimals of a number, as the metadata of Salesforce calls them",
    ("scorecard/toml/build.py", "scale"): "a key of [fields]: the top of a field's scale",
    ("scorecard/toml/format.py", "scale"): "the same",
    ("scorecard/toml/check.py", "strategic_segment"): "what worked examples call the segment beside a category segment",
    ("columns.py", "icp"): "the start of helper columns, which no table keeps but the warehouse file's own",
    ("database.py", "B"): "bytes, in a setting of DuckDB",
}
WORDS = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def belonging() -> tuple[set[str], set[str], set[str]]:
    """Columns and codes of the shipped clinic scorecards, names that stand for one of their parts, and labels."""
    columns: set[str] = set()
    parts: set[str] = set()
    labels: set[str] = set()
    for card in CARDS:
        contract = (*card.columns, *member_columns(card), *networks_columns(card))
        columns |= {column.name for column in contract if card.prefix in column.name.split("_")}
        columns |= {category.driver for category in card.categories if category.driver}
        columns |= {card.column("reason_codes"), *(rule.column for rule in card.characteristics)}
        parts |= {category.name for category in card.categories} | {category.breakdown for category in card.categories}
        parts |= {card.prefix, *card.segments, *card.segment_names.values()}
        labels |= {tier.label for tier in (*card.tiers, *card.network_tiers, *card.categories) if " " in tier.label}
        labels |= set(card.segments.values())
    return columns, parts, labels


COLUMNS, PARTS, LABELS = belonging()
NEUTRAL = {"segment"}  # a category of the shipped cards, and what every scorecard calls its segments


def docstrings(tree: ast.Module) -> set[int]:
    """The nodes that are docstrings, or texts that stand alone."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every text of the code, pieces of f-strings too, and every name and keyword, with its line."""
    left_out = docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in left_out:
            yield node.lineno, node.value
        elif isinstance(node, ast.Name | ast.Attribute):
            yield node.lineno, f"{node.id if isinstance(node, ast.Name) else node.attr}()"


def of_one_card(text: str) -> set[str]:
    """What of the shipped scorecards a text holds: columns and labels anywhere, names of parts as the whole text."""
    words = set(WORDS.findall(text)) - TABLES
    found = words & COLUMNS
    found |= {word for word in words if re.match(r"(network_|avg_clinic_)?icp_", word)}
    found |= {label for label in LABELS if label in text}
    whole = text.strip("/ _")
    return found | ({whole} & (PARTS - NEUTRAL))


def python() -> Iterator[Path]:
    return (
        path
        for path in sorted((ROOT / "icp_engine").rglob("*.py"))
        if not path.relative_to(ROOT / "icp_engine").as_posix().startswith(ELSEWHERE)
    )


def test_python_belongs_to_no_scorecard() -> None:
    found, used = [], set()
    for path in python():
        name = path.relative_to(ROOT / "icp_engine").as_posix()
        for line, text in texts(ast.parse(path.read_text(encoding="utf-8"))):
            for word in of_one_card(text):
                used.add((name, word))
                if (name, word) not in ALLOWED:
                    found.append(f"{name}:{line}: {word}")
    assert not found, "\n".join(found)
    assert used >= ALLOWED.keys(), f"no longer needed: {ALLOWED.keys() - used}"


def statements(path: Path) -> str:
    """The text of a SQL file without comments."""
    return re.sub(r"--.*", "", path.read_text(encoding="utf-8"))


def of_one_card_in_sql(text: str) -> set[str]:
    words = set(WORDS.findall(text)) - TABLES
    found = words & (COLUMNS | PARTS - NEUTRAL)
    found |= {word for word in words if re.search(r"(^|_)icp_", word) and not word.startswith("__icp_")}
    return found | set(re.findall(r"\btier\s*(?:=|<=?|>=?|in)\s*\(?\d", text))


@pytest.mark.parametrize(
    "path",
    [path for path in sorted((ROOT / "sql").rglob("*.sql")) if path.parent.name != "analyst"],
    ids=lambda path: str(path.relative_to(ROOT / "sql")),
)
def test_sql_belongs_to_no_scorecard(path: Path) -> None:
    assert of_one_card_in_sql(statements(path)) == set()


def test_templates_belong_to_no_scorecard() -> None:
    for path in sorted((ROOT / "icp_engine" / "report" / "templates").glob("*.html")):
        words = set(WORDS.findall(path.read_text(encoding="utf-8"))) - TABLES
        assert not words & COLUMNS, path.name


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("network_icp_tier", {"network_icp_tier"}),
        ("select icp_fit_score from icp_scores", {"icp_fit_score"}),
        ("icp_something_new", {"icp_something_new"}),
        ("pain", {"pain"}),
        ("/icp", {"icp"}),
        ("A", {"A"}),
        ("a poor fit, and A for effort", set()),
        ("Tier 1 - HOT is best", {"Tier 1 - HOT"}),
        ("clinics_icp_with_networks", set()),
    ],
)
def test_what_counts_as_belonging_to_a_scorecard(text: str, due: set[str]) -> None:
    assert of_one_card(text) == due


@pytest.mark.parametrize("text", ["select fit", "x.icp_tier", "where tier <= 2", "'strategic_segment'", "'A'"])
def test_what_counts_in_sql(text: str) -> None:
    assert of_one_card_in_sql(text)


def test_column_descriptions_state_no_number_of_a_scorecard() -> None:
    """A maximum may stand in a unit, which comes from the scorecard."""
    for card in CARDS:
        for column in (*card.columns, *member_columns(card), *networks_columns(card)):
            numbers = set(re.findall(r"\d+", column.description)) - {"1", "2", "12", "5"}  # best tier, pairs, md5
            assert not numbers, column
            assert not re.search(r"\b(three|four|five|six|A before B)\b", column.description), column
