"""`/runs`: the published run and those that are kept, with what each says of itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from starlette.requests import Request

from icp_engine.api.snapshot import Snapshot
from icp_engine.errors import IcpError
from icp_engine.scorecard.loader import restore_scorecard
from icp_engine.warehouse.folder import runs_by_age
from icp_engine.warehouse.manifest import Manifest, read_manifest
from icp_engine.web.rows import short_tier


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run: what it says of itself, its clinics by tier, and whether it is the one that answers."""

    run_id: str
    manifest: Manifest
    tiers: tuple[tuple[str, int, int], ...]
    is_current: bool


def show(run: Snapshot, request: Request) -> tuple[str, Mapping[str, Any]]:  # noqa: ARG001
    """Return the page of runs, the newest first; a run that cannot be read is counted."""
    lines, unread = kept_runs(run)
    return "runs", {"lines": lines, "unread": unread}


def kept_runs(run: Snapshot) -> tuple[list[RunLine], int]:
    """Return the runs that can be read, the newest first, and how many cannot."""
    lines, unread = [], 0
    for folder in runs_by_age(run.run.warehouse):
        try:
            manifest, tiers = _read(folder)
        except IcpError:
            unread += 1
            continue
        lines.append(RunLine(folder.name, manifest, tiers, folder.name == run.run_id))
    return lines, unread


@lru_cache(maxsize=32)
def _read(folder: Path) -> tuple[Manifest, tuple[tuple[str, int, int], ...]]:
    """Return what a run says of itself, which stays as it is, and its clinics by tier."""
    manifest = read_manifest(folder)
    card = restore_scorecard(manifest.scorecard.content, f"scorecard of run {folder.name}")
    return manifest, tuple((short_tier(tier), tier.number, manifest.tiers.get(tier.number, 0)) for tier in card.tiers)
