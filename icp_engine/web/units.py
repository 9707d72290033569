"""The clinics that hang together with one, though too few to be a network: what a side of a question stands for."""

from collections.abc import Iterable

from icp_engine.api.snapshot import Snapshot, members_of
from icp_engine.columns import HELPERS, KEY, STATE
from icp_engine.database import Database, quoted
from icp_engine.networks.evidence import NORMALIZED_NAME
from icp_engine.published.by_id import clinics_by_id
from icp_engine.published.review import QUEUE
from icp_engine.web.kept import Kept

_NAME = f"{HELPERS}{NORMALIZED_NAME}"
_SIDES = "select distinct * from (select unnest(sides), unnest(side_clinics) as clinics from {queue}) where clinics > 1"
_SAME_NAME = (  # the table is sorted by state, so that it reads a part of it
    f"select {KEY} from clinics where network_id is null and {STATE} = $state and {quoted(_NAME)} = $name "
    f"order by {KEY}"
)


def clinics_of(run: Snapshot, db: Database, clinics: Iterable[str]) -> dict[str, tuple[str, ...] | None]:
    """Return the clinics that each of some stands for: of its network, of its name in its state, or itself alone.

    The run knows how many a side of a question has. Where as many bear its name, it is these; where not, others tie
    them, which the run does not tell, and the answer is None.
    """
    columns = ", ".join(quoted(name) for name in (KEY, STATE, "network_id", _NAME) if name in run.given)
    rows = clinics_by_id(db, list(dict.fromkeys(clinics)), columns)
    return {row[KEY]: _together(run, db, row) for row in rows.iter_rows(named=True)}


def _together(run: Snapshot, db: Database, row: dict[str, str | None]) -> tuple[str, ...] | None:
    clinic, network = str(row[KEY]), row["network_id"]
    if network is not None:
        return tuple(members_of(run, network)[KEY])
    size = _OF_SIDES.of(run).get(clinic, 1)
    if size == 1:
        return (clinic,)
    found = db.rows(_SAME_NAME, {"state": row[STATE], "name": row.get(_NAME)}) if _NAME in row else []
    named = tuple(str(each) for (each,) in found)
    return named if len(named) == size and clinic in named else None


def _sizes(run: Snapshot) -> dict[str, int]:
    """Return how many clinics sides have, of those that have several; older runs do not say."""
    with run.db.cursor() as db:
        if ("table", QUEUE) not in db.relations() or "side_clinics" not in db.columns(QUEUE):
            return {}
        return dict(db.rows(_SIDES.format(queue=QUEUE)))


_OF_SIDES = Kept(_sizes)
