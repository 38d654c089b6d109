"""The same bytes in, the same code out: through the library, the accessor, the command line and the API."""

import csv
import io
import json
import math
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
from typer.testing import CliRunner

import layers.accessor  # noqa: F401 - registers it
from cli.main import app
from geocode import FootprintError, encode, encode_many, parse
from geocode.decoding import decode_many
from layers.reading import read_delivery
from tests.conftest import PROJECT

VECTORS = PROJECT / "data" / "vectors" / "building_code.jsonl"
# middle of nowhere within the sample's zone, a few hundred metres from one to the next
LON, LAT = 126.60, 43.60
SHAPES = {
    "box": [[(0, 0), (30, 0), (30, 18), (0, 18)]],
    "L": [[(0, 0), (40, 0), (40, 12), (15, 12), (15, 30), (0, 30)]],
    "courtyard": [[(0, 0), (40, 0), (40, 40), (0, 40)], [(10, 10), (30, 10), (30, 30), (10, 30)]],
    "two courtyards": [[(0, 0), (60, 0), (60, 30), (0, 30)], [(5, 5), (25, 5), (25, 25), (5, 25)], [(35, 5), (55, 5), (45, 25)]],
    "needle": [[(0, 0), (90, 0), (90, 0.4), (0, 0.4)]],
    "star": [[(20, 0), (25, 15), (40, 20), (25, 25), (20, 40), (15, 25), (0, 20), (15, 15)]],
}  # fmt: skip


class Outcome(NamedTuple):
    """What any way of asking says of one footprint; the area to a tenth of a square centimetre."""

    code: str | None
    h3: str | None
    area_m2: float | None
    fault: str | None

    @classmethod
    def of(cls, row: Any) -> "Outcome":
        area = row["area_m2"]
        missing = area in {None, ""} or math.isnan(float(area))
        fault = row.get("fault")
        return cls(
            row["code"] if isinstance(row["code"], str) and row["code"] else None,
            row["h3"] if isinstance(row["h3"], str) and row["h3"] else None,
            None if missing else round(float(area), 4),
            fault.split(":")[0] if isinstance(fault, str) and fault else None,
        )


