"""The grouping of clinics into networks once more, in plain Python, from the spec.

It shares nothing with icp_engine: an error has to be made twice to go unnoticed. Scores are whole hundredths here and
means are fractions, so nothing is rounded but once. test_networks.py compares the engine with it, on random clinics
full of traps.
"""

import hashlib
import random
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod
from typing import Any

Row = dict[str, Any]
Edges = float | dict[str, float] | None  # the least total, or the least of some parts, or none
Tiers = tuple[tuple[Edges, int, str], ...]  # edges, number, label; best first, the last has none

CATEGORIES = {"fit": 20, "pain": 20, "compliance": 10, "propensity": 10, "scale": 20, "segment": 20}
SCORES = [f"icp_{name}_score" for name in CATEGORIES]
TIERS: Tiers = ((70, 1, "Tier 1 - HOT"), (50, 2, "Tier 2 - Qualified"), (None, 3, "Tier 3 - Monitor"))
PAIR = 2  # clinics in as many states: one shared name is thin evidence
LAST = 2**63  # after every npi_count


@dataclass(frozen=True)
class Settings:
    """The settings of a run; names to exclude as they are written, overrides by clinic: name and whether anchor."""

    min_clinics: int = 2
    min_states: int = 2
    min_single_state: int = 3
    mean: str = "weighted"
    excluded: tuple[str, ...] = ()
    overrides: dict[str, tuple[str | None, bool]] = field(default_factory=dict)
    tiers: Tiers = TIERS
    prefix: str = "icp"
    categories: tuple[str, ...] = tuple(CATEGORIES)
    divide_by: int | None = None  # of the product of the categories; None where the total is their sum
    names: dict[str, str] = field(default_factory=dict)  # of columns that are called otherwise
    has_segments: bool = True

    def column(self, name: str) -> str:
        """The clinics' column of a category, or of `total`."""
        return self.names.get(name, f"{self.prefix}_{name}_score")


# ---------------------------------------------------------------- names

WORDS = ["inc", "incorporated", "corp", "corporation", "ltd", "limited", "co", "company"]
INITIALS = ("llc", "pllc", "llp", "lp", "pa", "pc")
SPELLED = sorted({*WORDS, *(r"[.]?\s*".join(word) for word in INITIALS)}, key=len)
SUFFIX = re.compile(rf"[\s,]+(?:{'|'.join(SPELLED)})[.]?\Z")


def without_suffixes(text: str) -> str:
    """Legal suffixes taken off the end, one by one."""
    while found := SUFFIX.search(text):
        text = text[: found.start()]
    return text


def words_of(text: str) -> str:
    """Letters, marks and digits stay, runs of spaces become one, all else goes."""
    kinds = [(c, unicodedata.category(c)) for c in text]
    kept = (c if kind[0] in "LM" or kind == "Nd" else " " * c.isspace() for c, kind in kinds)
    return " ".join("".join(kept).split())


def normalised(name: str | None) -> str | None:
    """The normalised name, or None where nothing is left."""
    low = unicodedata.normalize("NFKC", name or "").lower().strip()
    return words_of(without_suffixes(low)) or words_of(low) or None


# ---------------------------------------------------------------- grouping


def grouped(name: str, clinics: list[Row], settings: Settings) -> bool:
    """Whether the rules let the clinics of one name group."""
    states = {clinic["state_code"] for clinic in clinics} - {None}
    if name in {normalised(one) for one in settings.excluded} or len(clinics) < settings.min_clinics:
        return False
    return len(states) >= settings.min_states or len(clinics) >= settings.min_single_state


def members_by_name(clinics: list[Row], settings: Settings) -> dict[str, list[Row]]:
    """The members of every network: all of a name where the rules say so, otherwise those that are forced into it."""
    named, cache = defaultdict(list), {}
    for clinic in clinics:
        raw, _ = settings.overrides.get(clinic["clinic_id"], (clinic["account_name"], False))
        if raw not in cache:
            cache[raw] = normalised(raw)
        if (name := cache[raw]) is not None:
            named[name].append(clinic)
    found = {}
    for name, all_of_name in named.items():
        forced = [clinic for clinic in all_of_name if clinic["clinic_id"] in settings.overrides]
        if len(all_of_name) > 1 and grouped(name, all_of_name, settings):
            found[name] = all_of_name
        elif forced:
            found[name] = forced
    return found


def hundredths(score: float) -> int:
    """Points with two decimals as a whole number."""
    return round(score * 100)


def middle(values: list[int]) -> Fraction:
    """The median."""
    values = sorted(values)
    half = len(values) // 2
    return Fraction(values[half]) if len(values) % 2 else Fraction(values[half - 1] + values[half], 2)


def points(value: Fraction) -> float:
    """Hundredths as points, half to even."""
    return round(value) / 100


