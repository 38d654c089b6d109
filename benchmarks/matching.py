"""How well two surveys of a city are related, beside "IoU of at least one half, one to one".

``python benchmarks/matching.py [FILE ...] [--states BEFORE AFTER KEY] [--years FILE COLUMN] [--fit FILE ...]``: each
FILE (anything GDAL reads) is a city whose second survey is made with known truth by `second_surveys.py`, once in each
regime; without any, a made-up town is. ``--states`` relates two real states, in which the same KEY is the same building.
``--years`` replays a city by decades of a year of building: what stood before is known, what stood ten years later is
delivered. ``--fit`` fits the coefficients of `registry.relating.confidence` on cities and prints them.

A decision is a related pair, a delivered row that is new, or a known building that is gone: right if true, missed if
true and not said. Rows and buildings in a relation that goes to review, and rebuilt ones, of which geometry alone cannot
tell, are left out of both; how many rows go to review is told. Precision, recall and F1 are those of the decisions.
"""

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from second_surveys import REGIMES, Regime, SecondSurvey, made_up_town, survey_again

from registry.fingerprints import fingerprints
from registry.relating import KINDS, Relating, RelatingSettings, relate
from registry.relating.confidence import pair_distance
from registry.relating.relate import find_out, lay
from registry.relating.surveys import read_survey
from registry.relating.telling import measure_groups, unrelated_measures
from registry.settling import settle

SEED, ROWS, CITY_ROWS = 20261122, 3_000, 20_000
BAR_F1, BAR_REVIEW, BAR_S = 0.97, 0.10, 10.0
PLANE = "EPSG:32631"  # any metres will do: the cities keep their own coordinates
BINS = (0.0, 0.25, 0.5, 0.75, 0.9, 0.97, 0.99, 1.0)
NEW, GONE = -1, -1
Decisions = set[tuple[int, int]]


class Score(NamedTuple):
    """Right, said and true decisions, rows in review, rows."""

    right: int
    said: int
    true: int
    reviewed: int
    rows: int

    @property
    def shown(self) -> str:
        precision, recall = self.right / max(self.said, 1), self.right / max(self.true, 1)
        return f"{precision:>9.4f}{recall:>9.4f}{self.f1:>9.4f}{self.reviewed / max(self.rows, 1):>9.1%}"

    @property
    def f1(self) -> float:
        return 2 * self.right / max(self.said + self.true, 1)


def main() -> None:
    options = read_options()
    if options.fit:
        fit_coefficients([read_city(path) for path in options.fit])
        return
    calibration: list[tuple[float, bool]] = []
    cities = {path.parent.name: read_city(path) for path in options.files}
    if not (cities or options.states or options.years):
        cities = {"made-up town": made_up_town(ROWS)}
    print(f"{'':<44}{'related':^36}{'IoU ≥ 0.5, one to one':>27}")
    print(f"{'set':<26}{'regime':<18}" + "".join(f"{word:>9}" for word in ("P", "R", "F1", "review", "P", "R", "F1")))
    kinds: dict[str, list[tuple[Score, Score]]] = defaultdict(list)
    for name, regime, survey in surveys(cities, options):
        related = relate_survey(survey)
        score, plain = judge(survey, decide(related), in_review(related)), judge(survey, plain_decisions(survey), None)
        verdict = "" if score.f1 >= BAR_F1 and score.reviewed <= BAR_REVIEW * score.rows else "   MISSED"
        print(f"{name:<26}{regime:<18}{score.shown}{plain.shown[:27]}{verdict}", flush=True)
        for kind, part in by_kind(survey, related).items():
            kinds[kind].append(part)
        calibration += confidences(survey, related)
    print_kinds(kinds)
    print_calibration(calibration)
    time_city(next(iter(cities.values()), made_up_town(ROWS)))


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help="cities; a made-up town without any")
    parser.add_argument("--states", nargs=3, metavar=("BEFORE", "AFTER", "KEY"), help="two real states of one place")
    parser.add_argument("--years", nargs=2, metavar=("FILE", "COLUMN"), help="a city with the year of each building")
    parser.add_argument("--fit", nargs="+", type=Path, help="fit the coefficients on these cities")
    return parser.parse_args()


