"""A clinic or a network that a run does not have, and the ids that look most like the one asked for."""

from icp_engine.api.snapshot import Snapshot
from icp_engine.web.rows import clinic_url, network_url

_NEAR = 5
_SHORTEST = 3  # characters that ids must begin with alike
_STARTS = (
    "select clinic_id from clinics where starts_with(clinic_id, $start) "
    "order by levenshtein(clinic_id, $asked), clinic_id limit $limit"
)


class NotFoundError(Exception):
    """There is none of that id.

    Attributes:
        what: clinic or network.
        asked: the id that was asked for.
        near: addresses and ids that begin alike.
        why: what became of it, where that is known.
    """

    def __init__(self, what: str, asked: str, near: tuple[tuple[str, str], ...] = (), why: str = "") -> None:
        super().__init__(f"There is no {what} '{asked}'.")
        self.what, self.asked, self.near, self.why = what, asked, near, why


def no_clinic(run: Snapshot, clinic_id: str) -> NotFoundError:
    """Return what is said of a clinic that is not there."""
    with run.db.cursor() as db:
        for length in sorted({len(clinic_id), len(clinic_id) * 2 // 3, len(clinic_id) // 3}, reverse=True):
            if length < _SHORTEST:
                break
            found = db.frame(_STARTS, {"start": clinic_id[:length], "asked": clinic_id, "limit": _NEAR})
            if len(found):
                return NotFoundError(
                    "clinic", clinic_id, tuple((clinic_url(near), near) for near in found["clinic_id"])
                )
    return NotFoundError("clinic", clinic_id)


def no_network(run: Snapshot, network_id: str) -> NotFoundError:
    """Return what is said of a network that is not there."""
    if run.former_ids.get(network_id, network_id) is None:
        why = "Its clinics are gone, or they are no network any more."
        return NotFoundError("network", network_id, why=why)
    start = network_id[: max(_SHORTEST + 4, len(network_id) // 2)]
    near = [known for known in run.places if known.startswith(start)][:_NEAR]
    return NotFoundError("network", network_id, tuple((network_url(known), known) for known in near))
