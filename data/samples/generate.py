"""Write the sample district: `python data/samples/generate.py [FOLDER]`, by default into the folder of this script.

The same bytes come out every time. Nothing is read but the tables beside the generator, and nothing is downloaded.
"""

from __future__ import annotations

import sys
from pathlib import Path

import shapely
from generator import clean_sites, files, ground, permits, plans, planted_footprints, planted_layers, status, survey
from generator.buildings import build
from generator.expected import expected_results
from generator.faulty import faulty_rows
from generator.frame import Area, ribbon
from generator.model import Spot
from generator.surface import write_surface

EXISTING_BUILDINGS = 2_000


def generate(folder: Path) -> None:
    """Write every file of the sample into a folder."""
    spot = Spot.join(
        [planted_footprints.plant_footprints(), planted_layers.plant_layers(), clean_sites.plant_clean_sites()]
    )
    land = ground.survey_ground(spot.regions, ground.district_outline())
    planted = sum(feature.layer == "XZ1301" for feature in spot.features)
    buildings = build([region for region in land if region.core < 2], EXISTING_BUILDINGS - planted)
    west = clean_sites.west_bank_lots(land, buildings)
    surveyed = [*spot.surveyed, *(west_buildings := clean_sites.west_bank_buildings(west))]

    features = [
        *status.status_features(land, buildings),
        *plans.plan_features(land),
        *permits.permit_features(land, west),
    ]
    frames = files.layer_frames([*features, *spot.features])
    district = frames["XZ1101"].geometry.iloc[0]
    projects = dict(zip(frames["GL3105"]["name"], frames["GL3105"]["XMDM"], strict=True))
    faulty = faulty_rows()

    files.write_district(folder / "district.gpkg", frames)
    areas = {"district": district, "east bank": _east_bank(district)}
    files.write_json(folder / "layers.json", files.editions_document(frames, areas))
    survey.write_survey(folder / "survey.zip", surveyed, projects)
    survey.write_faulty_survey(folder / "survey_faulty.zip", faulty, projects)
    write_surface(folder / "height_surface.tif")
    results = expected_results(spot, surveyed, faulty, [building.name for building in west_buildings])
    files.write_json(folder / "expected.json", results)


def _east_bank(district: Area) -> Area:
    """Return the part of the district east of the river's middle."""
    east = ribbon(0.0, 4_680.0, -5_200.0, 5_200.0).simplify(5.0)
    return shapely.intersection(east, district.simplify(5.0), grid_size=0.001)


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
