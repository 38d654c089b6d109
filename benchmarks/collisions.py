"""How many different buildings of real cities bear one name, as drawn and once registered.

``python benchmarks/collisions.py FILE…``: each file of footprints, in any format that Luotu reads, is named under each
scheme, then uploaded into a register of its own. Rows of nearly the same ground (IoU ≥ 0.9) are one building twice.
"""

import argparse
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import h3
import numpy as np
import shapely
from sqlalchemy import text

from geocode import encode_many, to_storage
from geocode.beidou import beidou_codes
from geocode.planes import measure_plane, to_plane
from geocode.ubids import ubids
from layers.reading import read_delivery
from registry.ground import SAME_IOU
from store.cluster import remove_cluster
from store.database import Database, transaction
from store.walls import as_system
from workflows.databases import opened_database, start_database
from workflows.delivery_options import DeliveryOptions
from workflows.principals import find_principal
from workflows.settings import Settings
from workflows.uploading import upload_file


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("file", type=Path, nargs="+", help="footprints")
    paths = arguments.parse_args().file
    print(f"{'file':<44}{'rows':>8}  different buildings that share a name with another one, by scheme")
    for path in paths:
        report_drawn(path)
    with TemporaryDirectory(prefix="luotu-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        settings = Settings(home=Path(folder), _env_file=None)  # type: ignore[call-arg]
        try:
            start_database(settings)
            with opened_database(settings) as database:
                report_registered(as_system(database), settings, paths)
        finally:
            remove_cluster(settings.cluster)


def report_drawn(path: Path) -> None:
    """Print how many rows of a file share a name with a row of other ground."""
    delivery = read_delivery(path)
    footprints = delivery.frame.geometry.to_numpy()
    encoded = encode_many(footprints, crs=delivery.frame.crs)
    sound = encoded.codes != ""
    degrees = to_storage(footprints[sound], delivery.frame.crs)
    shared = {scheme: len(sharing(texts, degrees)) for scheme, texts in names(encoded.codes[sound], degrees).items()}
    told = "  ".join(f"{scheme} {count}" for scheme, count in shared.items())
    print(f"{path.parent.name[:20] + '/' + path.name[:22]:<44}{sound.sum():>8,}  {told}")


def names(codes: Any, degrees: Any) -> dict[str, Any]:
    """Return the names of sound footprints in EPSG:4490 under each scheme."""
    centre = shapely.centroid(degrees)
    lon, lat = shapely.get_x(centre), shapely.get_y(centre)
    cells = [h3.latlng_to_cell(*point, 15) for point in zip(lat.tolist(), lon.tolist(), strict=True)]
    beidou = beidou_codes(lon, lat, level=8)
    return {"code": codes, "H3-15": np.array(cells), "BeiDou-8": beidou, "UBID-11": ubids(degrees)}


def sharing(texts: Any, degrees: Any) -> set[int]:
    """Return the positions whose name another one bears that is another building."""
    order = np.argsort(texts, kind="stable")
    groups = np.split(order, np.flatnonzero(texts[order][1:] != texts[order][:-1]) + 1)
    return set(chain.from_iterable(different(group, degrees) for group in groups if len(group) > 1))


def different(group: Any, degrees: Any) -> list[int]:
    """Return the positions of a group that another one of it differs from by its ground."""
    centre = shapely.centroid(degrees[group[0]])
    plane = to_plane(degrees[group], measure_plane(centre.x, centre.y))
    common = shapely.area(shapely.intersection(plane[:, None], plane[None, :]))
    area = shapely.area(plane)
    iou = common / (area[:, None] + area[None, :] - common)
    return [int(position) for position in group[(iou < SAME_IOU).any(axis=1)]]


def report_registered(database: Database, settings: Settings, paths: list[Path]) -> None:
    """Upload the files, one after the other, and print what the register holds."""
    principal = find_principal(database, key=None, local=True)
    for path in paths:
        options = DeliveryOptions(mode="good")
        report = upload_file(database, path, principal=principal, documents=settings.documents, options=options)
        outcomes = [row.outcome for row in report.results]
        told = ", ".join(f"{outcomes.count(outcome):,} {outcome}" for outcome in sorted(set(outcomes)))
        print(f"uploaded {path.parent.name}/{path.name}: {told}")
    with transaction(database) as connection:
        codes = [row.code for row in connection.execute(text("select code from building"))]
    grounds = {code[:13] for code in codes}
    print(
        f"{len(codes):,} buildings registered, {len(set(codes)):,} different codes, {len(grounds):,} different grounds"
    )


if __name__ == "__main__":
    main()