def ring(corners: list[tuple[float, float]], place: int, turn: float = 0.0) -> list[list[float]]:
    """Return a closed ring of corners in units of a metre or so, turned, at the place of a number."""
    east, north = LON + 0.004 * (place % 10), LAT + 0.003 * (place // 10)
    sin, cos = math.sin(turn), math.cos(turn)
    turned = [
        [round(east + (x * cos - y * sin) * 1.25e-5, 9), round(north + (x * sin + y * cos) * 9e-6, 9)]
        for x, y in corners
    ]
    return [*turned, turned[0]]


def good_geometries() -> list[dict[str, Any]]:
    """Return footprints of every plan, turned and not, some of several parts, drawn in every way that is allowed."""
    drawn = []
    for turn in (0.0, 0.3, 1.1, 2.5, 4.0):
        for rings in SHAPES.values():
            place = len(drawn)
            drawn.append({"type": "Polygon", "coordinates": [ring(corners, place, turn) for corners in rings]})
    boxes = [[(x, 0), (x + 12, 0), (x + 12, 20), (x, 20)] for x in (0, 20, 45)]
    for parts in (1, 2, 3):
        polygons = [[ring(corners, len(drawn), 0.2)] for corners in boxes[:parts]]
        drawn.append({"type": "MultiPolygon", "coordinates": polygons})
    for change in (
        lambda shell: shell[::-1],
        lambda shell: [*shell[2:-1], *shell[:3]],
        lambda shell: [point for point in shell for _ in range(2)],
        lambda shell: [[*point, 203.5] for point in shell],
        lambda shell: shell[:-1],
    ):
        drawn.append({"type": "Polygon", "coordinates": [change(ring(SHAPES["L"][0], len(drawn)))]})
    return drawn


def bad_geometries(place: int) -> list[dict[str, Any]]:
    """Return a drawing for each of the ways in which one is no footprint."""
    square = ring([(0, 0), (20, 0), (20, 20), (0, 20)], place)
    inner = ring([(5, 5), (8, 5), (8, 8), (5, 8)], place)
    small = ring([(6, 6), (7, 6), (7, 7), (6, 7)], place)
    far = ring([(50, 50), (60, 50), (60, 60)], place)
    cross = [square[0], square[2], square[1], square[3], square[0]]
    eight = ring([(0, 0), (10, 10), (20, 0), (20, 20), (10, 10), (0, 20)], place)
    return [
        {"type": "Polygon", "coordinates": [cross]},
        {"type": "Polygon", "coordinates": [eight]},
        {"type": "Polygon", "coordinates": [square, far]},
        {"type": "Polygon", "coordinates": [square, inner, small]},
        {"type": "Polygon", "coordinates": [square, square]},
        {"type": "MultiPolygon", "coordinates": [[square], [inner]]},
        {"type": "MultiPolygon", "coordinates": [[square], [square]]},
        {"type": "Polygon", "coordinates": [[square[0], square[1], square[0], square[0]]]},
        {"type": "Polygon", "coordinates": [[square[0]] * 4]},
        {"type": "Polygon", "coordinates": []},
        {"type": "MultiPolygon", "coordinates": []},
        {"type": "Point", "coordinates": square[0]},
        {"type": "LineString", "coordinates": square},
        {"type": "GeometryCollection", "geometries": [{"type": "Polygon", "coordinates": [square]}]},
        {"type": "Polygon", "coordinates": [[[179.0, 1.0], [-179.0, 1.0], [-179.0, 2.0], [179.0, 1.0]]]},
        {"type": "Polygon", "coordinates": [[[0.0, 89.0], [1.0, 89.0], [1.0, 91.0], [0.0, 89.0]]]},
        {"type": "Polygon", "coordinates": [[square[0], square[1]]]},
        {"type": "Polygon", "coordinates": [[["a", "b"], *square]]},
        {"type": "Polygon", "coordinates": "somewhere"},
        {"type": "Circle", "coordinates": square[0]},
    ]


def made_geometries() -> list[dict[str, Any]]:
    good = good_geometries()
    return good + bad_geometries(len(good))


def vector_geometries() -> list[dict[str, Any]]:
    """Return one in thirty of the specification's footprints, those that it refuses among them."""
    rows = (json.loads(line) for line in VECTORS.read_text(encoding="utf-8").splitlines())
    written = [row["geometry"] for row in rows if isinstance(row.get("geometry"), dict) and "crs" not in row]
    return [geometry for geometry in written if isinstance(geometry.get("coordinates"), list)][::30]


@pytest.fixture(params=[made_geometries, vector_geometries], ids=["made", "vectors"])
def file(request, tmp_path):
    """Return a GeoJSON file of features."""
    features = [
        {"type": "Feature", "properties": {"number": number}, "geometry": geometry}
        for number, geometry in enumerate(request.param())
    ]
    path = tmp_path / "drawn.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def through_the_library_at_once(delivery) -> list[Outcome]:
    encoded = encode_many(delivery.frame.geometry.to_numpy(), crs=delivery.crs)
    kinds = [fault and fault.kind for fault in encoded.faults]
    rows = zip(encoded.codes.tolist(), encoded.h3.tolist(), encoded.area_m2.tolist(), kinds, strict=True)
    return [Outcome.of(dict(zip(Outcome._fields, row, strict=True))) for row in rows]


def one_by_one(delivery) -> list[tuple[str | None, str | None]]:
    """Return the code or the kind of fault of each footprint alone."""
    outcomes = []
    for geometry in delivery.frame.geometry:
        try:
            outcomes.append((str(encode(geometry, crs=delivery.crs)), None))
        except FootprintError as error:
            outcomes.append((None, error.fault.kind))
    return outcomes


def on_the_command_line(*arguments: str, stdin: bytes | None = None) -> bytes:
    result = CliRunner().invoke(app, ["code", *arguments], input=stdin)
    assert result.exit_code in {0, 1}, result.output
    return result.stdout_bytes


def of_features(text: bytes) -> list[Outcome]:
    return [Outcome.of(json.loads(line)["properties"]) for line in text.splitlines()]


def of_records(text: bytes) -> list[Outcome]:
    records = json.loads(text)
    return [Outcome.of({**record, "fault": record["fault"] and record["fault"]["kind"]}) for record in records]


def test_one_code_through_library_accessor_and_command_line(file):
    delivery = read_delivery(file)
    expected = of_features(on_the_command_line(str(file), "--format", "geojsonl"))
    assert len(expected) >= 50
    assert sum(outcome.code is None for outcome in expected) >= 5
    # what a file says and no geometry can hold is a fault of reading, and comes before those of coding
    built = [row for row, fault in enumerate(delivery.faults) if fault is None]
    for outcomes in (
        through_the_library_at_once(delivery),
        list(map(Outcome.of, delivery.frame.luotu.code().to_dict("records"))),
    ):
        assert [outcomes[row] for row in built] == [expected[row] for row in built]
    alone = one_by_one(delivery)
    assert [alone[row] for row in built] == [(expected[row].code, expected[row].fault) for row in built]


def test_one_code_in_every_form_from_file_and_stream(file, tmp_path):
    expected = of_features(on_the_command_line(str(file), "--format", "geojsonl"))
    collection = json.loads(on_the_command_line(str(file), "--format", "geojson"))
    assert [Outcome.of(feature["properties"]) for feature in collection["features"]] == expected
    assert of_records(on_the_command_line(str(file), "--format", "json")) == expected
    table = csv.DictReader(io.StringIO(on_the_command_line(str(file), "--format", "csv").decode()))
    assert list(map(Outcome.of, table)) == expected
    assert of_features(on_the_command_line("-", "--format", "geojsonl", stdin=file.read_bytes())) == expected
    for suffix in (".gpkg", ".parquet"):
        target = tmp_path / f"coded{suffix}"
        on_the_command_line(str(file), "-o", str(target))
        assert list(map(Outcome.of, read_delivery(target).frame.to_dict("records"))) == expected


def test_one_code_over_http(file, client):
    expected = of_features(on_the_command_line(str(file), "--format", "geojsonl"))
    for feature, outcome in zip(json.loads(file.read_bytes())["features"], expected, strict=True):
        answer = client.post("/codes", json=feature)
        told = answer.json()
        kind = None if answer.status_code == 200 else told["type"].removeprefix("/problems/")
        absent = dict.fromkeys(Outcome._fields)
        assert Outcome.of({**absent, **told, "fault": kind}) == outcome
        if outcome.code:
            decoded = client.get(f"/codes/{outcome.code}").json()["properties"]
            assert (decoded["code"], decoded["h3"]) == (outcome.code, outcome.h3)


def test_every_text_of_the_specification_is_read_alike(client):
    rows = [json.loads(line) for line in VECTORS.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if isinstance(row.get("text"), str) and row["text"].strip() and "/" not in row["text"]][
        ::12
    ]
    assert {"code" in row for row in rows} == {True, False}
    lines = "\n".join(" ".join(row["text"].split()) for row in rows).encode()
    printed = CliRunner().invoke(app, ["decode", "-", "--format", "json"], input=lines).stdout_bytes
    told = decode_many([row["text"] for row in rows])
    for row, code, record in zip(rows, told.codes.tolist(), json.loads(printed), strict=True):
        answer = client.get(f"/codes/{quote(row['text'])}").json()
        if "code" in row:
            assert code == record["code"] == answer["properties"]["code"] == str(parse(row["code"]))
        else:
            assert code == ""
            assert record["fault"]["kind"] == answer["type"].removeprefix("/problems/") == row["fault"]