def read_frame(path: Path) -> gpd.GeoDataFrame:
    """Return the valid footprints of a file in metres."""
    prefix = {".gz": "/vsigzip/", ".zip": "/vsizip/"}.get(path.suffix, "")
    frame = gpd.read_file(f"{prefix}{path.resolve()}")
    frame = frame.to_crs(frame.estimate_utm_crs())
    return frame[frame.is_valid & (frame.area > 0)].reset_index(drop=True)


def read_city(path: Path) -> Any:
    return np.asarray(read_frame(path).geometry.values)


def surveys(cities: dict[str, Any], options: argparse.Namespace) -> Iterator[tuple[str, str, SecondSurvey]]:
    """Yield what is to be related: set, regime, survey."""
    for name, shapes in cities.items():
        for number, (regime, errors) in enumerate(REGIMES.items()):
            yield name, regime, survey_again(shapes, errors, seed=SEED + number)
    if options.states:
        before, after, key = Path(options.states[0]), Path(options.states[1]), options.states[2]
        yield before.parent.name, "two states", two_states(read_frame(before), read_frame(after), key)
    if options.years:
        frame = read_frame(Path(options.years[0]))
        for decade in range(1950, 2010, 10):
            yield (
                Path(options.years[0]).parent.name,
                f"{decade} to {decade + 10}",
                replayed(frame, options.years[1], decade),
            )


def two_states(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame, key: str) -> SecondSurvey:
    places = {name: place for place, name in enumerate(before[key])}
    edges = {(row, places[name]) for row, name in enumerate(after[key]) if name in places}
    return SecondSurvey(np.asarray(after.geometry.values), np.asarray(before.geometry.values), frozenset(edges))


def replayed(frame: gpd.GeoDataFrame, column: str, decade: int) -> SecondSurvey:
    """Return what stood in a year as known, and what stood ten years later, measured again, as delivered."""
    then, later = frame[frame[column].between(1, decade)], frame[frame[column].between(1, decade + 10)]
    unchanged = dict.fromkeys(("annexes", "splits", "merges", "demolished", "added"), 0.0)
    survey = survey_again(
        np.asarray(later.geometry.values), replace(REGIMES["shifted"], **unchanged), seed=SEED + decade
    )
    places = {index: place for place, index in enumerate(then.index)}
    edges = {(row, places[later.index[k]]) for row, k in survey.edges if later.index[k] in places}
    return SecondSurvey(survey.delivered, np.asarray(then.geometry.values), frozenset(edges))


def frames_of(survey: SecondSurvey) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    return gpd.GeoDataFrame(geometry=survey.delivered, crs=PLANE), gpd.GeoDataFrame(geometry=survey.known, crs=PLANE)


def relate_survey(survey: SecondSurvey) -> Relating:
    delivered, known = frames_of(survey)
    return relate(delivered, known, complete=shapely.box(*known.total_bounds))


def decide(related: Relating) -> Decisions:
    """Return the decisions, those for review among them."""
    said: Decisions = set()
    for relation in related.relations:
        said |= {(row, building) for row in relation.delivered for building in relation.known}
        said |= {(row, NEW) for row in relation.delivered if relation.kind == "new"}
        said |= {(GONE, building) for building in relation.known if relation.kind == "gone"}
    return said


def in_review(related: Relating) -> tuple[set[int], set[int]]:
    """Return the rows and the buildings of the relations that go to review."""
    reviewed = [relation for relation in related.relations if relation.needs_review]
    return {row for each in reviewed for row in each.delivered}, {k for each in reviewed for k in each.known}


def plain_decisions(survey: SecondSurvey) -> Decisions:
    """Decide as one does first: the pairs that are each other's largest overlap with an IoU of at least one half."""
    i, j = shapely.STRtree(survey.known).query(survey.delivered, predicate="intersects")
    shared = shapely.area(shapely.intersection(survey.delivered[i], survey.known[j]))
    iou = shared / (shapely.area(survey.delivered[i]) + shapely.area(survey.known[j]) - shared)
    best = np.zeros(len(survey.delivered)), np.zeros(len(survey.known))
    np.maximum.at(best[0], i, iou)
    np.maximum.at(best[1], j, iou)
    pairs = (iou >= 0.5) & (iou == best[0][i]) & (iou == best[1][j])
    return complete_decisions(survey, set(zip(i[pairs].tolist(), j[pairs].tolist(), strict=True)))


