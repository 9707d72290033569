"""Make a synthetic extract of clinics, of any size, to try and to measure the engine with.

The real extracts cannot be shared, so that benchmarks, demonstrations and load tests need a stand-in that
behaves like one: the same columns, the same gaps, the same skew, names that group into networks about as
often, and scores (scorecard `icp-2025-11`) distributed about as they were. Nothing in it is real: names are
put together from parts, and a name that exists somewhere is a coincidence.

    python scripts/make_extract.py --rows 1450000 --seed 2025 --out clinics.parquet

The whole file is one DuckDB `COPY` over `range(rows)`. Every value of a row is computed from the row's
number, the seed and the name of the draw by a hash, never from a neighbour or a generator with a state. So
rows can be written as a stream, 50 million in the memory of one million, and the number of threads cannot
change anything. The hash is DuckDB's own: another release of DuckDB may well make other (equally good)
rows.

How names come about: a row's name is spelled out from its `name_key`. Most rows have a key of their own;
some borrow the key of the row before (two clinics of one name in one state, too few for a network); some
take the key of a network, which many rows share, each with its own legal suffix and some in another state.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click
import duckdb


class Segment(NamedTuple):
    """One line of the taxonomy table, how frequent it is and what its clinics look like."""

    label: str
    sector: str
    weight: int  # clinics among 10,000
    providers: float  # median of npi_count
    spread: float  # how much npi_count varies with size
    denial: float  # mean of denial_pressure
    services: str  # what the clinics call what they do, separated by `|`


SEGMENTS = (
    Segment(
        "Primary Care", "Primary Care", 5330, 13.0, 0.60, 3.7,
        "FAMILY MEDICINE|PRIMARY CARE|INTERNAL MEDICINE|FAMILY PRACTICE|PEDIATRICS|MEDICAL|FAMILY HEALTH"
        "|GENERAL MEDICINE|ADULT MEDICINE|INTERNISTS|FAMILY PHYSICIANS|FAMILY CARE|CHILDREN'S HEALTH"
        "|MEN'S & WOMEN'S HEALTH|WELLNESS & PRIMARY CARE|GERIATRIC MEDICINE",
    ),
    Segment(
        "Specialty / Other", "Specialty", 2830, 40.0, 0.34, 6.4,
        "CARDIOLOGY|ORTHOPEDIC|DERMATOLOGY|PHYSICAL THERAPY|EYE CARE|DENTAL|UROLOGY|GASTROENTEROLOGY"
        "|RADIOLOGY|CHIROPRACTIC|PAIN MANAGEMENT|EAR, NOSE & THROAT|WOMEN'S HEALTH|ONCOLOGY & HEMATOLOGY"
        "|PODIATRY|NEUROLOGY",
    ),
    Segment(
        "Home Health / Post-Acute", "Post-Acute", 670, 11.0, 0.80, 5.0,
        "HOME HEALTH|HOME CARE|HOSPICE|SKILLED NURSING|HOSPICE & PALLIATIVE CARE|NURSING & REHABILITATION"
        "|HOME HEALTH CARE|VISITING NURSE|IN-HOME NURSING|REHABILITATION|POST ACUTE CARE|HOME INFUSION"
        "|ELDER CARE|HEALTH AT HOME|HOME NURSING|TRANSITIONAL CARE",
    ),
    Segment(
        "Behavioral Health", "Behavioral Health", 550, 12.0, 0.80, 5.6,
        "COUNSELING|BEHAVIORAL HEALTH|PSYCHOLOGICAL|MENTAL HEALTH|PSYCHIATRY|RECOVERY|PSYCHOTHERAPY"
        "|FAMILY THERAPY|ADDICTION MEDICINE|BEHAVIORAL MEDICINE|AUTISM & BEHAVIOR"
        "|CHILD & FAMILY COUNSELING|TREATMENT|TRAUMA THERAPY|PSYCHIATRIC|MIND & WELLNESS",
    ),
    Segment(
        "Urgent Care", "Primary Care", 370, 36.0, 0.40, 6.2,
        "URGENT CARE|WALK-IN|IMMEDIATE CARE|EXPRESS CARE|MINOR EMERGENCY|AFTER HOURS CARE|CONVENIENT CARE"
        "|URGENT & FAMILY CARE|QUICK CARE|OCCUPATIONAL HEALTH|PEDIATRIC URGENT CARE|SAME DAY CARE"
        "|PROMPT CARE|READY CARE|FAST CARE|ACUTE CARE",
    ),
    Segment(
        "Health System / Hospital-Affiliated", "Hospital", 150, 20.0, 0.80, 2.8,
        "REGIONAL HOSPITAL|MEDICAL CENTER|MEMORIAL HOSPITAL|COMMUNITY HOSPITAL|GENERAL HOSPITAL"
        "|HEALTH SYSTEM|HEALTHCARE|CRITICAL ACCESS HOSPITAL|UNIVERSITY HOSPITAL|BAPTIST HOSPITAL"
        "|METHODIST HOSPITAL|COUNTY HOSPITAL|SURGICAL HOSPITAL|CHILDREN'S HOSPITAL|SPECIALTY HOSPITAL"
        "|HOSPITAL",
    ),
    Segment(
        "Multi-Specialty", "Specialty", 90, 14.0, 0.80, 3.2,
        "MULTISPECIALTY|MULTI-SPECIALTY|MEDICAL & SURGICAL|PHYSICIANS & SURGEONS|DIAGNOSTIC|PHYSICIAN"
        "|HEALTH|INTEGRATED MEDICAL|MEDICAL ARTS|DOCTORS|SPECIALTY CARE|COMPREHENSIVE CARE|COMPLETE HEALTH"
        "|HEALTH & WELLNESS|UNITED MEDICAL|PROFESSIONAL",
    ),
    Segment(
        "FQHC / Community Health", "FQHC", 7, 25.0, 0.90, 4.0,
        "COMMUNITY HEALTH|HEALTH|NEIGHBORHOOD HEALTH|FAMILY HEALTH|MIGRANT HEALTH|COMMUNITY CARE"
        "|PEOPLE'S HEALTH|COMMUNITY MEDICAL|HEALTH CARE FOR THE HOMELESS|VALLEY HEALTH|TRIBAL HEALTH"
        "|HEALTH & DENTAL|COMMUNITY & FAMILY HEALTH|CLÍNICA|SALUD|HEALTH ACCESS",
    ),
    Segment(
        "Rural Health Clinic", "Primary Care", 3, 6.0, 0.70, 3.8,
        "RURAL HEALTH|COUNTY HEALTH|COUNTY MEDICAL|FAMILY PRACTICE|RURAL MEDICAL|FAMILY HEALTH"
        "|PRAIRIE MEDICAL|VALLEY MEDICAL|COMMUNITY MEDICAL|FARM & FAMILY|MOUNTAIN HEALTH|RIVER HEALTH"
        "|COUNTRY CARE|RANCH MEDICAL|VILLAGE HEALTH|COUNTY FAMILY CARE",
    ),
)  # fmt: skip

# Clinics per state among some 1,000, about as people live; the last are territories.
STATES = """
CA=113 TX=90 FL=68 NY=64 PA=38 IL=38 OH=35 GA=32 NC=32 MI=30 NJ=29 VA=25 WA=23 AZ=22 TN=21 MA=21
IN=20 MD=18 MO=18 WI=17 CO=17 MN=17 SC=16 AL=15 LA=14 KY=13 OR=13 OK=12 CT=11 UT=10 IA=10 NV=9 AR=9
MS=9 KS=9 NM=6 NE=6 ID=6 WV=5 HI=4 NH=4 ME=4 MT=3 RI=3 DE=3 SD=3 ND=2 AK=2 DC=2 VT=2 WY=2 PR=9 GU=1
"""

SURNAMES = """
SMITH JOHNSON WILLIAMS BROWN JONES GARCIA MILLER DAVIS RODRÍGUEZ MARTINEZ HERNANDEZ LOPEZ GONZALEZ WILSON
ANDERSON THOMAS TAYLOR MOORE JACKSON MARTIN LEE PEREZ THOMPSON WHITE HARRIS SANCHEZ CLARK RAMIREZ LEWIS
ROBINSON WALKER YOUNG ALLEN KING WRIGHT SCOTT TORRES NGUYEN HILL FLORES GREEN ADAMS NELSON BAKER HALL RIVERA
CAMPBELL MITCHELL CARTER ROBERTS GOMEZ PHILLIPS EVANS TURNER DIAZ PARKER CRUZ EDWARDS COLLINS REYES STEWART
MORRIS MORALES MURPHY COOK ROGERS GUTIERREZ ORTIZ MORGAN COOPER PETERSON BAILEY REED KELLY HOWARD RAMOS KIM
COX WARD RICHARDSON WATSON BROOKS CHAVEZ WOOD JAMES BENNETT GRAY MENDOZA RUIZ HUGHES PRICE ALVAREZ CASTILLO
SANDERS PATEL MYERS LONG ROSS FOSTER JIMÉNEZ POWELL JENKINS PERRY RUSSELL SULLIVAN BELL COLEMAN BUTLER
HENDERSON BARNES FISHER VASQUEZ SIMMONS ROMERO JORDAN PATTERSON ALEXANDER HAMILTON GRAHAM REYNOLDS GRIFFIN
WALLACE MORENO WEST COLE HAYES BRYANT HERRERA GIBSON ELLIS TRAN MEDINA AGUILAR STEVENS MURRAY FORD CASTRO
MARSHALL OWENS HARRISON FERNANDEZ MCDONALD WOODS WASHINGTON KENNEDY WELLS VARGAS HENRY CHEN FREEMAN WEBB
TUCKER GUZMAN BURNS CRAWFORD OLSON SIMPSON PORTER HUNTER GORDON MENDEZ SILVA SHAW SNYDER MASON DIXON MUÑOZ
HUNT HICKS HOLMES PALMER WAGNER BLACK ROBERTSON BOYD ROSE STONE SALAZAR FOX WARREN MILLS MEYER RICE SCHMIDT
GARZA DANIELS FERGUSON NICHOLS STEPHENS SOTO WEAVER RYAN GARDNER PAYNE GRANT DUNN KELLEY SPENCER HAWKINS
ARNOLD PIERCE HANSEN PETERS SANTOS HART BRADLEY KNIGHT ELLIOTT CUNNINGHAM DUNCAN ARMSTRONG HUDSON CARROLL
LANE RILEY ANDREWS ALVARADO RAY DELGADO BERRY PERKINS HOFFMAN JOHNSTON MATTHEWS PEÑA RICHARDS CONTRERAS
WILLIS CARPENTER LAWRENCE SANDOVAL GUERRERO GEORGE CHAPMAN RIOS ESTRADA ORTEGA WATKINS GREENE NUÑEZ WHEELER
VALDEZ HARPER BURKE LARSON SANTIAGO MALDONADO MORRISON FRANKLIN CARLSON AUSTIN DOMINGUEZ CARR LAWSON JACOBS
O'BRIEN LYNCH SINGH VEGA BISHOP MONTGOMERY OLIVER JENSEN HARVEY WILLIAMSON GILBERT DEAN SIMS ESPINOZA HOWELL
LI WONG REID HANSON LE MCCOY GARRETT BURTON FULLER WANG WEBER WELCH ROJAS LUCAS MARQUEZ FIELDS PARK YANG
LITTLE BANKS PADILLA DAY WALSH BOWMAN SCHULTZ LUNA FOWLER MEJIA O'CONNOR D'ANGELO O'NEILL O'KEEFE D'AMICO
MCCARTHY MCKENZIE SCHNEIDER ZIMMERMAN KOWALSKI NOVAK GOLDBERG ROSENBERG COHEN LEVINE FRIEDMAN KAPLAN SHAPIRO
FELDMAN KHAN AHMED HUSSAIN SHAH MEHTA DESAI GUPTA REDDY RAO KRISHNAN IYER CHOPRA BANERJEE KUMAR SHARMA PHAM
VU HOANG DANG LIM TANAKA SATO YAMAMOTO CHOI KANG CHO HUANG LIU ZHANG OKAFOR ADEYEMI MENSAH OWUSU DIALLO
HADDAD KHOURY NASSER SAYEGH PETROV IVANOV POPOV HORVATH LINDQUIST BERGSTRÖM MÜLLER KÖHLER DUBOIS LEFÈVRE
BOUDREAUX THIBODEAUX LANDRY GUIDRY ROSSI RUSSO ESPOSITO BIANCHI RICCI MORETTI CONTI
"""

FIRST_NAMES = """
JAMES MARY ROBERT PATRICIA JOHN JENNIFER MICHAEL LINDA DAVID ELIZABETH WILLIAM BARBARA RICHARD SUSAN JOSEPH
JESSICA THOMAS SARAH CHARLES KAREN CHRISTOPHER LISA DANIEL NANCY MATTHEW BETTY ANTHONY SANDRA MARK MARGARET
DONALD ASHLEY STEVEN KIMBERLY ANDREW EMILY PAUL DONNA JOSHUA MICHELLE KENNETH CAROL KEVIN AMANDA BRIAN
MELISSA GEORGE DEBORAH TIMOTHY STEPHANIE RONALD REBECCA JASON SHARON EDWARD LAURA JEFFREY CYNTHIA RYAN
DOROTHY JACOB AMY GARY KATHLEEN NICHOLAS ANGELA ERIC SHIRLEY JONATHAN EMMA STEPHEN BRENDA LARRY PAMELA
JUSTIN NICOLE SCOTT ANNA BRANDON SAMANTHA BENJAMIN KATHERINE SAMUEL CHRISTINE GREGORY HELEN ALEXANDER DEBRA
PATRICK RACHEL FRANK CAROLYN RAYMOND JANET JOSÉ MARÍA JACK MARIA DENNIS CATHERINE JERRY HEATHER TYLER DIANE
AARON OLIVIA HENRY JULIE DOUGLAS JOYCE PETER VICTORIA ADAM RUTH NATHAN VIRGINIA ZACHARY LAUREN WALTER KELLY
KYLE CHRISTINA HAROLD JOAN CARL EVELYN RAJESH PRIYA ANIL SUNITA VIKRAM LAKSHMI WEI MEI MINH LAN AHMED FATIMA
OMAR LEILA CARLOS ANA LUIS ROSA JORGE ELENA ANDRÉ RENÉE IVÁN SOFÍA
"""

# A place is one of these or two halves put together: CEDARBROOK, STONEFIELD.
CITIES = """
SPRINGFIELD | CEDAR RAPIDS | SAN ANTONIO | BATON ROUGE | FORT WAYNE | SIOUX FALLS | LAS CRUCES | SANTA FE |
EL PASO | WINSTON-SALEM | LITTLE ROCK | GRAND RAPIDS | SALT LAKE | LONG ISLAND | STATEN ISLAND |
PALM BEACH | COEUR D'ALENE | EAU CLAIRE | DES MOINES | ST. LOUIS | ST. PAUL | TULSA | OMAHA | TUCSON |
BOISE | SPOKANE | TACOMA | FRESNO | MODESTO | AMARILLO | LUBBOCK | MOBILE | KNOXVILLE | CHATTANOOGA |
AUGUSTA | SAVANNAH | MACON | TOLEDO | AKRON | DAYTON | ERIE | SCRANTON | ALBANY | SYRACUSE | ROCHESTER |
BUFFALO | HARTFORD | NEW HAVEN | WORCESTER | MANCHESTER | BURLINGTON | PORTLAND | DULUTH | FARGO |
BISMARCK | BILLINGS | CHEYENNE | CASPER | PUEBLO | ALBUQUERQUE | WACO | CAÑON CITY | MAYAGÜEZ | BAYAMÓN |
PEÑASCO | LA CAÑADA | DOÑA ANA
"""

PLACE_HEADS = """
ASH BEAVER BIRCH BLUE BRIDGE BRIAR BROOK BROWN CEDAR CHESTER CLAY CLEAR COLD COOL DEER EAGLE EAST ELM FAIR
FERN FOX GLEN GRAND GREEN HARTS HAZEL HIGH HOLLY KINGS LAKE LAUREL LEXING LIN MAPLE MEADOW MID MILL MOSS NEW
NORTH OAK PINE PLAIN QUEENS RED RIDGE RIVER ROCK ROSE SAND SHADY SILVER SOUTH SPRING STONE SUMMER SUN WALNUT
WEST WHITE WILLOW WIN WOLF WOOD
"""
PLACE_TAILS = """
BERRY BORO BRIDGE BROOK BURG BURY COVE CREEK CREST DALE FIELD FORD GATE GROVE HAVEN HILL HURST LAND LEIGH
MERE MONT MOOR PARK POINT PORT RIDGE SHIRE SIDE STEAD STONE TON TOWN VALE VIEW VILLE WATER WAY WELL WICK
WOOD WORTH
"""

BRANDS = """
SUNRISE | EVERGREEN | HORIZON | PREMIER | ADVANCED | SUMMIT | PINNACLE | LEGACY | COMPASS | BEACON |
HARMONY | SERENITY | LIGHTHOUSE | CORNERSTONE | HERITAGE | LIBERTY | UNITY | PARAMOUNT | ELITE |
PROVIDENCE | TRINITY | GRACE | HOPE | NEW HORIZONS | NEW LIFE | BRIGHT START | TOTAL | COMPLETE |
INTEGRATED | COMPREHENSIVE | ASSOCIATED | UNITED | ALLIED | ALLIANCE | CAROLINA | MIDWEST | GREAT LAKES |
GREAT PLAINS | BLUE RIDGE | PIEDMONT | TIDEWATER | GULF COAST | PACIFIC | ATLANTIC | CASCADE | SIERRA |
ROCKY MOUNTAIN | LONE STAR | BLUEGRASS | PALMETTO | MAGNOLIA | DOGWOOD | CYPRESS | REDWOOD | SEQUOIA |
ASPEN | JUNIPER | SAGE | LAVENDER | LOTUS | PHOENIX | FALCON | EAGLE | CARDINAL | BLUEBIRD | DOVE |
CARE FIRST | PATIENT FIRST | FAMILY FIRST | MY | YOUR | ALL SEASONS | FOUR CORNERS | THREE RIVERS |
TWIN CITIES | TRI-COUNTY | TRI-STATE | METRO | METROPOLITAN | DOWNTOWN | UPTOWN | CROSSROADS | GATEWAY |
KEYSTONE | CAPITAL | CAPITOL | COLONIAL | PATRIOT | PIONEER | FRONTIER | HOMESTEAD | VILLAGE | COUNTRYSIDE |
LAKESIDE | RIVERSIDE | SEASIDE | HILLSIDE | BAYSIDE | OCEANVIEW | MOUNTAIN VIEW | PARKWAY | BROADWAY |
MAIN STREET | UNIVERSITY | COLLEGE | ACADEMY | MERIDIAN | ZENITH | APEX | VERTEX | QUANTUM | VITAL | VIVA |
NUEVA VIDA | BUENA VISTA | SANTÉ | RENEW | REVIVE | RESTORE | THRIVE | ASCEND | ELEVATE | INSPIRE |
EMBRACE | ENGAGE | SPECTRUM | PRISM | MOSAIC | TAPESTRY | BRIDGES | PATHWAYS | STEPPING STONES | OPEN ARMS |
HELPING HANDS | HEALING HANDS | GENTLE TOUCH | CARING HEARTS | GOLDEN YEARS | SILVER LINING | STAR |
NORTH STAR | MORNING STAR | EASTERN | WESTERN | NORTHERN | SOUTHERN | CENTRAL | NORTHEAST | NORTHWEST |
SOUTHEAST | SOUTHWEST
"""

NOUNS = """
ASSOCIATES | CENTER | CLINIC | GROUP | PARTNERS | SERVICES | SPECIALISTS | CENTERS | PHYSICIANS | PRACTICE |
NETWORK | CONSULTANTS | INSTITUTE | SOLUTIONS | PROVIDERS | FOUNDATION | ALLIANCE | OFFICES |
PROFESSIONALS | MANAGEMENT | ENTERPRISES | HOLDINGS | COLLABORATIVE | AGENCY | CARE TEAM | OUTREACH |
PROGRAMS | RESOURCES | CENTRE | AFFILIATES
"""

SAINTS = """
MARY JOSEPH LUKE JUDE ANNE FRANCIS VINCENT ANTHONY MICHAEL JOHN PETER PAUL ELIZABETH CATHERINE CLARE RITA
RAPHAEL GABRIEL BERNARD DAVID MARTIN MARK MATTHEW THOMAS JAMES AGNES ALPHONSUS CHARLES DOMINIC EDWARD TERESA
ROSE
"""

# Repeated where frequent.
CREDENTIALS = """
MD | MD | MD | MD | M.D. | M.D. | DO | D.O. | MD & ASSOCIATES | NP | PHD | DMD | DC | MD FACP | MD MPH |
& SONS
"""

# How many names among 20 are put together in which way; `ROWS_SQL` spells them.
STYLES = {"person": 4, "partners": 5, "place": 4, "brand": 3, "surname": 3, "saint": 1}

INITIALS = "A B C D E F G H I J K L M N O P R S T V W"

# Legal suffixes, each written as many times among 100 as its number says; the last is none.
SUFFIXES = (
    " INC=12|, INC.=9|, INC=5| INC.=4| LLC=17|, LLC=10|, L.L.C.=2| P.C.=5| PC=5|, P.C.=3| PLLC=6"
    "|, PLLC=4| P.A.=2| PA=2| P A=1| CORP=2| CORPORATION=2| LTD=1| LLP=1| LP=1| CO=1| INCORPORATED=1|=4"
)

# What can be tuned. A share is of all rows; a fill is the share of rows that know the value.
SETTINGS: dict[str, float] = {
    "member_share": 0.0425,  # rows that take the name of a network
    "namesake_share": 0.06,  # rows that take the name of the row before
    "title_case_share": 0.06,
    "state_fill": 0.995,
    "sector_fill": 0.97,
    "npi_fill": 0.99,
    "site_fill": 0.95,
    "services_fill": 0.60,
    "utilization_fill": 0.40,
    "denial_fill_with_utilization": 0.56,  # together 0.80: either file knows the clinics that the other lacks
    "denial_fill_otherwise": 0.96,
    "coding_fill": 0.75,
    "roi_fill": 0.70,
    "emr_fill": 0.65,
    "velocity_fill": 0.55,
    "fqhc_fill": 0.96,
    "aco_fill": 0.93,
    "pecos_fill": 0.90,
    "oig_fill": 0.985,
}

ROWS_PER_NETWORK = 100  # one network name for so many rows

FORMATS = {
    ".parquet": "format parquet, compression zstd, row_group_size 122880",
    ".csv": "format csv, header",
}

# Hash twice: DuckDB combines the hashes of several values by XOR with constants, so that a single pass would
# make all draws of a row the same draw. 53 bits are what a double holds exactly: never 1.
MACROS = """
create macro draw(key, what) as (hash(hash(key, getvariable('seed'), what)) >> 11) / 9007199254740992.0;
create macro pick(key, what, words) as words[1 + floor(draw(key, what) * len(words))::bigint];
create macro normal(key, what) as
    sqrt(-2 * ln(1 - draw(key, what))) * cos(2 * pi() * draw(key, what || ' angle'));
