"""What a run is asked to do."""

from dataclasses import dataclass, field
from typing import Literal

from icp_engine.extract.reading import AS_IT_STANDS, Reading
from icp_engine.networks.grouping import NetworkOptions


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a run is asked to do; the defaults are those of the command line. `memory_limit` is in bytes.

    The first of several scorecards is the main one: it orders the clinics, and networks are made of its scores.
    Without `networks` clinics are scored and explained only: no network columns, no networks, no warehouse file.
    Without `charts` there are no pictures and no report. With `stability` clinics have the share of variations of the
    weights in which they keep their tier.
    """

    scorecard: str | tuple[str, ...] = "icp"
    mapping: dict[str, str] = field(default_factory=dict)
    reading: Reading = AS_IT_STANDS
    format: Literal["both", "parquet"] = "both"
    bibliography: bool = False
    stability: bool = False
    duplicates: Literal["error", "first"] = "error"
    strict: bool = False
    networks: bool = True
    network: NetworkOptions = field(default_factory=NetworkOptions)
    partition_by: str | None = None
    charts: bool = True
    keep: int = 2
    memory_limit: int = 4 << 30
    temp_dir: str | None = None