def complete_decisions(survey: SecondSurvey, pairs: Iterable[tuple[int, int]]) -> Decisions:
    """Return pairs with what follows: who is in none is new, or gone."""
    pairs = set(pairs)
    rows, buildings = {row for row, _ in pairs}, {building for _, building in pairs}
    pairs |= {(row, NEW) for row in range(len(survey.delivered)) if row not in rows}
    return pairs | {(GONE, building) for building in range(len(survey.known)) if building not in buildings}


def judge(survey: SecondSurvey, said: Decisions, reviewed: tuple[set[int], set[int]] | None) -> Score:
    counts = judgeable(survey, said, reviewed or (set(), set()))
    told, true = set(filter(counts, said)), set(filter(counts, complete_decisions(survey, survey.edges)))
    return Score(len(told & true), len(told), len(true), len(reviewed[0]) if reviewed else 0, len(survey.delivered))


def judgeable(
    survey: SecondSurvey, said: Decisions, reviewed: tuple[set[int], set[int]]
) -> Callable[[tuple[int, int]], bool]:
    """Return which decisions count: nothing of what is in review, rebuilt or there twice."""
    rows = reviewed[0] | survey.undecidable | survey.doubled
    sites = reviewed[1] | {building for row, building in said if row in survey.undecidable | survey.doubled} - {GONE}
    return lambda decision: decision[0] not in rows and decision[1] not in sites


def by_kind(survey: SecondSurvey, related: Relating) -> dict[str, tuple[Score, Score]]:
    """Return for each kind what is said of it against all that is true, and what is true of it against all said."""
    said, true = decide(related), complete_decisions(survey, survey.edges)
    counts = judgeable(survey, said, in_review(related))
    owners = Counter(row for row, _ in survey.edges), Counter(building for _, building in survey.edges)
    said, true = set(filter(counts, said)), set(filter(counts, true))
    scores = {}
    for kind in KINDS:
        some = tuple(each for each in related.relations if each.kind == kind)
        of_kind = decide(Relating(some, related.shift)) & said
        wanted = {each for each in true if true_kind(each, owners) == kind}
        rows = [len(each.delivered) + (kind == "gone") for each in some]
        reviewed = sum(size for size, each in zip(rows, some, strict=True) if each.needs_review)
        told = Score(len(of_kind & true), len(of_kind), 0, reviewed, sum(rows))
        scores[kind] = told, Score(len(wanted & said), 0, len(wanted), 0, 0)
    return scores


def true_kind(decision: tuple[int, int], owners: tuple[Counter[int], Counter[int]]) -> str:
    row, building = decision
    if row == GONE or building == NEW:
        return "gone" if row == GONE else "new"
    several = owners[0][row] > 1, owners[1][building] > 1
    return {(False, False): "revised", (False, True): "split", (True, False): "merged"}.get(several, "many_to_many")


def confidences(survey: SecondSurvey, related: Relating) -> list[tuple[float, bool]]:
    """Return the confidence of each relation but conflicts, and whether it is right and all of it."""
    partners: tuple[dict[int, set[int]], dict[int, set[int]]] = (defaultdict(set), defaultdict(set))
    for row, building in survey.edges:
        partners[0][row].add(building)
        partners[1][building].add(row)
    told = []
    for each in related.relations:
        if each.kind == "conflicting" or set(each.delivered) & survey.doubled:
            continue
        right = all(partners[0][row] == set(each.known) for row in each.delivered) and all(
            partners[1][building] == set(each.delivered) for building in each.known
        )
        told.append((each.confidence, right))
    return told


