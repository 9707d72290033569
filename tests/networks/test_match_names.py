"""The name that grouping compares, spelling by spelling."""

from pathlib import Path

import polars as pl
import pytest

from icp_engine.networks.match_names import match_name

NAMES = {
    "WALGREENS #12345": "walgreens",
    "WALGREENS 12345": "walgreens 12345",
    "CVS PHARMACY # 04721": "cvs pharmacy",
    "Rite Aid Store No. 0123": "rite aid",
    "WEGMANS FOOD MARKETS, INC. #042": "wegmans food markets",
    "St. Mary’s Hospital, Inc.": "st marys hospital",
    "SAINT MARYS HOSPITAL": "st marys hospital",
    "Mayo Clinic (LLC)": "mayo clinic",
    "Smith Family Medicine PLLC dba Sunrise Health": "sunrise health",
    "THE TOLEDO CLINIC, INC": "toledo clinic",
    "A AND B CLINIC": "a b clinic",
    "SUNRISE MED CTR": "sunrise medical center",
    "UCSF Medical Center - Mission Bay": "ucsf medical center mission bay",
    "HOSPITAL DISTRICT NO 1": "hospital district no 1",
    "LHCG CXXXVII, LLC": "lhcg cxxxvii",
    "CLÍNICA SAN JOSÉ": "clinica san jose",
    "SMITH MD, A PROFESSIONAL CORPORATION": "smith md",
    "MID-AMERICA HEALTH P.S.C.": "midamerica health",
    "PHARMACY 24 7": "pharmacy 24 7",
    "CO": "co",
    "NA": None,
    # one clinic in many spellings (`case 08`)
    "St. Mary's Clinic": "st marys clinic",
    "St. Mary\u00b4s Clinic": "st marys clinic",
    "St. Mary`s Clinic": "st marys clinic",
    "St. Mary\u02bcs Clinic": "st marys clinic",
    "St Marys Clinic, Inc.,": "st marys clinic",
    "St Marys Clinic LLC\u200b": "st marys clinic",
    "St Marys Clinic™": "st marys clinic",
    "St Marys Clinic, L.L.C": "st marys clinic",
    '"St Marys Clinic, Inc."': "st marys clinic",
    "St Marys Clinic P.L.L.C.": "st marys clinic",
    "St Marys Clinic, PSC": "st marys clinic",
    "St Marys Clinic APC": "st marys clinic",
    "The St Marys Clinic": "st marys clinic",
    "St Marys Clinic -- Inc.": "st marys clinic",
    "St Marys Clinic , Inc .": "st marys clinic",
    "\ufeffSt Marys Clinic": "st marys clinic",
    "St&nbsp;Marys Clinic": "st marys clinic",
    "Ka\u02bbu Hospital": "kau hospital",
    "Ka'u Hospital": "kau hospital",
    # store numbers, with a mark or without one
    "Walgreens Store #15944": "walgreens",
    "Kinney Drugs Inc. #11": "kinney drugs",
    "RITE AID UNIT 7": "rite aid",
    "SAFEWAY PHARMACY #1,": "safeway pharmacy",
    "STORE 12": "store 12",
    "#12": "12",
    "CLINIC 3": "clinic 3",
    # what stands after doing business as
    "LHCG II, LLC d/b/a Elara Caring": "elara caring",
    "ABC HOLDINGS D.B.A. SUNRISE CLINIC, INC.": "sunrise clinic",
    "ABC INC DOING BUSINESS AS: MOON CLINIC": "moon clinic",
    "SERVICES.LLC (D.B.A.)": "services",
    "ABC CLINIC DBA X": "abc clinic dba x",
    "DBASE CLINIC": "dbase clinic",
    # legal forms
    "SMITH MD P A": "smith md",
    "A & B CLINIC, L.L.C.": "a b clinic",
    "ELM CLINIC A MEDICAL CORPORATION": "elm clinic",
    "ELM CLINIC, LIMITED LIABILITY COMPANY": "elm clinic",
    "ELM CLINIC LTD. PARTNERSHIP": "elm clinic ltd partnership",
    "ELM CLINIC CO., INC.": "elm clinic",
    "CO.": "co",
    "LLC": "llc",
    "INCA CLINIC": "inca clinic",
    # abbreviations, of which a first word stays
    "KENT CO HOSPITAL": "kent county hospital",
    "MED CTR": "med center",
    "MEM HOSP ASSN": "mem hospital association",
    "SAINTE ANNE HOSP": "st anne hospital",
    "COLLEGE OF SAINT ROSE": "college of st rose",
    "MEDIC CLINIC": "medic clinic",
    # nobody
    None: None,
    "": None,
    "  ": None,
    "...": None,
    "N/A": None,
    "None": None,
    "UNKNOWN": None,
    "Test": None,
    "same": None,
    "TEST CLINIC": "test clinic",
}


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_match_name(name: str | None) -> None:
    frame = pl.DataFrame({"name": [name, "Other Clinic"]}, schema={"name": pl.String})
    assert frame.select(match_name(pl.col("name"))).to_series().to_list() == [NAMES[name], "other clinic"]


def test_a_name_reads_alike_whatever_stands_beside_it() -> None:
    frame = pl.DataFrame({"name": list(NAMES)}, schema={"name": pl.String})
    assert frame.select(match_name(pl.col("name"))).to_series().to_list() == list(NAMES.values())
    assert frame.lazy().select(match_name(pl.col("name"))).collect().to_series().to_list() == list(NAMES.values())


def test_the_abbreviations_are_those_of_the_contract(shared_data: Path) -> None:
    own = Path(__file__).parents[2] / "icp_engine/networks/abbreviations.csv"
    assert pl.read_csv(own).rows() == pl.read_csv(shared_data / "networks/abbreviations.csv").rows()