create macro grade(score, top) as round(greatest(0, least(top, score)), 1);
create macro title_case(words) as
    array_to_string(list_transform(string_split(lower(words), ' '), lambda w: upper(w[1]) || w[2:]), ' ');
"""

ROWS_SQL = """
with numbered as (
    select row_number as i, draw(row_number, 'role') as role from range(1, $rows + 1) as r(row_number)
),

-- Whose name a row bears: a network's (its keys are negative; a few networks are large, most small), that of
-- the row before, or its own.
keyed as (
    select
        i,
        case
            when role < $member_share
                then -1 - floor($networks * (1 - pow(1 - draw(i, 'network'), 1.5)))::bigint
            when role < $member_share + $namesake_share then i - 1
            else i
        end as name_key
    from numbered
),

-- Two networks of three reach beyond their home state, with half of their clinics, into up to three others.
placed as (
    select
        i,
        name_key,
        case
            when name_key < 0 and draw(name_key, 'reach') < 0.65 and draw(i, 'away') < 0.5
                then pick(
                    4 * name_key - floor(3 * draw(i, 'which state'))::bigint,
                    'away state',
                    getvariable('states')
                )
            else pick(name_key, 'state', getvariable('states'))
        end as state,
        pick(name_key, 'segment', getvariable('segment_draws')) as segment,
        case
            when name_key < 0 then 0.6 * normal(name_key, 'network size') + 0.8 * normal(i, 'size')
            else normal(i, 'size')
        end as size
    from keyed
),