def print_kinds(kinds: dict[str, list[tuple[Score, Score]]]) -> None:
    print("\nall sets together: precision of what is told as a kind, recall of what truly is of that kind")
    print(f"{'relation':<18}{'decisions':>10}{'precision':>11}{'recall':>9}{'rows':>9}{'review':>9}")
    for kind in KINDS:
        total = Score(*map(sum, zip(*(told for told, _ in kinds[kind]), strict=True)))
        found = Score(*map(sum, zip(*(true for _, true in kinds[kind]), strict=True)))
        if total.rows:
            precision = f"{total.right / total.said:.4f}" if total.said else "–"
            recall = f"{found.right / found.true:.4f}" if found.true else "–"
            review = total.reviewed / total.rows
            print(f"{kind:<18}{total.said:>10,}{precision:>11}{recall:>9}{total.rows:>9,}{review:>9.1%}")


def print_calibration(told: list[tuple[float, bool]]) -> None:
    confidence, right = np.array([each for each, _ in told]), np.array([each for _, each in told])
    print(f"\n{'confidence':<16}{'relations':>10}{'mean':>8}{'right':>8}")
    for low, high in pairwise(BINS):
        inside = (confidence >= low) & ((confidence < high) | (high == 1.0))
        if inside.any():
            print(
                f"{low:.2f} – {high:<9.2f}{inside.sum():>10,}{confidence[inside].mean():>8.3f}{right[inside].mean():>8.3f}"
            )


def time_city(shapes: Any) -> None:
    """Print how long two surveys of a city of 20,000 buildings take: CPU-seconds, the best of three."""
    city = laid_side_by_side(shapes)
    survey = survey_again(city, REGIMES["imagery"], seed=SEED)
    spent_s = least_cpu_s(lambda: relate_survey(survey))
    verdict = "met" if spent_s <= BAR_S else "MISSED"
    sizes = f"{len(survey.delivered):,} × {len(survey.known):,}"
    print(f"\n{sizes} footprints related in {spent_s:.1f} s CPU   bar {BAR_S:g} s: {verdict}\n")
    careful = survey_again(city, REGIMES["careful"], seed=SEED).delivered
    for name, delivered, known in (
        ("all new", city, city[:0]),
        ("a careful second survey", careful, city),
        ("the same again", city, city),
    ):
        frames = coded_frame(delivered), coded_frame(known)
        spent_s = least_cpu_s(partial(settle, *frames))
        print(f"{name:<26}{len(delivered):>8,} rows settled at {1e6 * spent_s / len(delivered):>5.0f} µs CPU a row")


