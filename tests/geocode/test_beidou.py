"""The BeiDou grid position code against the standard's own examples, and against its rules written out plainly."""

import json
import math
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from geocode import CodeError
from geocode.beidou import beidou_codes, beidou_codes_3d, beidou_codes_at, decode_beidou

VECTORS = json.loads((Path(__file__).parent / "vectors" / "beidou.json").read_text(encoding="utf-8"))
UNITS = 7_372_800
GROUND_LENGTHS = [4, 6, 7, 9, 11, 12, 14, 16, 18, 20]
SPACE_LENGTHS = [7, 10, 12, 15, 18, 20, 23, 26, 29, 32]
FULL_WIDTH = {ord(c): ord(c) + 0xFEE0 for c in "0123456789ABCDEFGHIJKLMNOPQRSTUVabcdefghijklmnopqrstuv-"} | {32: 0x3000}
LOWEST_M, HIGHEST_M = -6_302_106.7226, 528_680_171.1252

# width and height of the cells of levels 2 to 10 in seconds
CELLS_S = [(1800, 1800), (900, 600), (60, 60), (4, 4), (2, 2), *((Fraction(1, n),) * 2 for n in (4, 32, 256, 2048))]
# how many bits of the layer each level writes, and in which base
HEIGHT_FIELDS = [(6, "02d"), (3, "o"), (1, "b"), (4, "X"), (4, "X"), (1, "b"), (3, "o"), (3, "o"), (3, "o"), (3, "o")]

longitudes, latitudes, levels = st.floats(-180, 180), st.floats(-88, 88), st.integers(1, 10)
heights = st.floats(-6_302_106, 528_680_171) | st.floats(-12_000, 9_000)


