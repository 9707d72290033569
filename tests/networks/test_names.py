"""Organisation names come out normalised as the table of the specification says, alone and among others."""

import polars as pl
import pytest

import icp_engine

SPECIFIED = {
    "KANSAS UNIVERSITY PHYSICIANS INC": "kansas university physicians",
    "St. Mary's Hospital, Inc.": "st marys hospital",
    "JOHNS HOPKINS PHYSICIANS, LLC": "johns hopkins physicians",
    "Children's Hospital of Philadelphia": "childrens hospital of philadelphia",
    "UCSF Medical Center - Mission Bay": "ucsf medical center mission bay",
    "SUNRISE FAMILY MEDICINE P.C.": "sunrise family medicine",
    "CO": "co",
    "CO.": "co",
    "SMITH MD P A": "smith md",
    "A & B CLINIC, L.L.C.": "a b clinic",
}
SUFFIXES = {  # every spelling that is taken off the end of a name
    "words": "inc incorporated corp corporation ltd limited co company",
    "plain": "llc pllc llp lp pa pc",
    "dotted": "l.l.c p.l.l.c l.l.p l.p p.a p.c",
}
SPACED = ["l l c", "p l l c", "l l p", "l p", "p a", "p c", "l. l. c", "p. l. l. c", "p. a", "p. c", "l.l. c"]
SPELLINGS = [*" ".join(SUFFIXES.values()).split(), *SPACED]
REPEATED = {
    "Smith Inc LLC": "smith",
    "Smith, Inc., LLC": "smith",
    "Smith Co., Inc.": "smith",
    "Smith P.A., P.C., L.L.C.": "smith",
    "Smith inc inc inc": "smith",
    "Smith & Co. Ltd.": "smith",
    "X P P C": "x p",
    "X L L P A": "x l l",
}
KEPT = {  # nothing here is a legal suffix at the end
    "Inc Magazine Clinic": "inc magazine clinic",
    "Smith LLC Clinic": "smith llc clinic",
    "Papa": "papa",
    "Cocoa": "cocoa",
    "Ultra Zinc": "ultra zinc",
    "Smith-LLC": "smithllc",
    "Smith.LLC": "smithllc",
    "Smith S.A.": "smith sa",
    "Smith GmbH": "smith gmbh",
    "Smith Incs": "smith incs",
}
EMPTIED = {  # a name made of suffixes alone goes through again with them on; still empty is no name
    "INC": "inc",
    ", Inc.": "inc",
    "P.A.": "pa",
    "L. L. C.": "l l c",
    "Inc LLC": "inc",
    "& Co": "co",
    "& Co.": "co",
}
NOTHING = [None, "", " ", "\t\r\n", "\u00a0", "\u3000", "---", "&", "...", "🏥", "$ €", "\u200b"]
UNICODE = {
    "Clínica Peña, S.C.": "clínica peña sc",
    "ÉCOLE DE MÉDECINE INC": "école de médecine",
    "E\u0301cole": "\u00e9cole",  # composed by NFKC
    "ＳＭＩＴＨ　ＣＬＩＮＩＣ，　ＬＬＣ．": "smith clinic",  # noqa: RUF001
    "Oﬃce of ﬁrst Care": "office of first care",
    "Ⅷ Clinic": "viii clinic",
    "½ Clinic": "12 clinic",  # the fraction slash goes like other signs
    "Clinic ²": "clinic 2",
    "Clinic №5": "clinic no5",
    "Straße Klinik": "straße klinik",
    "ΚΛΙΝΙΚΗ ΟΔΟΣ": "κλινικη οδος",
    "İstanbul Clinic": "i\u0307stanbul clinic",
    "康复诊所 LLC": "康复诊所",
    "क्लिनिक LLC": "क्लिनिक",  # marks stay
    "عيادة ٣": "عيادة ٣",
    "🏥 Heart 🫀 Clinic LLC": "heart clinic",
    "Smith’s Clinic": "smiths clinic",
}
SPACES = {
    "  Smith   Clinic  ": "smith clinic",
    "Smith\tClinic": "smith clinic",
    "Smith\nClinic\r\nInc": "smith clinic",
    "Smith\u00a0Clinic\u00a0Inc": "smith clinic",
    "Smith\u2003Clinic": "smith clinic",
    "Smith - & - Clinic": "smith clinic",
    "Smith ,, Inc": "smith",
}
LONG = {
    "A" * 10_000: "a" * 10_000,
    "ab " * 3_333: ("ab " * 3_333).strip(),
    "smith" + " inc" * 2_500: "smith",
    "inc " * 2_500: "inc",
    "é" * 10_000 + ", LLC": "é" * 10_000,
    "-" * 10_000: None,
    "smith" + " " * 10_000 + "clinic": "smith clinic",
}
ALL = {**SPECIFIED, **REPEATED, **KEPT, **EMPTIED, **dict.fromkeys(NOTHING), **UNICODE, **SPACES, **LONG}


