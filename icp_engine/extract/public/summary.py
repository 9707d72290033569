"""What a build came to, as values and as JSON: per file what was read, used and matched, and what clinics there are."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from icp_engine.database import Database
from icp_engine.extract.public.matching import matched
from icp_engine.extract.public.source import FileCount, Source

_EDGE = 70  # characters at which NPPES cut names in version 1


@dataclass(frozen=True, slots=True)
class FileSummary:
    """Files of one kind, in rows. `joined` are those that were looked up: one per provider or group where rows add up.

    Of main files nothing is looked up.
    """

    files: tuple[FileCount, ...]
    invalid_npis: int = 0
    complete: bool = False
    joined: int | None = None
    matched: int | None = None
    clinics: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def read(self) -> int:
        """Rows of all files."""
        return sum(file.read for file in self.files)

    @property
    def used(self) -> int:
        """Rows that are used, of all files."""
        return sum(file.used for file in self.files)

    @property
    def not_matched(self) -> int | None:
        """Rows that were looked up and belong to no clinic."""
        return None if self.joined is None or self.matched is None else self.joined - self.matched


@dataclass(frozen=True, slots=True)
class BuildSummary:
    """A build: files, organisations used and left out by reason, and clinics, of which `written` are in the extract.

    Of those that are written, `with_unlinked_rows` have rows that may be of several organisations, and
    `names_at_the_edge` may have been cut. `possible_exclusions` share a name and a state with one.
    """

    built: str
    seconds: float
    files: Mapping[str, FileSummary]
    organizations: int
    left_out: Mapping[str, int]
    clinics: int
    no_clinics: int
    written: int
    with_several_npis: int
    with_unlinked_rows: int
    names_at_the_edge: int
    possible_exclusions: int
    segments: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class FlagCount:
    """How many clinics have a flag that is true, and how many one that is false."""

    true: int
    false: int


@dataclass(frozen=True, slots=True)
class EnrichSummary:
    """What public files added to an extract: rows, files, and flags by their names."""

    rows: int
    seconds: float
    files: Mapping[str, FileSummary]
    flags: Mapping[str, FlagCount]


def summary_content(summary: BuildSummary | EnrichSummary) -> dict[str, Any]:
    """Return a summary as `build.json` or `enrich.json` has it."""
    files = {
        name: {"read": found.read, "used": found.used, "not_matched": found.not_matched, **asdict(found)}
        for name, found in summary.files.items()
    }
    return {**asdict(summary), "files": files}


def file_summaries(db: Database, sources: Mapping[str, Source], complete: frozenset[str]) -> dict[str, FileSummary]:
    """Return by kind of file what was read, used and matched."""
    found = matched(db)
    summaries = {}
    for name, source in sources.items():
        rows, clinics = found.get(name, (0, 0))
        if name == "deactivated":
            rows = int(db.frame("select count(*) from deactivated semi join organizations using (npi)").item())
        joined = int(db.frame(f"select count(*) from {name}").item())
        summaries[name] = FileSummary(
            source.files, source.invalid_npis, name in complete, joined, rows, clinics, source.notes
        )
    return summaries


def build_summary(db: Database, files: Mapping[str, FileSummary], built: str, seconds: float) -> BuildSummary:
    """Return the summary of a build from its tables, `extract` among them, which holds the clinics that are written."""
    left_out = db.frame("select left_out, count(*) from organizations where left_out is not null group by 1 order by 1")
    labels = db.frame(
        "select coalesce(segment_label, 'not known'), count(*) from extract group by 1 order by 2 desc, 1"
    )
    clinics, no_clinics = db.frame("select count(*), count(*) filter (not is_clinic) from clinic_segments").row(0)
    written, several, unlinked, edge = db.frame(
        "select count(*), count(*) filter (org_npi_count > 1), count(*) filter (unlinked_rows > 0), "
        f"count(*) filter (length(account_name) = {_EDGE}) from extract"
    ).row(0)
    possible = db.frame("select count(distinct clinic_id) from matches where match = 'possible'").item()
    return BuildSummary(
        built=built,
        seconds=seconds,
        files=files,
        organizations=int(db.frame("select count(*) from members").item()),
        left_out=dict(left_out.rows()),
        clinics=clinics,
        no_clinics=no_clinics,
        written=written,
        with_several_npis=several,
        with_unlinked_rows=unlinked,
        names_at_the_edge=edge,
        possible_exclusions=int(possible),
        segments=dict(labels.rows()),
    )
