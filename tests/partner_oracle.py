"""Partnerships once more in plain Python, one practice at a time, from the spec; shares nothing with icp_engine."""

import hashlib
import random
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

Raw = dict[str, str]
Row = dict[str, Any]

PLANS = ["aetna", "anthem", "bluecrossblueshield", "cigna", "humana", "medicaid", "medicare", "oscarhealth"]
PLANS += ["unitedhealthcare", "optum", "molinahealthcare", "centene"]
PROVIDER_EDGES, PROVIDER_POINTS = (21, 11, 6, 3), (25, 20, 15, 10, 5)
VOLUME_EDGES, VOLUME_POINTS = (2001, 1001, 500), (15, 11, 7, 3)
GAPS = {"full": 35, "full gap": 35, "partial": 20, "partial gap": 20, "none": 5, "no gap": 5}
LABELS = {1: "Tier 1 - High Priority", 2: "Tier 2 - Medium Priority", 3: "Tier 3 - Lower Priority"}
URGENT, OVERDUE, AT_RISK, ON_TRACK, MONITOR = (
    "URGENT - SLA BREACH", "OVERDUE", "AT RISK", "ON TRACK", "MONITOR",
)  # fmt: skip
URGENCY = [URGENT, OVERDUE, AT_RISK, ON_TRACK, MONITOR]

# Pieces of notes, the signal that each one is, and the figures that its hook has to name.
PIECES: list[tuple[str, str, list[str]]] = [
    ("6-week waitlist for therapy", "waitlist", ["6"]),
    ("A nine-week wait for a first visit", "waitlist", ["9"]),
    ("waiting list of 12 weeks", "waitlist", ["12"]),
    ("Runs PHQ-9 at intake", "screening", []),
    ("depression Screening is routine", "screening", []),
    ("providers rank behavioral health as their top unmet need", "provider voice", []),
    ("Doctors say mental health is the biggest unmet need", "provider voice", []),
    ("no on-site therapist", "no pathway", []),
    ("No in-house counseling", "no pathway", []),
    ("no current BH partner", "no pathway", []),
    ("no current referral path", "no pathway", []),
    ("1 social worker for 22 providers", "overload", ["1", "22"]),
    ("two therapists for thirty-one physicians", "overload", ["2", "31"]),
    ("decision in the spring", "", []),
    ("moved 3 weeks ago, cannot wait to start", "", []),
    ("Mr. Smith, the manager, prefers mail", "", []),
    ("30 patients for every weekday", "", []),
]
ORDER = ["waitlist", "screening", "provider voice", "no pathway", "overload"]


def whole(text: str) -> int | None:
    """A whole number of 0 or more as it stands in CSV; anything else is missing."""
    try:
        number = float(text.strip())
    except ValueError:
        return None
    return int(number) if number >= 0 and number == int(number) else None


def by_edges(number: int | None, edges: tuple[int, ...], points: tuple[int, ...]) -> int:
    if number is None:
        return 0
    return points[sum(number < edge for edge in edges)]


def tenths_half_even(top: int, bottom: int) -> float:
    """A quotient to one decimal, half to even, without floating point."""
    tenths, rest = divmod(10 * top, bottom)
    up = 2 * rest > bottom or (2 * rest == bottom and tenths % 2 == 1)
    return (tenths + up) / 10


def networks(text: str) -> float:
    if not text.strip():
        return 0.0
    mine = {"".join(part.lower().split()) for part in text.split(";")}
    return tenths_half_even(25 * len(mine & set(PLANS)), len(PLANS))


def points(raw: Raw) -> tuple[int, int, float, int]:
    return (
        by_edges(whole(raw["provider_count"]), PROVIDER_EDGES, PROVIDER_POINTS),
        GAPS.get(raw["bh_referral_gap"].strip().lower(), 0),
        networks(raw["insurance_networks"]),
        by_edges(whole(raw["monthly_patient_volume"]), VOLUME_EDGES, VOLUME_POINTS),
    )


def tier(score: float) -> int:
    return 1 if score >= 70 else 2 if score >= 50 else 3


def standing(number: int, wait: int | None) -> str:
    if number == 3:
        return MONITOR
    limit, risk, over = (2, 1, URGENT) if number == 1 else (7, 5, OVERDUE)
    if wait is None or wait > limit:
        return over
    return AT_RISK if wait >= risk else ON_TRACK


def action(number: int, notes: str) -> str:
    lead = notes.split(";", maxsplit=1)[0].strip().removesuffix(".").strip()
    if number == 1:
        return f"Personalized email - Lead with: {lead}" if lead else "Personalized email"
    return "Templated intro email" if number == 2 else "Drip nurture sequence - revisit in 90 days"