def normalized(*names: str | None) -> list[str | None]:
    frame = pl.DataFrame({"account_name": names}, schema={"account_name": pl.String})
    return frame.select(icp_engine.normalized_name(pl.col("account_name"))).to_series().to_list()


def short(name: str | None) -> str:
    return ascii(name if name is None or len(name) < 50 else f"{name[:20]}... of {len(name)}")


@pytest.mark.parametrize(("name", "due"), ALL.items(), ids=short)
def test_name(name: str | None, due: str | None) -> None:
    assert normalized(name) == [due]


@pytest.mark.parametrize("suffix", SPELLINGS)
@pytest.mark.parametrize("form", [" {}", " {}.", ", {}", ", {}.", ",{}", ",{}.", " , {}", "  {} ", "\t{}"])
def test_every_suffix_in_every_form(form: str, suffix: str) -> None:
    name = "Smith Clinic" + form.format(suffix)
    assert normalized(name, name.upper(), name.title()) == ["smith clinic"] * 3


def test_specified_suffixes_are_all_tried() -> None:
    joined = {spelling.replace(".", "").replace(" ", "") for spelling in SPELLINGS}
    words = {"inc", "incorporated", "corp", "corporation", "ltd", "limited", "co", "company"}
    assert joined == words | {"llc", "pllc", "llp", "lp", "pa", "pc"}


@pytest.mark.parametrize("name", [name for name in ALL if ALL[name]], ids=short)
def test_normalising_again_changes_nothing(name: str) -> None:
    once = normalized(name)
    assert normalized(*once) == once


@pytest.mark.parametrize(
    ("name", "once", "twice"),
    [
        ("Smith (Inc)", "smith inc", "smith"),
        ("Smith 'LLC'", "smith llc", "smith"),
        ("-- LLC, Inc.", "llc inc", "llc"),
    ],
)
def test_a_suffix_in_signs_is_not_one_until_the_signs_are_gone(name: str, once: str, twice: str) -> None:
    assert normalized(name) == [once]
    assert normalized(once) == [twice]


def test_a_name_among_others_is_as_it_is_alone() -> None:
    names = list(ALL)
    assert normalized(*names) == list(ALL.values())
    assert normalized(*reversed(names)) == list(reversed(ALL.values()))


def test_slices_and_filters_of_a_lazy_frame_change_nothing() -> None:
    lf = pl.LazyFrame({"row": range(len(ALL)), "name": list(ALL)}, schema_overrides={"name": pl.String})
    lf = lf.with_columns(icp_engine.normalized_name(pl.col("name")).alias("normalized"))
    whole = lf.collect()["normalized"].to_list()
    assert whole == list(ALL.values())
    assert lf.slice(5, 9).collect()["normalized"].to_list() == whole[5:14]
    assert lf.filter(pl.col("row") % 3 == 1).collect()["normalized"].to_list() == whole[1::3]


def test_the_names_given_stay_as_they_were() -> None:
    frame = pl.DataFrame({"name": list(ALL)}, schema={"name": pl.String})
    frame.select(icp_engine.normalized_name(pl.col("name")))
    assert frame["name"].to_list() == list(ALL)


@pytest.mark.parametrize("names", [[], [None], [None, None]])
def test_columns_without_a_name(names: list[None]) -> None:
    assert normalized(*names) == names