def near_edges(limit_deg):
    """Draw doubles at and next to the edges of cells, in both hemispheres."""
    edges = st.integers(0, limit_deg * UNITS - 1) | st.integers(0, limit_deg * 900 - 1).map(lambda n: n * UNITS // 900)
    return st.builds(
        lambda units, ulps, sign: sign * beside(units / UNITS, ulps),
        edges,
        st.integers(-2, 2),
        st.sampled_from([1, -1]),
    )


def beside(value, ulps):
    for _ in range(abs(ulps)):
        value = math.nextafter(value, math.copysign(math.inf, ulps))
    return value


def plain_ground(lon, lat, level=10):
    """Return the segments of a code by the rules of the standard, in exact rationals."""
    is_west, is_south = lon < 0 or abs(lon) == 180, lat < 0
    # 180° is the edge where the first column begins: a little way into it
    x, y = min(abs(Fraction(lon)), 180 - Fraction(1, 10**9)) * 3600, abs(Fraction(lat)) * 3600
    column, row = int(x // 21600), int(y // 14400)
    segments = [
        "S" if is_south else "N",
        f"{30 - column if is_west else 31 + column:02d}" + "ABCDEFGHIJKLMNOPQRSTUV"[row],
    ]
    x, y = x - column * 21600, y - row * 14400
    for number, (width, height) in enumerate(CELLS_S[: level - 1], start=2):
        column, row = int(x // width), int(y // height)
        x, y = x - column * width, y - row * height
        segments.append(str(2 * row + column) if number in {3, 6} else f"{column:X}{row:X}")
    return segments


@cache
def log_step():
    """Return ln(1 + π/180), with π by Machin's formula."""
    with localcontext(prec=120):
        sixteenths = sum(
            (Decimal(weight) * Decimal((-1) ** k) / ((2 * k + 1) * Decimal(x) ** (2 * k + 1)))
            for x, weight in ((5, 16), (239, -4))
            for k in range(90)
        )
        return (1 + sixteenths / 180).ln()


def plain_edge_m(layer):
    with localcontext(prec=100):
        return 6378137 * (Decimal(layer) / UNITS * log_step()).exp() - 6378137


def plain_height(height_m, level=10):
    """Return the height segments of a code: the layer is searched for by its edges."""
    layer = math.floor(UNITS * math.log1p(height_m / 6378137) / math.log1p(math.pi / 180))
    while plain_edge_m(layer) > Decimal(height_m):
        layer -= 1
    while plain_edge_m(layer + 1) <= Decimal(height_m):
        layer += 1
    bits, segments = f"{abs(layer):031b}", ["1" if layer < 0 else "0"]
    for width, base in HEIGHT_FIELDS[:level]:
        segments.append(format(int(bits[:width], 2), base))
        bits = bits[width:]
    return segments


def plain_space(lon, lat, height_m, level=10):
    pairs = zip(plain_ground(lon, lat, level), plain_height(height_m, level), strict=True)
    return "".join(ground + height for ground, height in pairs)


def code_at(lon, lat, level=10):
    return str(beidou_codes([lon], [lat], level=level)[0])


def space_code_at(lon, lat, height_m, level=10):
    return str(beidou_codes_3d([lon], [lat], [height_m], level=level)[0])


def height_symbols(height_m):
    """Return the height symbols of a code alone: what is left of it without those of the ground."""
    code, ground = space_code_at(0.0, 0.0, height_m), plain_ground(0, 0)
    symbols, at = "", 0
    for segment, width in zip(ground, [1, 2, *[1] * 9], strict=True):
        at += len(segment)
        symbols += code[at : at + width]
        at += width
    return symbols


codes = st.builds(code_at, longitudes, st.floats(-87.999999, 87.999999), levels)
space_codes = st.builds(space_code_at, longitudes, st.floats(-87.999999, 87.999999), heights, levels)


def degrees(text):
    """Return the exact degrees of 39°59′35.38″N and the like."""
    whole, minutes, seconds, hemisphere = text.replace("°", " ").replace("′", " ").replace("″", " ").split()
    value = int(whole) + Fraction(int(minutes), 60) + Fraction(seconds) / 3600
    return -value if hemisphere in "WS" else value


@pytest.mark.parametrize("row", VECTORS["published"], ids=lambda row: row["source"])
def test_the_examples_of_the_standard_have_their_published_codes(row):
    lon, lat = degrees(row["lon"]), degrees(row["lat"])
    for level, code in row["codes"].items():
        assert code_at(float(lon), float(lat), int(level)) == code
        assert "".join(plain_ground(lon, lat, int(level))) == code


def test_the_plane_and_the_space_form_of_the_standard_s_table_are_one_cell():
    ground, space = VECTORS["table_1"]["ground"], VECTORS["table_1"]["space"]
    cell, solid = decode_beidou(ground), decode_beidou(space)
    assert cell.bounds_units == solid.bounds_units
    assert space_code_at(*cell.centre, 0.0) == space
    assert (cell.is_3d, solid.is_3d, solid.height_from_m) == (False, True, 0.0)
    assert (cell.west_deg, cell.south_deg) == pytest.approx((34.62949232313368, 37.63675726996528), abs=1e-13)


def test_the_cell_of_figure_2_lies_between_6_and_12_east_24_and_28_north():
    cell = decode_beidou("N32G")
    assert (cell.west_deg, cell.south_deg, cell.east_deg, cell.north_deg) == (6, 24, 12, 28)


@pytest.mark.parametrize("row", VECTORS["points"], ids=lambda row: row["code"])
def test_points_in_all_hemispheres_have_the_codes_of_exact_rationals(row):
    assert code_at(row["lon"], row["lat"]) == row["code"]


@pytest.mark.parametrize("row", VECTORS["heights"], ids=lambda row: str(row["height_m"]))
def test_heights_have_the_symbols_of_the_formula(row):
    assert height_symbols(row["height_m"]) == row["symbols"]


def test_points_that_others_have_computed_have_their_codes(shared_data):
    rows = json.loads(shared_data("vectors_cn/beidou2d.json").read_text(encoding="utf-8"))["computed"]
    assert len(rows) > 30
    found = beidou_codes([row["lon"] for row in rows], [row["lat"] for row in rows])
    assert found.tolist() == [row["code_l10"] for row in rows]


@given(longitudes | near_edges(180), latitudes | near_edges(88), levels)
def test_a_point_has_the_code_that_the_rules_give_its_exact_value(lon, lat, level):
    assume(abs(lat) < 88)
    assert code_at(lon, lat, level) == "".join(plain_ground(Fraction(lon), Fraction(lat), level))


@given(st.lists(st.tuples(near_edges(180), near_edges(88)), min_size=5, max_size=20))
def test_no_edge_is_rounded_over_in_any_hemisphere(points):
    found = beidou_codes(*np.array(points).T)
    assert found.tolist() == ["".join(plain_ground(Fraction(lon), Fraction(lat))) for lon, lat in points]


@given(st.sampled_from([UNITS, 1, 3600, 10**8, 10**9]), st.fractions(-1, 1), st.fractions(-1, 1), levels)
@example(UNITS, Fraction(-1), Fraction(0), 10)
@example(10**9, Fraction(1), Fraction(-1, 88 * 10**9), 10)
@example(100, Fraction(11640, 18000), Fraction(3990, 8800), 10)
def test_whole_units_have_the_codes_of_exact_rationals(per_deg, east, north, level):
    lon, lat = int(east * 180 * per_deg), int(north * 88 * per_deg)
    assume(abs(lat) < 88 * per_deg)
    found = str(beidou_codes_at([lon], [lat], units_per_deg=per_deg, level=level)[0])
    assert found == "".join(plain_ground(Fraction(lon, per_deg), Fraction(lat, per_deg), level))


@given(longitudes, latitudes, heights | st.floats(-1e-3, 1e-3))
@example(0.0, 0.0, -0.0)
@example(0.0, 0.0, -5e-324)
@example(0.0, 0.0, 5e-324)
def test_a_point_in_space_has_the_code_that_the_rules_give_it(lon, lat, height_m):
    assume(abs(lat) < 88)
    code = plain_space(Fraction(lon), Fraction(lat), height_m)
    for level, length in enumerate(SPACE_LENGTHS, start=1):
        assert space_code_at(lon, lat, height_m, level) == code[:length]


@given(st.integers(-256 * UNITS, 256 * UNITS - 1))
@example(-256 * UNITS)
@example(256 * UNITS - 1)
@example(-1)
@example(0)
def test_the_lowest_double_of_a_height_layer_lies_in_it_and_the_one_below_does_not(layer):
    exact = plain_edge_m(layer)
    edge_m = float(exact) if Decimal(float(exact)) >= exact else math.nextafter(float(exact), math.inf)
    assert height_symbols(edge_m) == "".join(plain_height(edge_m))
    below_m = math.nextafter(edge_m, -math.inf)
    if layer > -256 * UNITS:
        assert height_symbols(below_m) == "".join(plain_height(below_m)) != height_symbols(edge_m)
    else:
        assert space_code_at(0.0, 0.0, below_m) == ""


@given(longitudes, latitudes)
def test_the_code_of_a_coarser_level_begins_that_of_a_finer_one(lon, lat):
    assume(abs(lat) < 88)
    code = code_at(lon, lat)
    assert [code_at(lon, lat, level) for level in range(1, 11)] == [code[:length] for length in GROUND_LENGTHS]


@given(longitudes, latitudes, levels)
@example(-180.0, -87.5, 3)
@example(180.0, 0.0, 10)
@example(-1e-9, -1e-9, 10)
def test_the_cell_of_a_point_s_code_holds_the_point(lon, lat, level):
    assume(abs(lat) < 88)
    cell = decode_beidou(code_at(lon, lat, level))
    assert cell.level == level
    assert cell.south_deg <= lat <= cell.north_deg
    assert cell.west_deg <= (-180 if lon == 180 else lon) <= cell.east_deg


@given(codes | space_codes)
def test_a_cell_s_centre_has_the_cell_s_code(code):
    cell = decode_beidou(code)
    assert cell.text == code
    if cell.is_3d:
        middle_m = (cell.height_from_m + cell.height_to_m) / 2
        assert space_code_at(*cell.centre, middle_m, cell.level) == code
    else:
        assert code_at(*cell.centre, cell.level) == code


@given(codes)
def test_a_cell_owns_the_corner_next_to_the_origin_and_not_the_one_opposite(code):
    cell = decode_beidou(code)
    west, south, east, north = cell.bounds_units
    near = east if west < 0 else west, north if south < 0 else south
    near_deg = cell.east_deg if west < 0 else cell.west_deg, cell.north_deg if south < 0 else cell.south_deg
    far_deg = cell.west_deg if west < 0 else cell.east_deg, cell.south_deg if south < 0 else cell.north_deg
    # zero itself is eastern and northern
    assume(not (west < 0 == near[0]) and not (south < 0 == near[1]))
    assert beidou_codes_at([near[0]], [near[1]], level=cell.level).tolist() == [code]
    assert code_at(*near_deg, cell.level) == code
    assert code_at(*far_deg, cell.level) != code
    assert code_at(near_deg[0], math.nextafter(far_deg[1], 0.0), cell.level) == code


@given(space_codes)
def test_heights_from_and_to_of_a_cell_part_the_doubles_exactly(code):
    cell = decode_beidou(code)
    bounds_m = cell.height_from_m, math.nextafter(cell.height_to_m, -math.inf)
    assert [space_code_at(*cell.centre, height_m, cell.level) for height_m in bounds_m] == [code, code]
    beyond_m = math.nextafter(cell.height_from_m, -math.inf), cell.height_to_m
    assert code not in [space_code_at(*cell.centre, height_m, cell.level) for height_m in beyond_m]


def test_the_first_cells_of_the_four_hemispheres_meet_at_the_origin_which_is_eastern_and_northern():
    assert {code_at(lon, lat) for lon in (0.0, -0.0) for lat in (0.0, -0.0)} == {"N31A0000000000000000"}
    assert code_at(-5e-324, 0.0) == "N30A0000000000000000"
    assert code_at(0.0, -5e-324) == "S31A0000000000000000"
    assert code_at(-5e-324, -5e-324) == "S30A0000000000000000"


def test_mirrored_points_have_the_same_symbols_after_the_first_level():
    rest = "J47539B8255346152"
    lon, lat = 116.31260277777777, 39.993161111111114
    found = beidou_codes([lon, -lon, lon, -lon], [lat, lat, -lat, -lat])
    assert found.tolist() == [f"N50{rest}", f"N11{rest}", f"S50{rest}", f"S11{rest}"]


def test_an_edge_in_the_west_belongs_to_the_cell_west_of_it_as_in_the_east_to_the_one_east_of_it():
    assert [code_at(lon, 1.0, 1) for lon in (-6.0, -5.9, 6.0, 6.1)] == ["N29A", "N30A", "N32A", "N32A"]
    assert [code_at(1.0, lat, 1) for lat in (-4.0, -3.9, 4.0, 4.1)] == ["S31B", "S31A", "N31B", "N31B"]


def test_the_180th_meridian_belongs_to_column_01_from_either_side():
    assert [code_at(lon, 10.0, 4) for lon in (180.0, -180.0)] == ["N01CB41E0"] * 2
    assert code_at(math.nextafter(180.0, 0), 10.0, 1) == "N60C"
    assert decode_beidou("N01CB41E0").west_deg == -180


@pytest.mark.parametrize(
    ("lon", "lat"),
    [
        (0, 88),
        (0, -88),
        (0, 90),
        (180.00000000000003, 0),
        (-181, 0),
        (200, 0),
        (math.nan, 0),
        (0, math.nan),
        (math.inf, 0),
    ],
)
def test_a_row_without_a_code_is_empty_and_costs_no_other_row(lon, lat):
    assert beidou_codes([116.31, lon, 116.32], [39.95, lat, 39.95], level=4).tolist() == ["N50J47537", "", "N50J47547"]
    assert beidou_codes_3d([lon], [lat], [0.0]).tolist() == [""]


def test_the_rows_next_to_88_degrees_are_the_last_of_row_v():
    assert [code_at(0.0, sign * math.nextafter(88.0, 0), 5) for sign in (1, -1)] == [
        "N31V07409" + "0E",
        "S31V07409" + "0E",
    ]


@pytest.mark.parametrize("height_m", [-6378137.0, -6378138.0, -6_302_106.8, 528_680_171.2, -1e300, math.inf, math.nan])
def test_a_height_beyond_the_standard_s_range_has_no_code(height_m):
    assert beidou_codes_3d([0.0, 1.0], [0.0, 1.0], [height_m, 1.0], level=1).tolist() == ["", "N031A00"]


def test_one_height_may_stand_for_all_points():
    assert (beidou_codes_3d([1, 2], [3, 4], 50) == beidou_codes_3d([1, 2], [3, 4], [50, 50])).all()


def test_a_long_column_has_the_codes_of_its_rows():
    generator = np.random.default_rng(39409)
    lon, lat, height_m = (generator.uniform(low, high, 40_000) for low, high in ((-185, 185), (-89, 89), (-9e3, 9e3)))
    ground, space = beidou_codes(lon, lat), beidou_codes_3d(lon, lat, height_m)
    for row in range(0, len(lon), 499):
        assert ground[row] == code_at(lon[row], lat[row])
        assert space[row] == space_code_at(lon[row], lat[row], height_m[row])


def test_no_points_have_no_codes():
    assert beidou_codes([], []).tolist() == beidou_codes_3d([], [], []).tolist() == []


@pytest.mark.parametrize("level", [0, 11, -1])
def test_there_are_ten_levels(level):
    with pytest.raises(ValueError, match="1 to 10"):
        beidou_codes([0.0], [0.0], level=level)


def test_units_are_whole_numbers_within_the_range():
    with pytest.raises(TypeError):
        beidou_codes_at([0.5], [0.5])
    with pytest.raises(ValueError, match="units"):
        beidou_codes_at([0], [0], units_per_deg=10**9 + 1)
    beyond = [180 * UNITS + 1, -(2**63), 0, 0]
    assert beidou_codes_at(beyond, [0, 0, 88 * UNITS, -88 * UNITS]).tolist() == [""] * 4


@given(codes | space_codes, st.data())
def test_reading_takes_full_width_any_case_blanks_and_hyphens(code, data):
    text = code
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(st.sampled_from([" ", "-", "\u3000", "–", "\t"])) + text[at:]
    text = data.draw(st.sampled_from([str, str.lower]))(text)
    text = text.translate(FULL_WIDTH) if data.draw(st.booleans()) else text
    assert decode_beidou(text) == decode_beidou(code)


@given(
    st.text()
    | st.text(alphabet="0123456789ABCDEFNS", max_size=33)
    | st.builds("{}{}{}".format, st.sampled_from("NS"), st.sampled_from(["50J", "050J00", "01A"]), st.text("01234567"))
)
@example("")
@example("N٣٣J")
@example("\ud800")
def test_any_text_is_a_cell_or_a_code_error(text):
    try:
        cell = decode_beidou(text)
    except CodeError as error:
        kind = error.fault.kind
    else:
        height_m = [cell.height_from_m] if cell.is_3d else []
        kind = (
            "beidou_"
            if (space_code_at if height_m else code_at)(*cell.centre, *height_m, cell.level) == cell.text
            else ""
        )
    assert kind.startswith("beidou_")


@pytest.mark.parametrize(
    ("code", "taken"),
    [
        # a tens digit stands here before 0, so that 00 is refused and 60 is the last column
        ("N50J47539B8255346152", "NS 123456 0-9 A-V 0-B 0-7 0-5 0-E 0-9 0-E 0-E 0-3" + 8 * " 0-7"),
        # here before 6 and before 0: column 66 and height layer 60 are refused
        (
            "N036J0093000780B3010015520430340",
            "NS 01 012345 0-9 A-V 012345 0-9 0-B 0-7 0-7 0-5 01 0-E 0-9 0-F 0-E 0-E 0-F 0-3 01" + 12 * " 0-7",
        ),
    ],
)
def test_each_position_takes_the_symbols_of_the_standard_and_no_others(code, taken):
    every = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    for at, span in enumerate(taken.split()):
        first, dash, last = span.partition("-")
        allowed = every[every.index(first) : every.index(last) + 1] if dash else span
        assert "".join(each for each in every if is_read(code[:at] + each + code[at + 1 :])) == allowed


def is_read(text):
    try:
        decode_beidou(text)
    except CodeError:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("", "beidou_hemisphere", "N or S"),
        ("北50J", "beidou_hemisphere", "北50J"),
        ("50J47539B8", "beidou_hemisphere", "50J47539B8"),
        ("N", "beidou_length", "1 characters"),
        ("N50J4", "beidou_length", "4, 6, 7, 9, 11"),
        ("N036J0", "beidou_length", "7, 10, 12, 15"),
        ("N50J47539B82553461523", "beidou_length", "21 characters"),
        ("N50W", "beidou_symbol", "“W”, character 4"),
        ("N500", "beidou_symbol", "A–V"),
        ("N5OJ", "beidou_symbol", "“O”, character 3"),
        ("N50JC7", "beidou_symbol", "level 2 has only 0–B"),
        ("N50J48", "beidou_symbol", "level 2 has only 0–7"),
        ("N50J476", "beidou_symbol", "level 3 has only 0–5"),
        ("N50J4753A", "beidou_symbol", "level 4 has only 0–9"),
        ("N50J47539F8", "beidou_symbol", "level 5 has only 0–E"),
        ("N50J47539B84", "beidou_symbol", "level 6 has only 0–3"),
        ("N50J47539B8285", "beidou_symbol", "level 7 has only 0–7"),
        ("N036J00930002", "beidou_length", "13 characters"),
        ("N036J009302", "beidou_length", "11 characters"),
        ("N00A", "beidou_column", "“00”"),
        ("N61A", "beidou_column", "“61”"),
        ("N000", "beidou_pole", "pole"),
        ("S0000001", "beidou_pole", "pole"),
        ("N036J57", "beidou_height", "“057”"),
        ("N136J57", "beidou_height", "“157”"),
        ("N136J0093000780B3010010520430140", "beidou_height", "“100000000000”"),
    ],
)
def test_each_way_of_being_no_code_has_its_kind_and_says_why(text, kind, said):
    with pytest.raises(CodeError) as caught:
        decode_beidou(text)
    assert caught.value.fault.kind == kind
    assert said in str(caught.value)


def test_rows_i_and_o_exist_and_are_no_digits():
    assert (decode_beidou("N50I").south_deg, decode_beidou("N50O").south_deg) == (32, 56)
    assert not is_read("N50JO7")
    assert not is_read("N50J4I")


def test_below_the_ellipsoid_layers_count_from_one_and_a_coarse_layer_ends_at_it():
    thin, thick = decode_beidou(space_code_at(1, 1, -1e-9)), decode_beidou(space_code_at(1, 1, -1e-9, level=8))
    assert height_symbols(-1e-9) == "100000000001"
    assert (thin.height_to_m, thick.height_to_m) == (0, 0)
    assert thin.height_from_m == pytest.approx(-0.014968, abs=1e-6)
    assert thick.height_from_m == pytest.approx(63 * -0.014968, abs=1e-4)


def test_the_layers_reach_as_far_as_annex_c_says():
    lowest, highest = (decode_beidou(space_code_at(0, 0, height_m, 1)) for height_m in (LOWEST_M + 1, HIGHEST_M - 1))
    assert lowest.height_from_m == pytest.approx(LOWEST_M, abs=1e-3)
    assert highest.height_to_m == pytest.approx(HIGHEST_M, abs=1e-3)


def test_the_first_height_symbols_are_decimal_and_the_four_bit_ones_reach_f():
    # 36.4° of layers up: field 8, which octal would write as 10; 29.6 km: all four bits of the fifth level's field
    assert height_symbols(5_616_000.0)[1:3] == "08"
    assert height_symbols(29_600.0) == "00000F015271"
    assert decode_beidou(space_code_at(1, 1, 29_600.0)).height_from_m <= 29_600