def key(raw: Raw) -> str:
    if raw["practice_id"].strip():
        return f"id:{raw['practice_id'].strip()}"
    return f"name:{' '.join(raw['name'].lower().split())}"


def record_id(text: str) -> str:
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    digest = hashlib.md5(text.encode()).digest()
    body = ""
    for half in (digest[:8], digest[8:]):
        number = int.from_bytes(half, "little")
        for _ in range(6):
            number, place = divmod(number, 62)
            body += letters[place]
    return checked(f"001{body}")


def checked(short: str) -> str:
    """An id of 15 characters with its checksum, as Salesforce documents it."""
    checks = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    chunks = (short[start : start + 5] for start in (0, 5, 10))
    return short + "".join(checks[sum(2**place for place, one in enumerate(part) if one.isupper())] for part in chunks)


def signal(pieces: Iterable[tuple[str, str, list[str]]], gap: str) -> tuple[str, list[list[str]]]:
    """The first signal in order, and the figures of every piece that is one of its kind."""
    found = list(pieces)
    for name in ORDER:
        figures = [match[2] for match in found if match[1] == name]
        if figures:
            return name, figures
    return ("full gap" if GAPS.get(gap.strip().lower()) == 35 else "generic"), []


def latest(contacts: list[Row], as_of: date) -> tuple[datetime | None, str | None]:
    """When the latest contact up to a day was, and the owner of the latest that names one."""
    seen = [contact for contact in contacts if contact["contacted_at"].date() <= as_of]
    owned = [(one["contacted_at"], one["owner"]) for one in seen if one["owner"]]
    return max((one["contacted_at"] for one in seen), default=None), max(owned)[1] if owned else None


def expected(raw: Raw, contacts: list[Row], as_of: date) -> Row:
    """All that the tables should say of a practice."""
    parts = points(raw)
    score = round(sum(parts), 2)
    number = tier(score)
    moment, owner = latest(contacts, as_of)
    days = (as_of - moment.date()).days if moment else None
    created = raw["created_at"].strip()
    wait = days if days is not None or not created else max(0, (as_of - date.fromisoformat(created)).days)
    limit = {1: 2, 2: 7, 3: None}[number]
    overdue = None if limit is None or wait is None else max(0, wait - limit)
    return {
        "record": record_id(key(raw)),
        "points": parts,
        "score": score,
        "tier": number,
        "label": LABELS[number],
        "days": days,
        "wait": wait,
        "status": standing(number, wait),
        "limit": limit,
        "overdue": overdue,
        "owner": raw["owner"].strip() or owner,
        "action": action(number, raw["notes"]),
    }


def random_practice(rng: random.Random, number: int) -> tuple[Raw, list[tuple[str, str, list[str]]]]:
    """A practice as CSV holds it, full of traps, and the pieces of its notes."""
    edges = ["", "0", "2", "3", "5", "6", "10", "11", "20", "21", "22", "-1", "4.0", "4.5", "many", "NA"]
    volumes = ["", "0", "499", "500", "501", "1000", "1001", "2000", "2001", "9000", "-5", "1e3", "lots"]
    gaps = ["full", " FULL ", "Full Gap", "full", "partial", "Partial gap", "none", "No gap", "maybe", "", "gap"]
    spelled = ["Aetna", " AETNA", "anthem", "Blue Cross  Blue Shield", "Cigna", "humana ", "Medicaid", "MEDICARE"]
    spelled += [
        "Oscar Health",
        "UnitedHealthcare",
        "United Healthcare",
        "Optum",
        "Molina Healthcare",
        "Centene",
        "Other",
    ]
    pieces = rng.sample(PIECES, rng.choice([0, 1, 1, 2, 3]))
    end = rng.choice(["", ".", " "])
    plans = rng.sample(spelled, rng.choice([0, 1, 5, 9, len(spelled)]))
    raw = {
        "practice_id": f"P{number}" if number % 3 else "",
        "name": f"Practice  {number}",
        "practice_type": rng.choice(["Primary Care", "Pediatrics", ""]),
        "location": rng.choice(["Erie, PA", ""]),
        "provider_count": rng.choice(edges),
        "bh_referral_gap": rng.choice(gaps),
        "insurance_networks": "; ".join(plans),
        "monthly_patient_volume": rng.choice(volumes),
        "notes": "; ".join(text for text, *_ in pieces) + (end if pieces else ""),
        "owner": rng.choice(["", "", "", "Given Owner"]),
        "created_at": rng.choice(["", "2026-02-26", "2026-03-01", "2026-03-02", "2026-01-01"]),
    }
    return raw, pieces