def reached(edges: Edges, known: dict[str, float]) -> bool:
    """Whether a network's points reach all edges of a tier."""
    if edges is None:
        return True
    parts = edges if isinstance(edges, dict) else {"total": edges}
    return all(known[part] >= edge for part, edge in parts.items())


def known_sum(values: Iterable[int | None]) -> int | None:
    """The sum of what is known; missing if nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def most_frequent(values: Iterable[str]) -> str | None:
    """The most frequent value, the smallest on a tie."""
    return min(((-count, value) for value, count in Counter(values).items()), default=(0, None))[1]


def anchor_of(members: list[Row], settings: Settings) -> str:
    """The chosen anchor; otherwise the highest score, then the larger npi_count, then the smaller clinic_id."""
    for clinic in members:
        if settings.overrides.get(clinic["clinic_id"], (None, False))[1]:
            return str(clinic["clinic_id"])

    def rank(clinic: Row) -> tuple[float, int, str]:
        count = clinic["npi_count"]
        return -clinic[settings.column("total")], LAST if count is None else -count, clinic["clinic_id"]

    return str(min(members, key=rank)["clinic_id"])


def network(name: str, members: list[Row], settings: Settings) -> Row:
    """One row of `networks_icp`."""
    weights = [clinic["site_count"] if (clinic["site_count"] or 0) > 0 else 1 for clinic in members]
    means = {}
    for category in settings.categories:
        values = [hundredths(clinic[settings.column(category)]) for clinic in members]
        weighted = sum(value * weight for value, weight in zip(values, weights, strict=True))
        means[category] = middle(values) if settings.mean == "median" else Fraction(weighted, sum(weights))
    whole = sum(means.values(), Fraction(0))
    if settings.divide_by is not None:
        whole = 100 * prod((mean / 100 for mean in means.values()), start=Fraction(1)) / settings.divide_by
    total = points(whole)
    segment, segments = f"{settings.prefix}_segment", {}
    if settings.has_segments:
        segments = {f"network_{segment}": most_frequent(clinic[segment] for clinic in members)}
    known = {"total": total} | {category: points(mean) for category, mean in means.items()}
    tier, label = next((number, label) for edges, number, label in settings.tiers if reached(edges, known))
    states = sorted({clinic["state_code"] for clinic in members} - {None})
    return {
        "network_id": f"net_{hashlib.md5(name.encode()).hexdigest()[:12]}",
        "network_name": name,
        "num_clinics": len(members),
        "num_states": len(states),
        "states_covered": ",".join(states) or None,
        f"network_{settings.column('total')}": total,
        f"network_{settings.prefix}_tier": tier,
        f"network_{settings.prefix}_tier_label": label,
        **segments,
        **{f"network_{settings.column(category)}": points(mean) for category, mean in means.items()},
        "total_npi_count": known_sum(clinic["npi_count"] for clinic in members),
        "total_site_count": known_sum(clinic["site_count"] for clinic in members),
        f"avg_clinic_{settings.prefix}_score": points(
            Fraction(sum(hundredths(clinic[settings.column("total")]) for clinic in members), len(members))
        ),
        "fqhc_clinics_count": sum(clinic["fqhc_flag"] is True for clinic in members),
        "aco_clinics_count": sum(clinic["aco_member"] is True for clinic in members),
        "anchor_clinic_id": anchor_of(members, settings),
        "display_name": most_frequent(c["account_name"] for c in members if c["account_name"] is not None),
        "is_ambiguous": len(members) == PAIR and len(states) == PAIR,
        **dict.fromkeys(["evidence", "weakest_edge", "num_owners"]),
    }


def group(clinics: list[Row], settings: Settings) -> tuple[list[Row], dict[str, Row]]:
    """The networks in the order of the result, and what each of their members gets."""
    networks, columns = [], {}
    for name, members in members_by_name(clinics, settings).items():
        one = network(name, members, settings)
        networks.append(one)
        for clinic in members:
            columns[clinic["clinic_id"]] = {
                "network_id": one["network_id"],
                "network_name": name,
                f"network_{settings.prefix}_score": one[f"network_{settings.column('total')}"],
                "network_tier": one[f"network_{settings.prefix}_tier"],
                "network_tier_label": one[f"network_{settings.prefix}_tier_label"],
                "is_network_anchor": clinic["clinic_id"] == one["anchor_clinic_id"],
                "num_clinics": len(members),
            }
    total = f"network_{settings.column('total')}"
    return sorted(networks, key=lambda one: (-one[total], one["network_id"])), columns


# ---------------------------------------------------------------- random clinics


def wide(text: str) -> str:
    """The text in full-width letters, figures and signs."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


