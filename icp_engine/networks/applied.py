"""Decisions put to work in a run: as ties, as clinics that are kept apart, as anchors and names of networks."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import polars as pl

from icp_engine.columns import KEY, STATE
from icp_engine.database import Database
from icp_engine.extract.normalized_names import normalized_name
from icp_engine.networks.apart import keep_apart
from icp_engine.networks.decisions import (
    OVERTAKEN,
    PLACED,
    UNDONE,
    Decision,
    Pair,
    check_consistent,
    pairs_of,
    taken_back,
    with_states,
)
from icp_engine.networks.match_names import match_name
from icp_engine.networks.values import KIND_OF_VALUE, VALUES

HOLDS, NOT_BY_NAMES = "holds", "needs --grouping evidence"
_DECISIONS = ("line", "decided_at", "author", "action", "subject", "object", "reason", "state")
_AFTER_ALL_LINES = 2**63 - 1
_PAIRS = {"line": pl.Int64, "together": pl.Boolean, KEY: pl.String, "other_clinic_id": pl.String}


@dataclass(frozen=True, slots=True)
class Applied:
    """Decisions as they bear on the clinics of a run, and the pairs of clinics that they join or keep apart."""

    decisions: tuple[Decision, ...] = ()
    pairs: tuple[Pair, ...] = ()

    def holding(self, *actions: str) -> list[Decision]:
        """Return the decisions of some actions that hold."""
        return [decision for decision in self.decisions if decision.action in actions and decision.state == HOLDS]

    def pair_frame(self) -> pl.DataFrame:
        """Return the pairs as a table."""
        rows = [(pair.line, pair.together, pair.clinic, pair.other) for pair in self.pairs]
        return pl.DataFrame(rows, _PAIRS, orient="row")

    def lines_by_state(self) -> dict[str, tuple[int, ...]]:
        """Return the numbers of lines by what became of them."""
        lines: dict[str, tuple[int, ...]] = {}
        for decision in self.decisions:
            lines[decision.state] = (*lines.get(decision.state, ()), decision.line)
        return lines

    def frame(self) -> pl.DataFrame:
        """Return the decisions as a table."""
        rows = [tuple(getattr(decision, name) for name in _DECISIONS) for decision in self.decisions]
        return pl.DataFrame(
            rows, {name: pl.Int64 if name == "line" else pl.String for name in _DECISIONS}, orient="row"
        )


def apply_to(decisions: Iterable[Decision], clinics: pl.DataFrame, placed: pl.Series) -> Applied:
    """Find out what decisions mean for the clinics of a run.

    Args:
        decisions: of the file.
        clinics: key and state.
        placed: the clinics that `--network-overrides` places, which no decision moves.

    Raises:
        InputError: two lines contradict each other.
    """
    every = tuple(decisions)
    gone = taken_back(every)
    decisions = tuple(decision for decision in every if decision.action != "undo" and decision.line not in gone)
    undone = [replace(decision, state=UNDONE) if decision.line in gone else decision for decision in every
              if decision not in decisions]  # fmt: skip
    if not decisions:
        return Applied(tuple(undone))
    named = pl.Series([name for decision in decisions for name in (*decision.subjects, decision.object)])
    found = clinics.filter(pl.col(KEY).is_in(named.implode()))[KEY]
    known = {*found, *clinics[STATE].drop_nulls().unique()}
    pairs = pairs_of(decisions, set(found))
    check_consistent(pairs, decisions)
    out = set(placed)
    told = sorted([*undone, *with_states(decisions, known, out, pairs)], key=lambda decision: decision.line)
    return Applied(tuple(told), tuple(pair for pair in pairs if not out & {pair.clinic, pair.other}))


def excluded_by(applied: Applied) -> pl.DataFrame:
    """Return the normalised names that decisions exclude."""
    names = pl.DataFrame(
        {"name": [decision.subject for decision in applied.holding("exclude_name")]}, {"name": pl.String}
    )
    return names.select(normalized_name(pl.col("name")).alias("normalized_name")).drop_nulls().unique()


def decided_values(applied: Applied, clinics: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """Return the ties that decisions make, as rows of `clinic_values`.

    Args:
        applied: the decisions.
        clinics: clinic and key.
        names: clinic and its name as grouping compares it.
    """
    rows = [
        (clinic, f"line {pair.line}") for pair in applied.pairs if pair.together for clinic in (pair.clinic, pair.other)
    ]
    merged = pl.DataFrame(rows, {KEY: pl.String, "value": pl.String}, orient="row").join(clinics, on=KEY)
    kinds = {kind: pl.lit(kind, KIND_OF_VALUE).alias("kind") for kind in ("decision", "brand_prefix")}
    values = [pl.DataFrame(schema=VALUES), merged.select("clinic", kinds["decision"], "value")]
    subjects = pl.DataFrame(
        {"name": [decision.subject for decision in applied.holding("brand_prefix")]}, {"name": pl.String}
    )
    for prefix in subjects.select(match_name(pl.col("name")))["name"].drop_nulls().unique():
        of_brand = names.filter((pl.col("name") == prefix) | pl.col("name").str.starts_with(f"{prefix} "))
        values.append(of_brand.select("clinic", kinds["brand_prefix"], pl.lit(prefix).alias("value")))
    return pl.concat(values).unique()


def register_decided(db: Database, applied: Applied, by_override: Iterable[str] = ()) -> None:
    """Make `decided_clinics` readable: who was joined by a decision, whom overrides or the last line make anchors."""
    merged = {clinic for pair in applied.pairs if pair.together for clinic in (pair.clinic, pair.other)}
    anchors = {decision.subject: decision.line for decision in applied.holding("anchor")}
    anchors |= dict.fromkeys(by_override, _AFTER_ALL_LINES)
    rows = [(clinic, clinic in merged, anchors.get(clinic)) for clinic in sorted(merged | anchors.keys())]
    columns = {KEY: pl.String, "is_merged": pl.Boolean, "anchor_line": pl.Int64}
    db.register("decided_clinics", pl.DataFrame(rows, columns, orient="row"))


def take_apart(db: Database, applied: Applied, kinds: Iterable[str]) -> Applied:
    """Part what decisions keep apart, in `linked_clinics` and `clinic_edges`; return them with the pairs of states.

    Raises:
        InputError: a state is to leave a network, and another line joins a clinic of it with one that stays.
    """
    applied = replace(applied, pairs=(*applied.pairs, *_pairs_of_states(db, applied)))
    check_consistent(applied.pairs, applied.decisions)
    db.register("decision_pairs", applied.pair_frame())
    joined = db.frame(
        "select stays.clinic, leaves.clinic as leaves, root from decision_pairs "
        "join evidence_clinics as stays using (clinic_id) "
        "join evidence_clinics as leaves on leaves.clinic_id = other_clinic_id "
        "join linked_clinics as linked on linked.clinic = stays.clinic "
        "join linked_clinics as other using (root) where other.clinic = leaves.clinic and not together"
    )
    if joined.is_empty():
        return applied
    db.register("roots_to_part", joined.select("root").unique())
    db.table("clinics_to_part", "select clinic from linked_clinics semi join roots_to_part using (root)")
    edges = db.frame("select clinic, kind, value from clinic_edges semi join clinics_to_part using (clinic)")
    parted = keep_apart(edges, joined.select("clinic", "leaves").iter_rows(), kinds)
    alone = edges.join(parted, on="clinic").filter(pl.len().over("kind", "value", "root") == 1)
    db.register("ties_of_nobody", alone.select("clinic", "kind", "value"))
    db.register("parted_clinics", parted)
    db.table(
        "linked_clinics",
        "select clinic, coalesce(parted_clinics.root, linked_clinics.root) as root "
        "from linked_clinics left join parted_clinics using (clinic)",
    )
    db.table(
        "clinic_edges",
        "select clinic, kind, value, min(clinic) over (partition by root, kind, value) as other "
        "from clinic_edges join linked_clinics using (clinic) anti join ties_of_nobody using (clinic, kind, value)",
    )
    return applied


def _pairs_of_states(db: Database, applied: Applied) -> list[Pair]:
    """Return the clinics of states that are to leave a network, each beside the one that stays."""
    rows = [
        (decision.line, decision.object, subject)
        for decision in applied.holding("split")
        for subject in decision.subjects
    ]
    db.register("state_splits", pl.DataFrame(rows, {"line": pl.Int64, KEY: pl.String, STATE: pl.String}, orient="row"))
    found = db.frame(
        "select line, state_splits.clinic_id, leaving.clinic_id as other from state_splits "
        "join evidence_clinics as staying using (clinic_id) "
        "join linked_clinics as linked on linked.clinic = staying.clinic "
        "join linked_clinics as beside on beside.root = linked.root "
        "join evidence_clinics as leaving on leaving.clinic = beside.clinic "
        "where leaving.state_code = state_splits.state_code and leaving.clinic_id <> state_splits.clinic_id"
    )
    return [Pair(line, together=False, clinic=clinic, other=other) for line, clinic, other in found.iter_rows()]


def rename_networks(db: Database, applied: Applied) -> pl.DataFrame:
    """Give networks the names that decisions give them; return these: network and `display_name`, the last line's."""
    rows = [(decision.line, decision.subject, decision.object) for decision in applied.holding("rename")]
    names = pl.DataFrame(rows, {"line": pl.Int64, KEY: pl.String, "display_name": pl.String}, orient="row")
    names = names.with_columns(network_name=normalized_name(pl.col("display_name")))
    db.register("decided_names", names)
    db.table(
        "network_renames",
        "select network_id, display_name, decided_names.network_name from decided_names "
        "join network_members using (clinic_id) "
        "qualify row_number() over (partition by network_id order by line desc) = 1",
    )
    if rows:
        db.table(
            "network_members",
            "select network_members.* replace (coalesce(network_renames.network_name, network_members.network_name) "
            "as network_name) from network_members left join network_renames using (network_id)",
        )
    return db.frame("select network_id, display_name from network_renames")


def settled(db: Database, applied: Applied) -> Applied:
    """Return decisions with what became of anchors and names: a later line on the same network holds instead."""
    wanted = applied.holding("anchor", "rename")
    rows = [(decision.line, decision.action, decision.subject) for decision in wanted]
    db.register("decided", pl.DataFrame(rows, {"line": pl.Int64, "action": pl.String, KEY: pl.String}, orient="row"))
    found = db.frame(
        "select line, network_id is null as nowhere, "
        "line < max(line) over (partition by action, network_id) as overtaken, "
        "action = 'anchor' and not is_forced_anchor as overridden "
        "from decided left join network_members using (clinic_id)"
    )
    states = {
        line: "its clinic is in no network" if nowhere else OVERTAKEN if overtaken else PLACED
        for line, nowhere, overtaken, overridden in found.iter_rows()
        if nowhere or overtaken or overridden
    }
    told = tuple(replace(decision, state=states.get(decision.line, decision.state)) for decision in applied.decisions)
    return replace(applied, decisions=told)
