"""Make synthetic practices and a log of contacts with them, of any size, to try and to measure `partners` with.

Nothing in it is real: names are put together from parts, and a name that exists somewhere is a coincidence.

    python scripts/make_partners.py --practices 1000000 --contacts 10000000 --out folder

Both files are one DuckDB `COPY` over `range(n)`, made as `make_extract.py` makes its own: every value comes from the
row's number, the seed and the name of the draw, so rows stream and the number of threads changes nothing.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click
import duckdb
from make_extract import FORMATS, MACROS, ExtractError, words

CITIES = """
Tacoma, WA|Boise, ID|Fresno, CA|Tucson, AZ|El Paso, TX|Tulsa, OK|Omaha, NE|Duluth, MN|Toledo, OH|Erie, PA|Albany, NY
|Worcester, MA|Newark, NJ|Norfolk, VA|Durham, NC|Savannah, GA|Mobile, AL|Tampa, FL|Lansing, MI|Peoria, IL
"""
KINDS = "Primary Care|Internal Medicine|Pediatrics|OB/GYN|Community Health Center"
HEADS = "Maple|Cedar|River|Lake|Harbor|Summit|Prairie|Canyon|Orchard|Willow|Granite|Meadow|Valley|Sunrise|Bay|Elm"
TAILS = "side|wood|view|ridge|field|brook|dale|point|crest|gate|haven|stone|bend|shore|hill|grove"
PLANS = """
Aetna|Anthem|Blue Cross Blue Shield|Cigna|Humana|Medicaid|Medicare|Oscar Health|UnitedHealthcare|Optum
|Molina Healthcare|Centene|Kaiser Permanente|Bright Health|Tricare|Ambetter
"""
GAPS = "full|full|Full gap|partial|partial|Partial|partial|none|none|No gap"
OWNERS = "Ana Costa|Ben Okafor|Carla Nguyen|David Roth|Elena Petrova|Farid Haddad|Grace Lindqvist|Hugo Marchetti"
CHANNELS = "email|phone|visit|video"
NOTES = """
{n}-week waitlist for therapy; asked for a call in the spring
|Runs PHQ-9 at every visit; nobody to refer positive screens to
|Providers rank behavioral health as their top unmet need; open to a pilot
|No in-house behavioral health; refers to the county when pressed
|1 social worker for {n} providers; the practice manager decides
|New patients fill the schedule; decision in the next quarter.
|Part of a group of six sites; contracts are signed centrally
|Happy with the present referral partner; look again next year
"""

PRACTICES_SQL = """
select
    'P' || lpad(i::varchar, 9, '0') as practice_id,
    pick(i, 'head', $heads) || pick(i, 'tail', $tails) || ' ' || pick(i, 'kind', $kinds) || ' ' || i as name,
    pick(i, 'kind', $kinds) as practice_type,
    pick(i, 'city', $cities) as location,
    case when draw(i, 'known providers') < 0.97 then floor(exp(1.9 + 0.9 * normal(i, 'size')))::bigint end
        as provider_count,
    case when draw(i, 'known gap') < 0.95 then pick(i, 'gap', $gaps) end as bh_referral_gap,
    list_filter($plans, lambda plan: draw(i, plan) < 0.4 + 0.3 * draw(i, 'openness')) as insurance_networks,
    case when draw(i, 'known volume') < 0.96
        then floor(exp(6.9 + 0.6 * normal(i, 'size') + 0.4 * normal(i, 'visits')))::bigint
    end as monthly_patient_volume,
    case when draw(i, 'known notes') < 0.9
        then replace(pick(i, 'note', $notes), '{n}', (3 + floor(17 * draw(i, 'n')))::bigint::varchar)
    end as notes,
    case when draw(i, 'given owner') < 0.05 then pick(i, 'owner', $owners) end as owner,
    date '2025-01-01' + (365 * draw(i, 'created'))::integer as created_at
from range(1, $rows + 1) as r(i)
"""

# Some practices are called often, some never; one contact in a thousand is with a practice that nobody knows.
CONTACTS_SQL = """
select
    'P' || lpad((1 + floor($practices * 1.001 * pow(draw(i, 'practice'), 1.3)))::bigint::varchar, 9, '0')
        as practice_id,
    timestamp '2025-03-01' + to_seconds(floor(31536000 * sqrt(draw(i, 'when')))::bigint) as contacted_at,
    case when draw(i, 'known owner') < 0.8 then pick(i, 'owner', $owners) end as owner,
    pick(i, 'channel', $channels) as channel
from range(1, $rows + 1) as r(i)
"""


def _lists(**texts: str) -> dict[str, list[str]]:
    return {name: [word.strip() for word in words(text)] for name, text in texts.items()}


def make_partners(out: Path, *, practices: int, contacts: int, seed: int, suffix: str) -> list[Path]:
    """Write `practices` and `contacts` into a folder; files of these names are replaced once the new ones are whole."""
    out.mkdir(parents=True, exist_ok=True)
    owners = _lists(owners=OWNERS)
    tables = {
        "practices": (
            PRACTICES_SQL,
            {"rows": practices}
            | owners
            | _lists(heads=HEADS, tails=TAILS, kinds=KINDS, cities=CITIES, gaps=GAPS, plans=PLANS, notes=NOTES),
        ),
        "contacts": (
            CONTACTS_SQL,
            {"rows": contacts, "practices": practices} | owners | _lists(channels=CHANNELS),
        ),
    }
    paths = []
    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        connection.execute("set variable seed = $seed", {"seed": seed})
        connection.execute(MACROS)
        for name, (query, parameters) in tables.items():
            target = out / f"{name}{suffix}"
            partial = out / f".{target.name}.partial"
            try:
                connection.execute(
                    f"copy ({_as_csv_can(query, suffix)}) to $path ({FORMATS[suffix]})",
                    parameters | {"path": str(partial)},
                )
                partial.replace(target)
            finally:
                partial.unlink(missing_ok=True)
            paths.append(target)
    return paths


def _as_csv_can(query: str, suffix: str) -> str:
    """Return the query with the list of plans as text where CSV is to be written."""
    if suffix == ".csv" and "insurance_networks" in query:
        return f"select * replace (array_to_string(insurance_networks, ';') as insurance_networks) from ({query})"
    return query


@click.command(help="Make synthetic practices and contacts: the same rows for the same numbers and seed.")
@click.option("--practices", type=click.IntRange(1), default=1_000_000, show_default=True, help="Practices to make.")
@click.option("--contacts", type=click.IntRange(0), default=10_000_000, show_default=True, help="Contacts to make.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=2026, show_default=True, help="Which ones.")
@click.option("--format", "suffix", type=click.Choice(["parquet", "csv"]), default="parquet", show_default=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder to write into.")
def command(practices: int, contacts: int, seed: int, suffix: str, out: Path) -> None:
    """Make the files that the options describe."""
    start = time.perf_counter()
    try:
        paths = make_partners(out, practices=practices, contacts=contacts, seed=seed, suffix=f".{suffix}")
    except (duckdb.IOException, OSError) as error:
        raise ExtractError(f"{out} cannot be written to: {str(error).splitlines()[0]}") from error
    megabytes = sum(path.stat().st_size for path in paths) / 1e6
    click.echo(
        f"{out}: {practices:,} practices, {contacts:,} contacts, seed {seed}, {megabytes:,.1f} MB, "
        f"{time.perf_counter() - start:.1f} s",
        err=True,
    )


if __name__ == "__main__":
    sys.exit(command())
