"""Group scored clinics into networks: settings and inputs made ready here, the work done by the files of sql/."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import polars as pl

from icp_engine.columns import FIELDS, KEY, NAME, STATE
from icp_engine.database import Database, quoted, sql_text
from icp_engine.errors import InputError, did_you_mean, first_line
from icp_engine.extract.conform import ABSENT_IN_ANY_CASE, as_text
from icp_engine.extract.ids import bare_id, whole_ids
from icp_engine.extract.normalized_names import normalized_name
from icp_engine.named_files import check_no_pipe, read_text
from icp_engine.networks.applied import NOT_BY_NAMES, Applied, apply_to, excluded_by, rename_networks, settled
from icp_engine.networks.decisions import Decision, read_decisions
from icp_engine.networks.evidence import NO_DECISIONS, NORMALIZED_NAME, STEPS, group_by_evidence
from icp_engine.networks.identity import NO_FORMER, Former, compare_with_former, register_former
from icp_engine.networks.neutral import (
    CLINIC_SCORES,
    GROUPED,
    NETWORK_SCORES,
    clinic_sql,
    named_members,
    named_networks,
    tier_tables,
    view,
)
from icp_engine.networks.review import review_queue
from icp_engine.scorecard.model import Scorecard

NETWORKS = "networks_icp"
_EXACT = ("shared_names", "network_candidates", "network_members", "network_edges", "network_evidence")
_OVERRIDES = {KEY: pl.String, "network_name": pl.String, "is_anchor": pl.Boolean}
_ID = r"^net_[0-9a-f]{12}$"
NO_EDGES = pl.DataFrame(
    schema=dict.fromkeys(("network_id", KEY, "kind", "value", "status"), pl.String) | {"similarity": pl.Float64}
)
Grouping = Literal["evidence", "exact"]


@dataclass(frozen=True, slots=True)
class NetworkOptions:
    """How clinics are grouped; the defaults are those of the command line."""

    min_clinics: int = 2
    min_states: int = 2
    min_single_state: int = 3
    mean: Literal["weighted", "median"] = "weighted"
    exclude_names: str | None = None
    overrides: str | None = None
    decisions: str | None = None
    review: bool = False
    grouping: Grouping = "evidence"


@dataclass(frozen=True, slots=True)
class ByHand:
    """What people say of networks: names that never group, where clinics are put, and decisions."""

    excluded: pl.DataFrame
    overrides: pl.DataFrame
    decisions: tuple[Decision, ...] = ()


@dataclass(frozen=True, slots=True)
class Networks:
    """What grouping found: one row per network, one row of columns per member, and why if nothing was found.

    `edges` has what ties the members together, `candidates` every shared name and what kept it apart, `aliases` where
    ids went that are no longer in use, `changes` what became of the networks of the run before, `applied` the
    decisions, `questions` the review queue where it was asked for, `idle_parents` how many clinics have a parent that
    ties nobody, since it repeats their names.
    """

    networks: pl.DataFrame
    columns: pl.DataFrame
    shared_names: int
    excluded: pl.DataFrame
    overrides: pl.DataFrame
    edges: pl.LazyFrame
    candidates: pl.DataFrame
    aliases: pl.DataFrame
    changes: pl.DataFrame
    applied: Applied = NO_DECISIONS
    questions: pl.DataFrame | None = None
    idle_parents: int = 0

    @property
    def why_none(self) -> str | None:
        """One sentence on why there is no network; None where there is one."""
        if len(self.networks):
            return None
        if not self.shared_names:
            return "No network: no two clinics share an organisation name (is account_name there, and mapped?)."
        word = "name" if self.shared_names == 1 else "names"
        return (
            f"No network: {self.shared_names:,} shared {word}, kept apart by the rules "
            "(--grouping, --min-clinics, --min-states, --min-single-state, --exclude-names); "
            "network_candidates of icp.duckdb says by which."
        )


def by_hand(options: NetworkOptions) -> ByHand:
    """Return what the files say that options name.

    Raises:
        InputError: a file cannot be used.
    """
    decisions = read_decisions(Path(options.decisions)) if options.decisions else ()
    return ByHand(excluded_names(options.exclude_names), read_overrides(options.overrides), decisions)


def register_settings(db: Database, card: Scorecard, options: NetworkOptions, said: ByHand | Networks) -> None:
    """Make the tables that the SQL files read beside the clinics: settings, tiers, names to exclude, overrides."""
    db.table(
        "run_settings",
        "select $min_clinics::bigint as min_clinics, $min_states::bigint as min_states, "
        "$min_single_state::bigint as min_single_state, $mean as network_mean, $grouping as grouping",
        {
            "min_clinics": options.min_clinics,
            "min_states": options.min_states,
            "min_single_state": options.min_single_state,
            "mean": options.mean,
            "grouping": options.grouping,
        },
    )
    for name, frame in tier_tables(card).items():
        db.copy(name, frame)
    db.copy("excluded_names", said.excluded)
    db.copy("network_overrides", said.overrides)


def find_networks(
    db: Database,
    clinics: pl.DataFrame,
    card: Scorecard,
    options: NetworkOptions,
    former: Former = NO_FORMER,
    said: ByHand | None = None,
    *,
    scores: Sequence[Path] = (),
) -> Networks:
    """Group scored clinics.

    Args:
        db: an empty database to work in.
        clinics: the columns of `network_inputs`, `normalized_name`, and those that hold evidence where there are any.
            With `scores`, of the first ones key, name and state will do.
        card: the scorecard of the scores.
        options: how to group.
        former: the networks of the run before, whose ids stay; by exact names ids follow the names.
        said: what people say of networks, instead of what the files of the options say.
        scores: Parquet files with the columns of `network_inputs`, where clinics do not fit into memory with them.

    Raises:
        InputError: a file of names or overrides cannot be used, or names an unknown clinic.
    """
    db.register("scored", clinics)
    if scores:
        db.view_parquet("scores", *scores)
    inputs = ", ".join(map(quoted, network_inputs(card)))
    db.view("icp_scores", f"select {inputs} from {'scores' if scores else 'scored'}")
    db.view("icp_bands", f"select {KEY}, {NORMALIZED_NAME} from scored")
    said = said or by_hand(options)
    register_settings(db, card, options, said)
    register_former(db, former)
    _check_overrides(db)
    idle_parents = 0
    if options.grouping == "exact":
        applied = Applied(tuple(replace(decision, state=NOT_BY_NAMES) for decision in said.decisions))
        for step in _EXACT:
            db.table(step, sql_text(step))
    else:
        placed = db.frame("select clinic_id from network_overrides")["clinic_id"]
        applied = apply_to(said.decisions, clinics, placed)
        db.copy(
            "excluded_names", pl.concat([db.frame("from excluded_names"), excluded_by(applied)]).unique().sort(pl.all())
        )
        applied, idle_parents = group_by_evidence(db, clinics, applied, goes_on=True, review=options.review)
        if not options.review:
            db.forget(*STEPS)
    renamed = rename_networks(db, applied)
    members = "icp_scores semi join network_members using (clinic_id)"  # a tenth of all
    view(db, CLINIC_SCORES, clinic_sql(card), members, GROUPED)
    db.table(NETWORK_SCORES, sql_text("networks"))
    aliases, changes = compare_with_former(db)
    is_asked = options.review and options.grouping == "evidence"
    questions = review_queue(db, applied, clinics, card) if is_asked else None
    return Networks(
        networks=named_networks(_with_names(db.frame(f"from {NETWORK_SCORES}"), renamed), card),
        columns=named_members(db.frame(sql_text("network_columns")), card),
        shared_names=db.frame("select count(*) as n from network_candidates").item(),
        excluded=db.frame("from excluded_names"),
        overrides=db.frame("from network_overrides"),
        edges=_edges(db, questions).lazy(),
        candidates=db.frame("from network_candidates"),
        aliases=aliases,
        changes=changes,
        applied=settled(db, applied),
        questions=questions,
        idle_parents=idle_parents,
    )


def _edges(db: Database, questions: pl.DataFrame | None) -> pl.DataFrame:
    """Return what ties clinics together, and what may: the sides of questions."""
    in_order = "order by network_id, clinic_id, kind, value"  # in which no two are the same
    joined = db.frame(f"select {', '.join(NO_EDGES.columns)} from network_edges {in_order}")
    if questions is None:
        return joined
    db.register("questions", questions)
    return pl.concat([joined, db.frame(f"{sql_text('review/review_edges')} order by all")])


def _with_names(networks: pl.DataFrame, renamed: pl.DataFrame) -> pl.DataFrame:
    """Return networks with the names that decisions give them."""
    return networks.update(renamed, on="network_id") if len(renamed) else networks


def excluded_names(path: str | None) -> pl.DataFrame:
    """Return the names that must never group, one line each in a text file, normalised like all others."""
    if path is None:
        return pl.DataFrame(schema={"normalized_name": pl.String})
    lines = read_text(Path(path), "--exclude-names").splitlines()
    names = pl.DataFrame({"name": lines}, schema={"name": pl.String})
    return names.select(normalized_name(pl.col("name")).alias("normalized_name")).drop_nulls().unique().sort(pl.all())


def read_overrides(path: str | None) -> pl.DataFrame:
    """Return the overrides of a CSV or Parquet file: clinic, normalised network name (missing: none), anchor or not.

    Raises:
        InputError: the file cannot be read, lacks a column, or says two things of one clinic or network.
    """
    if path is None:
        return pl.DataFrame(schema=_OVERRIDES)
    frame = _read(path)
    frame = frame.filter(~pl.all_horizontal(pl.all().is_null()))  # blank lines
    for name in (KEY, "network_name"):
        if name not in frame.columns:
            near = did_you_mean(name, frame.columns) or f" among {', '.join(map(repr, frame.columns))}"
            raise InputError(f"{path} has no column '{name}'{near}; overrides need it.")
    frame = whole_ids(frame.lazy(), frame.schema, FIELDS).collect()
    anchor = frame["is_anchor"] if "is_anchor" in frame.columns else pl.Series("is_anchor", [None] * len(frame))
    word = anchor.cast(pl.String).str.strip_chars().str.to_lowercase()
    wrong = word.filter(~word.is_in(["", "0", "1", "true", "false", "yes", "no", "y", "n", "t", "f"]))
    if len(wrong):
        raise InputError(f"{path}: is_anchor is {wrong[0]!r} somewhere; write true or false.")
    overrides = frame.select(
        bare_id(as_text(pl.col(KEY), frame.schema[KEY])).alias(KEY),
        normalized_name(pl.col("network_name").cast(pl.String)).alias("network_name"),
        word.is_in(["1", "true", "yes", "y", "t"]).fill_null(value=False).alias("is_anchor"),
    )
    if (overrides[KEY] == "").fill_null(value=True).any():
        raise InputError(f"{path} has a line without a {KEY}; name the clinic, or remove the line.")
    written = frame["network_name"].cast(pl.String).str.strip_chars()
    empty = written.filter((written != "") & overrides["network_name"].is_null())
    if len(empty):
        raise InputError(f"{path}: network_name {empty[0]!r} has no letter or digit; leave it blank for no network.")
    ids = written.filter(written.str.contains(_ID))
    if len(ids):
        raise InputError(f"{path}: network_name {ids[0]!r} is the id of a network; write its name.")
    absent = written.filter(written.is_in(ABSENT_IN_ANY_CASE))  # of R and pandas, and no network of that name
    if len(absent):
        raise InputError(f"{path}: network_name {absent[0]!r} is no name; leave it blank for no network.")
    _check_consistent(overrides, path)
    return overrides


def _read(path: str) -> pl.DataFrame:
    check_no_pipe(path)
    try:
        return pl.read_parquet(path) if path.lower().endswith(".parquet") else pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"--network-overrides {path} cannot be read ({first_line(error)}).") from error


def _check_consistent(overrides: pl.DataFrame, path: str) -> None:
    twice = overrides.filter(pl.col(KEY).is_duplicated())[KEY]
    if len(twice):
        raise InputError(f"{path} names clinic '{twice[0]}' more than once; keep one line.")
    anchors = overrides.filter("is_anchor")
    if anchors["network_name"].null_count():
        clinic = anchors.filter(pl.col("network_name").is_null())[KEY][0]
        raise InputError(f"{path} makes clinic '{clinic}' an anchor without a network_name; name the network.")
    two = anchors.filter(pl.col("network_name").is_duplicated())
    if len(two):
        both = " and ".join(two.filter(pl.col("network_name") == two["network_name"][0])[KEY].head(2))
        raise InputError(f"{path} gives network '{two['network_name'][0]}' two anchors, {both}; keep one.")


def _check_overrides(db: Database) -> None:
    named = "icp_scores semi join network_overrides using (clinic_id)"  # no list of all clinics for a few
    unknown = db.frame(f"from network_overrides anti join ({named}) using (clinic_id) select clinic_id limit 1")
    if len(unknown):
        raise InputError(f"--network-overrides names clinic '{unknown.item()}', which the extract does not have.")


def network_inputs(card: Scorecard) -> list[str]:
    """Return the columns of a scored clinic that grouping reads, beside the normalised name."""
    label = card.column("tier_label")
    scores = (column.name for column in card.columns if column.name != label)
    return [KEY, NAME, STATE, *scores, "npi_count", "site_count", "fqhc_flag", "aco_member"]
