"""Which rows of public files belong to which clinics, and what that makes known of them."""

from collections.abc import Iterable

import polars as pl

from icp_engine.database import Database, sql_text
from icp_engine.extract.public.kinds import KINDS

_LISTS = (
    "match_enrollments",
    "match_health_center_enrollments",
    "match_health_centers",
    "match_exclusions",
    "match_acos",
)
_AMOUNTS = ("match_clinicians", "match_group_sizes", "match_utilization", "match_institutional", "match_owners")
_COLUMNS = "clinic_id, source_row, field, file, key, value, match, detail, dated"


def match_lists(db: Database, complete: Iterable[str], more: Iterable[str] = ()) -> None:
    """Make `matches` and `clinic_flags`: what enrolments, health centers, exclusions and ACOs say of clinics.

    Reads `clinic_ids`, `clinic_npis`, `clinic_names`, `clinic_places`, `clinic_enrollments` and the tables of files.
    `more` names further SQL files whose matches set flags.
    """
    db.copy("complete_files", pl.DataFrame({"field": _false_fields(db, complete)}, schema={"field": pl.String}))
    steps = (*_LISTS, *more)
    for step in steps:
        db.table(step, sql_text(f"build/{step}"))
    db.table("matches", " union all ".join(f"select {_COLUMNS} from {step}" for step in steps))
    db.table("clinic_flags", sql_text("build/clinic_flags"))


def match_amounts(db: Database) -> None:
    """Add to `matches` what files of clinicians, amounts and owners say, and sum it up by clinic."""
    db.table("clinicians", sql_text("build/clinicians"))
    for step in _AMOUNTS:
        db.table(step, sql_text(f"build/{step}"))
        db.run(f"insert into matches select {_COLUMNS} from {step}")
    for step in ("clinic_use", "clinic_size", "clinic_owners"):
        db.table(step, sql_text(f"build/{step}"))


def matched(db: Database) -> dict[str, tuple[int, int]]:
    """Return by kind of file how many of its rows belong to a clinic, and how many clinics have one."""
    counts = db.frame(
        "select file, count(distinct source_row) as matched, count(distinct clinic_id) as clinics from matches "
        "where source_row is not null group by file union all "
        "select 'locations', count(*), count(distinct clinic_id) from locations join clinic_npis using (npi) union all "
        "select 'other_names', count(*), count(distinct clinic_id) from other_names join clinic_npis using (npi)"
    )
    return {name: (matched, clinics) for name, matched, clinics in counts.iter_rows()}


def _false_fields(db: Database, complete: Iterable[str]) -> list[str]:
    """Return the fields that are false where no complete file says otherwise.

    An enrolment file stands for those that it could know: only the fee-for-service file holds every enrolment, and
    only that of health centers all of them.
    """
    fields = {field for name in complete for field in KINDS[name].false_by}
    if "enrollments" in complete:
        kinds = set(db.frame("select distinct kind from enrollments")["kind"])
        if "fee for service" not in kinds:
            fields.discard("pecos_enrolled")
        if "fqhc" not in kinds and "hrsa" not in complete:
            fields.discard("fqhc_flag")
    return sorted(fields)
