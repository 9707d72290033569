"""The kinds of public files that a build reads, and the columns of each that its SQL knows."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

_TEXT, _DAY, _FLAG = pl.String(), pl.Date(), pl.Boolean()
_COUNT, _NUMBER, _LIST = pl.Int64(), pl.Float64(), pl.List(pl.String)

MATCHES = "build_matches.parquet"
"""Which rows of which files set which fields: beside an extract that `build` or `enrich` wrote."""

MATCH_COLUMNS = ("clinic_id", "field", "file", "key", "value", "match", "detail")

Schema = dict[str, pl.DataType]


def matches_beside(paths: Iterable[str]) -> Path | None:
    """Return the file of matches that lies beside one of the files of an extract, if there is one."""
    folders = (Path(path).parent for path in paths if "://" not in path)
    return next((folder / MATCHES for folder in folders if (folder / MATCHES).is_file()), None)


def _columns(texts: str, **others: pl.DataType) -> Schema:
    return {**dict.fromkeys(texts.split(), _TEXT), **others}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file: what its reader returns, and the fields that may be false where it is declared complete.

    `by_name` says that its rows are matched by names too.
    """

    name: str
    columns: Schema
    false_by: tuple[str, ...] = ()
    needs_enrollments: bool = False
    by_name: bool = False

    @property
    def option(self) -> str:
        """The option of the command line that names such files."""
        return f"--{self.name.replace('_', '-')}"


KINDS = {
    kind.name: kind
    for kind in (
        Kind("locations", _columns("npi address_1 city state zip5")),
        Kind("other_names", _columns("npi name")),
        Kind("deactivated", _columns("npi", deactivated_on=_DAY)),
        Kind(
            "leie",
            _columns("npi name name_key city state zip5 exclusion_type", excluded_on=_DAY),
            false_by=("oig_leie_flag",),
            by_name=True,
        ),
        Kind(
            "hrsa",
            _columns("npi site_name center_name state city grant_number"),
            false_by=("fqhc_flag",),
            by_name=True,
        ),
        Kind(
            "enrollments",
            _columns("npi ccn pac_id enrollment_id state name dba_name kind", person=_FLAG),
            false_by=("pecos_enrolled", "fqhc_flag"),
        ),
        Kind(
            "owners",
            _columns(
                "enrollment_id owner_pac_id owner_name",
                share=_NUMBER,
                controls=_FLAG,
                private_equity=_FLAG,
                chain_home_office=_FLAG,
            ),
            false_by=("pe_backed_flag", "chain_home_office"),
            needs_enrollments=True,
        ),
        Kind(
            "reassignments",
            _columns("clinician_enrollment_id enrollment_id pac_id clinician_npi", employers=_COUNT),
            needs_enrollments=True,
        ),
        Kind("group_sizes", _columns("pac_id", members=_COUNT), needs_enrollments=True),
        Kind("institutional", _columns("ccn", bene_count=_COUNT, allowed_amt=_NUMBER), needs_enrollments=True),
        Kind(
            "utilization",
            _columns("npi", services_count=_COUNT, bene_count=_COUNT, allowed_amt=_NUMBER, by_service=_FLAG),
        ),
        Kind("aco", _columns("aco_id name name_key", areas=_LIST), false_by=("aco_member",), by_name=True),
        Kind("features", {}),
    )
}