STATES = ["AK", "AL", "CA", "FL", "GU", "NY", "PR", "TX", "WA", "WY"]
STEMS = ["Children's Hospital", "Clínica Señora", "ST. MARY'S", "A & B Clinic", "Été-Care", "Øster Health", "Dr. Q"]
STEMS += ["Straße Medical", "ΟΔΟΣ Clinic", "Genoa", "Co-op Care", "Inc Magazine", "№ 1 Care", "日本 クリニック"]
STEMS += [wide("Wide Care"), "Caffè ﬁne", "Name with Company Inside", "İzmir Care", "L L Med"]
ENDINGS = ["", "", "", " LLC", ", Inc.", " P.A.", " p a", " L. L. C.", ", LLC, Inc", " Co.,Ltd.", " Corporation"]
ENDINGS += [",PLLC", " Limited", " PC", "\u00a0L.P.", " (Inc)", " Inc.,", "  company "]
EMPTY = [None, None, "", "   ", "---", "!?", "’"]
ONLY_SUFFIXES = ["LLC", "CO", "CO.", "P.A.", "p a", "Inc., LLC", ", Inc.", "- LLC", wide("Co"), "L L C", "The Co"]
GIANTS = ["Genoa Healthcare", "1918 Winter Street Operating", "Family Medical Center"]
FEW = [(20.0, 5.5, 2.5, 0.0, 10.0, 8.0), (10.0, 10.0, 5.01, 5.0, 16.0, 20.0), (1.1, 2.2, 3.3, 4.4, 5.5, 6.6)]
SPELLINGS: list[Callable[[str], str]] = [str, str, str.upper, str.lower, str.title, wide, lambda text: f"  {text}"]
SPELLINGS += [lambda text: unicodedata.normalize("NFD", text), lambda text: text.replace(" ", " - ", 1)]
SPELLINGS += [
    lambda text: text.replace("'", "’"),
    lambda text: text.replace("'", ""),
    lambda text: text.replace(" ", "\u2003\t", 1),
]


def random_name(names: int, rng: random.Random) -> tuple[str | None, str]:
    """A spelling of one of so many names, and a state where that name is at home."""
    kind = rng.random()
    if kind < 0.02:
        return rng.choice(EMPTY), rng.choice(STATES)
    if kind < 0.03:
        return rng.choice(ONLY_SUFFIXES), rng.choice(STATES)
    if kind < 0.10:
        return rng.choice(SPELLINGS)(rng.choice(GIANTS) + rng.choice(ENDINGS)), rng.choice(STATES)
    number = rng.randrange(names)
    text = f"{STEMS[number % len(STEMS)]} {number // len(STEMS) + 1}"
    spelt = rng.choice(SPELLINGS)(text + rng.choice(ENDINGS)) if rng.random() < 0.7 else text
    return spelt, STATES[number % len(STATES)]


def random_state(home: str, rng: random.Random) -> str | None:
    """The home state as a rule, sometimes another one or none."""
    kind = rng.random()
    return home if kind < 0.7 else None if kind < 0.8 else rng.choice(STATES)


def random_scores(rng: random.Random) -> tuple[float, ...]:
    """Six categories within their maxima, often those of other clinics, so that totals tie."""
    if rng.random() < 0.4:
        return rng.choice(FEW)
    return tuple(rng.randint(0, maximum * 100) / 100 for maximum in CATEGORIES.values())


def random_clinics(n: int, rng: random.Random) -> list[Row]:
    """Scored clinics in no order, full of traps."""
    found = []
    for number in rng.sample(range(n), n):
        name, home = random_name(max(n // 3, 1), rng)
        scores = random_scores(rng)
        clinic = {
            "clinic_id": f"{rng.choice('aB_ü')}{number}",
            "account_name": name,
            "state_code": random_state(home, rng),
            "icp_total_score": sum(map(hundredths, scores)) / 100,
            "icp_segment": rng.choice("ABC"),
            **dict(zip(SCORES, scores, strict=True)),
            "npi_count": rng.choice([None, 0, 1, 5, 5, rng.randint(0, 200)]),
            "site_count": rng.choice([None, 0, -2, 1, 1, 2, 3, rng.randint(1, 9), rng.choice([7, 40, 100_000])]),
            "fqhc_flag": rng.choice([None, True, False]),
            "aco_member": rng.choice([None, True, False]),
        }
        found.append(clinic)
    return found


def random_overrides(clinics: list[Row], n: int, rng: random.Random) -> dict[str, tuple[str | None, bool]]:
    """Overrides of n clinics: out of any network, into the network of another name, into one of their own."""
    found: dict[str, tuple[str | None, bool]] = {}
    anchored = set()
    for clinic in rng.sample(clinics, n):
        into = [None, rng.choice(clinics)["account_name"], rng.choice(GIANTS), f"Ours {rng.randrange(n // 4)}, LLC"]
        name = rng.choice([*into, clinic["account_name"]])
        place = normalised(name)
        anchor = place is not None and place not in anchored and rng.random() < 0.5
        if anchor:
            anchored.add(place)
        found[clinic["clinic_id"]] = (None if place is None else name, anchor)
    return found
