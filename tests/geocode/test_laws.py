"""The laws of the code, anywhere on Earth, and the reference implementation as their witness."""

import math
from itertools import pairwise

import shapely
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from geocode import BuildingCode, CodeError, decode, encode_many, parse
from geocode.alphabet import ALPHABET
from geocode.cells import CELL_COUNT, cell_parent, is_cell_number, number_cell

DEG = 10**8
# short of the poles, and with what is special of it: both sides of the prime meridian, of the equator, the antimeridian
meridians = st.integers(-179 * DEG, 179 * DEG) | st.sampled_from([0, -1, -179 * DEG, 179 * DEG])
parallels = st.integers(-85 * DEG, 85 * DEG) | st.sampled_from([0, -1])
codes = st.builds(
    BuildingCode,
    number=st.integers(0, CELL_COUNT - 1).filter(is_cell_number),
    size_class=st.integers(0, 30),
    generation=st.integers(0, 30),
)


def rows_of(encoded):
    return list(zip(encoded.codes.tolist(), encoded.h3.tolist(), encoded.area_m2.tolist(), strict=True))


def anywhere(draw, drawing):
    """Return a drawing moved to some place on Earth by whole units."""
    x, y = drawing.parts[0][0][0]
    dx, dy = draw(meridians) - x, draw(parallels) - y
    moved = [[tuple((x + dx, y + dy) for x, y in ring) for ring in part] for part in drawing.parts]
    return type(drawing)(tuple(map(tuple, moved)))


def with_small_holes(part, count):
    """Return a part without its courtyard, but with so many small ones around the same place."""
    shell = part[0]
    x, y = (sum(vertex[k] for vertex in shell) // len(shell) for k in (0, 1))
    inner = min(math.dist((x, y), vertex) for vertex in shell)
    assume(len(part) == 1 and inner > 400)
    return (shell, *(((x + 9 * i, y), (x + 9 * i + 4, y), (x + 9 * i + 4, y + 5 + i)) for i in range(count)))


@settings(max_examples=40)
@given(st.data())
def test_rows_have_the_same_codes_in_batches_of_any_split_and_in_any_order(drawings, data):
    several = [
        anywhere(data.draw, drawing).geometry for drawing in data.draw(st.lists(drawings, min_size=1, max_size=7))
    ]
    together = rows_of(encode_many(several))
    assert rows_of(encode_many(several)) == together
    cuts = sorted({0, len(several), *data.draw(st.lists(st.integers(0, len(several)), max_size=3))})
    assert [row for a, b in pairwise(cuts) for row in rows_of(encode_many(several[a:b]))] == together
    order = data.draw(st.permutations(range(len(several))))
    assert rows_of(encode_many([several[i] for i in order])) == [together[i] for i in order]


@given(st.data())
def test_the_order_of_several_courtyards_does_not_change_the_code(drawings, data):
    drawing = anywhere(data.draw, data.draw(drawings))
    part = with_small_holes(drawing.parts[0], data.draw(st.integers(2, 6)))
    again = (part[0][::-1], *(hole[1:] + hole[:1] for hole in data.draw(st.permutations(part[1:]))))
    one, other = (type(drawing)((each,)).geometry for each in (part, again))
    assume(one.is_valid)
    assert rows_of(encode_many([one])) == rows_of(encode_many([other]))


@given(st.data())
def test_the_reference_implementation_finds_the_same_code_anywhere_on_earth(drawings, oracle, data):
    geometry = anywhere(data.draw, data.draw(drawings)).geometry
    found = encode_many([geometry])
    coded = oracle.reference.encode(geometry.__geo_interface__)
    assert (found.codes[0], found.h3[0]) == (coded.code, coded.h3)
    assert math.isclose(found.area_m2[0], coded.area_m2, rel_tol=1e-13 / math.cos(math.radians(coded.y / 1e8)))


@given(st.data())
def test_a_code_tells_the_cell_that_holds_the_centroid_anywhere_on_earth(drawings, data):
    geometry = anywhere(data.draw, data.draw(drawings)).geometry
    centroid = geometry.centroid
    assume(abs(centroid.x) < 179.999)
    told = decode(str(encode_many([geometry]).codes[0]))
    # the centroid was rounded to a unit of 1e-8 before it had a cell
    assert told.hexagon.distance(centroid) < 1e-8


@given(st.lists(codes, min_size=2, max_size=20))
def test_codes_in_text_order_are_in_the_order_of_h3_then_of_size_class_then_of_generation(several):
    by_text = sorted(several, key=str)
    assert by_text == sorted(several, key=lambda code: (int(code.h3, 16), code.size_class, code.generation))
    assert [code.compact for code in by_text] == sorted(code.compact for code in several)


@given(codes, codes, st.integers(0, 14))
def test_every_coarser_cell_is_one_range_of_texts_with_children_at_both_ends(code, other, resolution):
    parent = cell_parent(number_cell(code.number), resolution)
    size = 7 ** (15 - resolution)
    first = code.number - code.number % size
    low, high = (BuildingCode(number, 0, 0) for number in (first, first + size - 1))
    assert {cell_parent(number_cell(end.number), resolution) for end in (low, high)} == {parent}
    assert low.compact[:10] <= code.compact[:10] <= high.compact[:10]
    is_inside = cell_parent(number_cell(other.number), resolution) == parent
    assert is_inside == (low.compact[:10] <= other.compact[:10] <= high.compact[:10])


@given(codes, st.integers(0, 14))
def test_the_next_cell_after_a_range_and_the_last_before_it_have_another_parent(code, resolution):
    size = 7 ** (15 - resolution)
    first = code.number - code.number % size
    parent = cell_parent(number_cell(code.number), resolution)
    for near in (first - 1, first + size):
        if is_cell_number(near):
            assert cell_parent(number_cell(near), resolution) != parent


@given(codes)
def test_what_is_drawn_around_the_place_that_a_code_tells_has_its_cell(code):
    lon, lat = decode(code).centre
    assume(abs(lat) < 89 and abs(lon) < 179)
    hut = shapely.box(lon - 1e-7, lat - 1e-7, lon + 1e-7, lat + 1e-7)
    assert parse(str(encode_many([hut]).codes[0])).number == code.number


def mutated(draw, text):
    """Return a text with a few characters replaced, left out, put in or exchanged, by any character there is."""
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        other = draw(st.text(max_size=2) | st.sampled_from([*ALPHABET, *"-–—\u3000 IOSVZiosvzß①"]))
        text = text[:at] + other + text[at + draw(st.integers(0, 2)) :]
    return text


@settings(max_examples=300)
@given(st.data())
def test_a_mutated_code_is_a_code_or_a_code_error_and_the_reference_reads_alike(oracle, data):
    code = data.draw(codes)
    prefix = data.draw(st.sampled_from(["", "220200-", "22020０", "吉林"]))
    text = mutated(data.draw, prefix + data.draw(st.sampled_from([str(code), code.compact.lower()])))
    assert read_by_library(text) == read_by(oracle.reference, text)


@example("ß" * 6 + "4E7U5CKJ1HE0A")
@example("ŉ4E7U5CKJ1HE0")
@example("\u200b4E7U5-CKJ1H-E0A")
@given(st.text())
def test_the_reference_reads_any_text_alike(oracle, text):
    assert read_by_library(text) == read_by(oracle.reference, text)


def read_by_library(text):
    try:
        code = parse(text)
    except CodeError as error:
        return error.fault.kind
    return (str(code), code.h3, code.size_class, code.generation)


def read_by(reference, text):
    try:
        return reference.read(text)
    except reference.Refused as refusal:
        return str(refusal)
