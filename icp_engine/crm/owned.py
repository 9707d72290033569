"""Which owner each record of a hand-off gets: the one that the CRM has, while on the team, or one dealt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from icp_engine.columns import HELPERS
from icp_engine.crm.dealing import ACCOUNT, OWNER, POINTS, SEGMENT, STATE, deal, hundredths
from icp_engine.crm.mapping import CrmMapping, Kind
from icp_engine.crm.records import EXTERNAL_ID, FIELD, OBJECT
from icp_engine.crm.sources import (
    FRESH_ID,
    OF_SEGMENT,
    OF_STATE,
    OWNER_EMAIL,
    OWNER_NAME,
    PARENT,
    RECORD_KEY,
    SCORE,
)
from icp_engine.crm.team import Owner

_HELD = f"{HELPERS}held_owner"
_OF_BEST = f"{HELPERS}owner_of_best"


@dataclass(frozen=True, slots=True)
class Owned:
    """The owners of a hand-off.

    Attributes:
        team: who takes accounts.
        clinics: `RECORD_KEY` and `OWNER` of all clinics that have one.
        networks: `FRESH_ID` and the owner of its best clinic.
        held: `EXTERNAL_ID` and the owner that the CRM has, of those still on the team.
        accounts: clinics of each owner; those without under an empty name.
    """

    team: Sequence[Owner]
    clinics: pl.DataFrame
    networks: pl.DataFrame
    held: pl.DataFrame
    accounts: Mapping[str, int] = field(default_factory=dict)

    def on_clinics(self, clinics: pl.LazyFrame) -> pl.LazyFrame:
        """Return clinics with address and name of the owner, where there is a team."""
        if not self.team:
            return clinics
        return _named(clinics.join(self.clinics.lazy(), on=RECORD_KEY, how="left"), self.team)

    def on_networks(self, networks: pl.LazyFrame) -> pl.LazyFrame:
        """Return networks with the owner that they have, or else that of their best clinic."""
        if not self.team:
            return networks
        both = networks.join(self.held.lazy(), on=EXTERNAL_ID, how="left")
        both = both.join(self.networks.lazy(), on=FRESH_ID, how="left")
        return _named(both.with_columns(pl.coalesce(OWNER, _OF_BEST).alias(OWNER)), self.team)


def _named(records: pl.LazyFrame, team: Sequence[Owner]) -> pl.LazyFrame:
    names = [owner.name for owner in team]
    email = pl.col(OWNER).replace_strict(names, [owner.email for owner in team], default=None, return_dtype=pl.String)
    return records.with_columns(email.alias(f"{HELPERS}{OWNER_EMAIL}"), pl.col(OWNER).alias(f"{HELPERS}{OWNER_NAME}"))


def owners_of(clinics: pl.LazyFrame, state: pl.LazyFrame, mapping: CrmMapping, team: Sequence[Owner]) -> Owned:
    """Return who owns the clinics and networks of a hand-off.

    Args:
        clinics: all that are wanted, with `EXTERNAL_ID`.
        state: what the CRM holds: an account keeps its owner while that is on the team.
        mapping: says in which field the CRM has the owner.
        team: who takes accounts; nobody has an owner where it is empty.
    """
    nobody = pl.DataFrame(schema=dict.fromkeys((RECORD_KEY, OWNER), pl.String))
    if not team:
        return Owned(team, nobody, nobody, nobody)
    held = pl.concat([_held(state, kind, mapping, team) for kind in ("network", "clinic")])
    accounts = clinics.join(held.lazy(), on=EXTERNAL_ID, how="left").select(
        pl.col(RECORD_KEY).alias(ACCOUNT),
        OWNER,
        hundredths(SCORE).alias(POINTS),
        pl.col(OF_STATE).alias(STATE),
        pl.col(OF_SEGMENT).alias(SEGMENT),
        pl.col(f"{HELPERS}{PARENT}").alias(FRESH_ID),
    ).collect()  # fmt: skip
    dealt = deal(accounts.lazy(), team)
    owned = accounts.join(dealt, on=ACCOUNT, how="left", suffix="_dealt").with_columns(
        pl.coalesce(OWNER, f"{OWNER}_dealt").alias(OWNER)
    )
    best = (
        owned.filter(pl.col(FRESH_ID).is_not_null() & pl.col(OWNER).is_not_null())
        .sort(POINTS, ACCOUNT, descending=[True, False])
        .unique(FRESH_ID, keep="first")
        .select(FRESH_ID, pl.col(OWNER).alias(_OF_BEST))
    )
    counts = dict(owned.group_by(pl.col(OWNER).fill_null("")).len().sort(OWNER).iter_rows())
    found = owned.filter(pl.col(OWNER).is_not_null()).select(pl.col(ACCOUNT).alias(RECORD_KEY), OWNER)
    return Owned(team, found, best, held, counts)


def _held(state: pl.LazyFrame, kind: Kind, mapping: CrmMapping, team: Sequence[Owner]) -> pl.DataFrame:
    """Return `EXTERNAL_ID` and `OWNER` of the records of a kind that somebody of the team has in the CRM."""
    target = next((target for target in mapping.targets[kind] if target.column == OWNER_EMAIL), None)
    if target is None or FIELD + target.name not in state.collect_schema():
        return pl.DataFrame(schema=dict.fromkeys((EXTERNAL_ID, OWNER), pl.String))
    emails, names = [owner.email for owner in team], [owner.name for owner in team]
    owner = pl.col(FIELD + target.name).replace_strict(emails, names, default=None, return_dtype=pl.String)
    rows = state.filter(pl.col(OBJECT) == kind).select(EXTERNAL_ID, owner.alias(OWNER))
    return rows.filter(pl.col(OWNER).is_not_null()).unique(EXTERNAL_ID).collect()
