"""What the names that others assign say of themselves."""

import gzip
import json

import pytest

from geocode.alphabet import ALPHABET
from registry.credit_codes import CreditCode
from registry.forms import load_form
from registry.house_codes import HouseCode
from registry.project_codes import ProjectCode
from registry.schemes import get_scheme
from registry.unit_codes import UnitCode


def meaning(code, name):
    return next(part.meaning for part in code.parts if part.name == name)


def test_a_real_estate_unit_code_tells_parcel_building_and_household():
    code = UnitCode.parse("370105012002GB00001F00010751")
    assert (code.county, code.district, code.subdistrict) == ("370105", "012", "002")
    assert code.parcel == "370105012002GB00001"
    assert (code.building, code.household) == ("0001", "0751")
    assert meaning(code, "right").zh == "建设用地使用权(地表)"
    assert meaning(code, "unit_number") == ("第 0001 幢第 0751 户", "building 0001, household 0751")


def test_a_real_estate_unit_may_be_a_building_as_a_whole_or_bare_land():
    whole, land = UnitCode.parse("430302116001GB00001F00080000"), UnitCode.parse("211103005007GB00001W00000000")
    assert meaning(whole, "unit_number").en == "building 0008 as a whole"
    assert (land.building, land.household, meaning(land, "unit_number")) == (None, None, None)
    assert meaning(land, "fixture").zh == "无定着物"


@pytest.mark.parametrize(
    ("text", "month", "year"),
    [
        ("2509-320193-89-01-544060", (2025, 9), None),
        ("2019-441900-78-03-056565", None, 2019),
        ("2012-330327-48-01-167360", (2020, 12), 2012),
        ("2000-330327-48-01-167360", None, 2000),
        ("2013-330327-48-01-167360", None, 2013),
        ("1912-330327-48-01-167360", (2019, 12), None),
    ],
)
def test_a_project_code_begins_with_a_month_or_a_year_or_with_what_may_be_both(text, month, year):
    code = ProjectCode.parse(text)
    assert (code.month, code.year) == (month, year)


def test_a_time_that_may_be_both_is_told_as_both():
    code = ProjectCode.parse("2012-330327-48-01-167360")
    assert meaning(code, "time") == (
        "2020 年 12 月,或 2012 年(旧版代码)",
        "2020-12, or the year 2012 in the older form",
    )
    assert meaning(ProjectCode.parse("2509-320193-89-01-544060"), "time").en == "2025-09"
    assert meaning(ProjectCode.parse("2019-441900-78-03-056565"), "time").zh == "2019 年(旧版代码)"


REAL_PROJECTS = [
    "2106-440100-04-01-237448",
    "2111-522323-04-01-342068",
    "2211-441900-04-02-310151",
    "2304-441900-04-01-135254",
    "2304-441900-04-01-254812",
    "2311-330109-04-01-789813",
    "2411-130202-89-01-637015",
    "2502-140109-89-01-287745",
    "2509-140602-89-05-864976",
    "2509-320193-89-01-544060",
    "2512-420984-04-01-395957",
    "2603-141124-89-05-346948",
]


def test_the_project_codes_in_use_have_the_check_digit_of_iso_7064():
    assert all(ProjectCode.parse(text).has_check_digit for text in REAL_PROJECTS)


def test_a_project_code_without_that_check_digit_is_read_and_says_so():
    code = ProjectCode.parse("2601-140100-89-01-123456")
    assert code.has_check_digit is False
    assert "ISO 7064" in meaning(code, "number").zh
    assert ProjectCode.parse("2019-441900-78-03-056565").has_check_digit is None


@pytest.mark.parametrize(
    ("text", "variant"),
    [
        ("32050540020201000010010690", "both"),
        ("37010501200201000010017514", "iso7064"),
        ("37010501200201000010017519", "without_ten"),
        ("440303001199***00000100012", "iso7064"),
    ],
)
def test_a_house_code_says_by_which_variant_its_check_digit_fits(text, variant):
    code = HouseCode.parse(text)
    assert code.check_variant == variant
    assert get_scheme("fwdm").parse(text).check_variant == code.check_variant
    assert meaning(code, "check").zh


def test_a_house_code_tells_township_building_and_unit():
    code = HouseCode.parse("37010501200201000010017514")
    assert (code.county, code.place, code.building, code.unit) == ("370105", "012", "002010000100", "1751")


def test_a_credit_code_tells_who_registered_what_and_where():
    code = CreditCode.parse("91110000600037341L")
    assert (code.registration, code.division, code.organisation) == ("91", "110000", "600037341")
    assert meaning(code, "registration") == ("市场监管:企业", "market regulation: enterprise")


def test_a_department_that_is_not_listed_is_read_and_has_no_meaning():
    code = CreditCode.parse("E1110000600037341F")
    assert meaning(code, "registration") is None


def test_a_credit_code_names_an_organisation_and_no_field_makes_it_an_alias_of_a_building():
    scheme = get_scheme("uscc")
    assert (scheme.names, scheme.fields) == ("organisation", ())


def test_the_letters_of_a_credit_code_are_the_alphabet_of_the_building_code():
    form = load_form("uscc")
    assert {part.letters for part in form.parts if len(part.letters) > 10} == {ALPHABET}


def test_codes_of_counties_of_today_and_of_former_days_are_read(shared_data):
    with gzip.open(shared_data("cn_admin_adcode/divisions_2026.json.gz"), "rt", encoding="utf-8") as lines:
        counties = {code[:6] for code in county_codes(json.load(lines))}
    assert len(counties) > 2800
    assert all(UnitCode.parse(f"{county}001001GB00001F00010001").county == county for county in counties)


def county_codes(document):
    for province in document["provinces"].values():
        for city in province["cities"].values():
            yield from city["counties"].values()