-- What the organisation calls itself.
named as (
    select
        *,
        pick(name_key, 'style', getvariable('styles')) as style,
        getvariable('services')[segment * 16 + 1 + floor(16 * draw(name_key, 'service'))::bigint] as service,
        pick(name_key, 'place', getvariable('places')) as place,
        pick(name_key, 'surname', getvariable('surnames')) as surname,
        pick(name_key, 'noun', getvariable('nouns')) as noun,
        pick(name_key, 'brand', getvariable('brands')) as brand
    from placed
),

spelled as (
    select
        * exclude (style, service, place, surname, noun, brand),
        case style
            when 'person' then
                pick(name_key, 'first name', getvariable('first_names')) || ' '
                || pick(name_key, 'initial', getvariable('initials')) || ' ' || surname || ' '
                || pick(name_key, 'credential', getvariable('credentials')) || ' ' || service
            when 'partners' then
                surname || ' & ' || pick(name_key, 'partner', getvariable('surnames')) || ' ' || service
                || ' OF ' || place
            when 'place' then place || ' ' || brand || ' ' || service || ' ' || noun
            when 'brand' then brand || ' ' || service || ' ' || noun || ' - ' || place
            when 'surname' then surname || ' ' || service || ' ' || noun || ' OF ' || place
            else
                'ST. ' || pick(name_key, 'saint', getvariable('saints')) || '''S ' || service || ' ' || noun
                || ' OF ' || place
        end as organisation
    from named
),

-- The suffix is the row's own: members of a network write the name they share in several ways.
registered as (
    select
        *,
        case when draw(i, 'case') < $title_case_share then title_case(organisation) else organisation end
        || pick(case when name_key < 0 then i else name_key end, 'suffix', getvariable('suffixes'))
            as account_name
    from spelled
),

-- Larger organisations have more of everything, and fewer denials: they run a billing office.
measured as (
    select
        *,
        getvariable('segments')[segment + 1] as profile,
        greatest(1, round(exp(0.25 + 0.55 * size + 0.45 * normal(i, 'sites'))))::bigint as sites,
        greatest(1, round(exp(1.25 + 0.30 * size + 0.55 * normal(i, 'services'))))::bigint as services,
        greatest(11, round(exp(5.7 + 0.85 * size + 0.70 * normal(i, 'patients'))))::bigint as patients,
        exp(7.0 + 0.25 * size + 0.40 * normal(i, 'revenue')) as revenue_per_patient,
        draw(i, 'utilization') < $utilization_fill - 0.14 * size as has_utilization,
        1 + floor(least(5, -0.85 * ln(1 - draw(i, 'taxonomies'))))::bigint as taxonomies
    from registered
)

select
    trim(regexp_replace(lower(account_name), '[^a-z0-9]+', '-', 'g'), '-') || '--' || state || '-' || i
        as clinic_id,
    account_name,
    case when draw(i, 'state known') < $state_fill then state end as state_code,
    profile.label as segment_label,
    case when draw(i, 'sector known') < $sector_fill then profile.sector end as sector,
    case when draw(i, 'npi known') < $npi_fill
        then greatest(
            1, round(profile.providers * exp(profile.spread * size + 0.25 * normal(i, 'providers')))
        )::bigint
    end as npi_count,
    case when draw(i, 'sites known') < $site_fill then sites end as site_count,
    case when draw(i, 'services known') < $services_fill then services end as services_count,
    case when has_utilization then patients end as bene_count,
    case when has_utilization then round(patients * revenue_per_patient, 2) end as allowed_amt,
    case when draw(i, 'denial known')
            < case when has_utilization then $denial_fill_with_utilization else $denial_fill_otherwise end
        then grade(profile.denial - 1.2 * size + 0.7 * normal(i, 'denial'), 10)
    end as denial_pressure,
    case when draw(i, 'coding known') < $coding_fill then 2.5::double * taxonomies end as coding_complexity,
    case when draw(i, 'roi known') < $roi_fill then grade(4.9 + 1.1 * normal(i, 'roi'), 10) end
        as roi_readiness,
    case when draw(i, 'emr known') < $emr_fill then grade(5 + 2 * normal(i, 'emr'), 10) end as emr_friction,
    case when draw(i, 'velocity known') < $velocity_fill
        then grade(3.5 + 0.8 * size + 1.6 * normal(i, 'velocity'), 10)
    end as scale_velocity,
    case when draw(i, 'fqhc known') < $fqhc_fill
        then profile.sector = 'FQHC' or draw(i, 'fqhc') < 0.0001
    end as fqhc_flag,
    case when draw(i, 'aco known') < $aco_fill then draw(i, 'aco') < 0.06 end as aco_member,
    case when draw(i, 'pecos known') < $pecos_fill then draw(i, 'pecos') < 0.90 end as pecos_enrolled,
    case when draw(i, 'oig known') < $oig_fill then draw(i, 'oig') < 0.0004 end as oig_leie_flag
from measured
"""


T = TypeVar("T")


class ExtractError(click.ClickException):
    """What stops the file from being made, in one sentence."""


def weighted(parts: Iterable[tuple[T, int]]) -> list[T]:
    """Repeat each word as often as its weight says, so that an even pick is a weighted one."""
    return [word for word, weight in parts for _ in range(weight)]


def words(text: str) -> list[str]:
    """List the words of a text, or its phrases where `|` stands between them."""
    return [phrase.strip() for phrase in text.split("|")] if "|" in text else text.split()


def with_weights(parts: Iterable[str]) -> list[str]:
    """Read ` INC=12`, ` LLC=17` and the like as words with their weights."""
    pairs = (part.rsplit("=", 1) for part in parts)
    return weighted((word, int(weight)) for word, weight in pairs)


def places() -> list[str]:
    """List the cities and every compound of two different halves."""
    compounds = [head + tail for head in words(PLACE_HEADS) for tail in words(PLACE_TAILS) if head != tail]
    return words(CITIES) + compounds


def vocabulary() -> dict[str, list[Any]]:
    """Give the lists that `ROWS_SQL` picks from, by the names of the variables that it reads."""
    return {
        "states": with_weights(words(STATES)),
        "segments": [
            {name: value for name, value in segment._asdict().items() if name not in {"weight", "services"}}
            for segment in SEGMENTS
        ],
        "segment_draws": weighted((number, segment.weight) for number, segment in enumerate(SEGMENTS)),
        "services": [service for segment in SEGMENTS for service in words(segment.services)],
        "styles": weighted(STYLES.items()),
        "places": places(),
        "surnames": words(SURNAMES),
        "first_names": words(FIRST_NAMES),
        "initials": words(INITIALS),
        "credentials": words(CREDENTIALS),
        "brands": words(BRANDS),
        "nouns": words(NOUNS),
        "saints": words(SAINTS),
        "suffixes": with_weights(SUFFIXES.split("|")),
    }


def prepare(connection: duckdb.DuckDBPyConnection, seed: int) -> None:
    """Put the seed, the vocabulary and the macros where `ROWS_SQL` finds them."""
    for name, value in {"seed": seed, **vocabulary()}.items():
        connection.execute(f"set variable {name} = $value", {"value": value})
    connection.execute(MACROS)


def write_rows(path: Path, target_format: str, *, rows: int, seed: int, threads: int | None = None) -> None:
    """Stream the rows into a file in the format that `FORMATS` spells."""
    parameters = {**SETTINGS, "rows": rows, "networks": max(1, rows // ROWS_PER_NETWORK), "path": str(path)}
    with duckdb.connect(config={"threads": threads} if threads else {}) as connection:
        connection.execute("set enable_progress_bar = false")
        prepare(connection, seed)
        try:
            connection.execute(f"copy ({ROWS_SQL}) to $path ({target_format})", parameters)
        except RuntimeError as error:
            if str(error) == "Query interrupted":  # DuckDB's word for Ctrl-C
                raise KeyboardInterrupt from error
            raise


def make_extract(out: Path, *, rows: int, seed: int, threads: int | None = None) -> None:
    """Write an extract of so many rows; a file of that name is replaced only once the new one is whole."""
    target_format = FORMATS.get(out.suffix)
    if target_format is None:
        raise ExtractError(f"{out} must end in {' or '.join(FORMATS)}, to say what to write.")
    if out.is_dir() or not out.parent.is_dir():
        what = "is a folder, not a file" if out.is_dir() else "lies in a folder that does not exist"
        raise ExtractError(f"{out} {what}: give --out a file in an existing folder.")
    partial = out.with_name(f".{out.name}.partial")
    try:
        write_rows(partial, target_format, rows=rows, seed=seed, threads=threads)
        partial.replace(out)
    except (duckdb.IOException, OSError) as error:
        raise ExtractError(f"{out} cannot be written: {str(error).splitlines()[0]}") from error
    finally:
        partial.unlink(missing_ok=True)


@click.command(help="Make a synthetic extract of clinics: the same rows for the same number and seed.")
@click.option("--rows", type=click.IntRange(1), default=1_450_000, show_default=True, help="Clinics to make.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=2025, show_default=True, help="Which clinics.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File to write, .parquet or .csv.")
@click.option("--threads", type=click.IntRange(1), help="Threads to use; they change nothing in the file.")
def command(rows: int, seed: int, out: Path, threads: int | None) -> None:
    """Make the extract that the options describe."""
    start = time.perf_counter()
    make_extract(out, rows=rows, seed=seed, threads=threads)
    seconds, megabytes = time.perf_counter() - start, out.stat().st_size / 1e6
    click.echo(f"{out}: {rows:,} clinics, seed {seed}, {megabytes:,.1f} MB, {seconds:.1f} s", err=True)


def main() -> int:
    """Run the command; a mistake is one sentence on stderr and an exit code, as in `icp-engine`."""
    try:
        command.main(standalone_mode=False)
    except click.ClickException as error:
        click.echo(f"error: {error.format_message()}", err=True)
        return error.exit_code
    except click.Abort:
        click.echo("interrupted: nothing was written", err=True)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