def laid_side_by_side(shapes: Any) -> Any:
    """Return a city of 20,000 buildings: a smaller one again and again."""
    west, south, east, north = shapely.total_bounds(shapes)
    copies = -(-CITY_ROWS // len(shapes))
    side = int(np.ceil(np.sqrt(copies)))
    tiles = [
        shapely.transform(shapes, lambda xy, to=to: xy + to)
        for to in (((east - west + 50) * (n % side), (north - south + 50) * (n // side)) for n in range(copies))
    ]
    return np.concatenate(tiles)[:CITY_ROWS]


def coded_frame(shapes: Any) -> gpd.GeoDataFrame:
    codes = [f"C{place}" for place in range(len(shapes))]
    return gpd.GeoDataFrame({"code": codes, "fingerprint": fingerprints(shapes)}, geometry=shapes, crs=PLANE)


def least_cpu_s(work: Callable[[], Any]) -> float:
    """Return the CPU time of some work, the best of three."""
    seconds = []
    for _ in range(3):
        begin = time.process_time()
        work()
        seconds.append(time.process_time() - begin)
    return min(seconds)


def fit_coefficients(cities: list[Any]) -> None:
    """Print the coefficients of the logistic functions, fitted on second surveys of some cities."""
    tables: dict[str, list[Any]] = defaultdict(list)
    for number, (shapes, regime) in enumerate((c, r) for c in cities for r in training()):
        for name, table in measured(survey_again(shapes, regime, seed=number)).items():
            tables[name].append(table)
    for name, parts in tables.items():
        table = np.vstack(parts)
        print(f"{name:<14}{len(table):>9,} rows  ", np.round(logistic(table[:, :-1], table[:, -1]), 2).tolist())


def training() -> list[Regime]:
    """Return the regimes to fit on; the others are left to be measured on."""
    names = ("shifted", "eaves", "imagery", "scattered", "redrawn", "blocks", "rough", "sheets", "rebuilt")
    return [REGIMES[name] for name in names]


def measured(survey: SecondSurvey) -> dict[str, Any]:
    """Return tables of measures, the last column being whether the pair, group or decision is right."""
    delivered, known = map(read_survey, frames_of(survey))
    everywhere = shapely.box(*shapely.total_bounds(survey.known))
    settings = RelatingSettings()
    laid = lay(delivered, known, shift=None, settings=settings)
    findings = find_out(delivered, known, laid, stated={}, complete=everywhere, settings=settings)
    related = complete_decisions(survey, survey.edges)
    rows, buildings = delivered.position, known.position
    pairs, groups = findings.pairs, findings.groups
    true = np.array(
        [(rows[i], buildings[j]) in survey.edges for i, j in zip(pairs.delivered, pairs.known, strict=True)]
    )
    counts = [
        np.bincount([e[side] for e in survey.edges], minlength=n) for side, n in ((0, len(rows)), (1, len(buildings)))
    ]
    plain = (counts[0][rows[pairs.delivered]] <= 1) & (counts[1][buildings[pairs.known]] <= 1)
    measures = np.column_stack([np.clip(each, -8, 8) for each in measure_groups(findings)])
    right, of_one, counted = right_groups(survey, delivered, known, groups)
    tables = {
        "COUNTERPART": table(pairs.iou, pairs.likeness, pair_distance(pairs, laid.shift.spread_m), true)[plain],
        "ONE_TO_ONE": table(measures[:, 0], measures[:, 2], right)[counted & of_one],
        "SEVERAL": table(*measures.T, right)[counted & ~of_one],
    }
    for name, own, labels, position in (
        ("NEW", pairs.delivered, groups.delivered, rows),
        ("GONE", pairs.known, groups.known, buildings),
    ):
        overlap, odds = unrelated_measures(findings, own, len(labels))
        alone = [(int(p), NEW) in related if name == "NEW" else (GONE, int(p)) in related for p in position]
        columns = (overlap, np.clip(odds, -8, 0)) if name == "NEW" else (np.clip(odds, -8, 0),)
        there_twice = [name == "NEW" and int(place) in survey.doubled for place in position]
        tables[name] = table(*columns, np.array(alone))[(labels < 0) & ~np.array(there_twice)]
    return tables


def right_groups(survey: SecondSurvey, delivered: Any, known: Any, groups: Any) -> tuple[Any, Any, Any]:
    """Return for each group's number whether it is right, whether it is one to one, and whether it counts."""
    members: tuple[dict[int, set[int]], dict[int, set[int]]] = (defaultdict(set), defaultdict(set))
    for side, labels, position in ((0, groups.delivered, delivered.position), (1, groups.known, known.position)):
        for label, place in zip(labels.tolist(), position.tolist(), strict=True):
            members[side][label].add(place)
    right, one, counted = (np.zeros(len(groups.delivered), dtype=bool) for _ in range(3))
    partners: tuple[dict[int, set[int]], dict[int, set[int]]] = (defaultdict(set), defaultdict(set))
    for row, building in survey.edges:
        partners[0][row].add(building)
        partners[1][building].add(row)
    for label in members[0].keys() - {-1}:
        rows, buildings = members[0][label], members[1][label]
        right[label] = all(partners[0][row] == buildings for row in rows) and all(
            partners[1][building] == rows for building in buildings
        )
        one[label] = len(rows) == len(buildings) == 1
        counted[label] = not rows & survey.doubled
    return right, one, counted


def table(*columns: Any) -> Any:
    return np.column_stack([np.ones(len(columns[0])), *columns]).astype(float)


def logistic(measures: Any, right: Any) -> Any:
    """Return the coefficients of a logistic regression by Newton's method, held near zero by a little."""
    weights = np.zeros(measures.shape[1])
    for _ in range(50):
        share = 1 / (1 + np.exp(-np.clip(measures @ weights, -30, 30)))
        slope = measures.T @ (right - share) - weights
        bend = (measures.T * (share * (1 - share))) @ measures + np.eye(len(weights))
        weights += np.linalg.solve(bend, slope)
    return weights


if __name__ == "__main__":
    main()
