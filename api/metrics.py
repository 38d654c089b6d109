"""What this process counts for Prometheus, and the page on which all processes' figures stand together."""

import asyncio
import os
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from workflows.databases import Database
from workflows.running import Figures, process_load
from workflows.settings import Settings

__all__ = ["IN_FLIGHT", "REFUSALS", "REQUESTS", "SECONDS", "metrics_page", "watch_process"]

_REGISTRY = CollectorRegistry()
_LOOK_S = 1.0
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)

REQUESTS = Counter(
    "luotu_requests",
    "Requests answered, by route, method and status",
    ["route", "method", "status"],
    registry=_REGISTRY,
)
SECONDS = Histogram(
    "luotu_request_seconds", "How long they took", ["route", "method"], buckets=_SECONDS, registry=_REGISTRY
)
IN_FLIGHT = Gauge(
    "luotu_requests_in_flight", "Requests being answered", multiprocess_mode="livesum", registry=_REGISTRY
)
REFUSALS = Counter("luotu_refusals", "Problems answered, by kind and status", ["kind", "status"], registry=_REGISTRY)
_CONNECTIONS = Gauge(
    "luotu_database_connections",
    "Connections to the database: in use, and the most that there may be",
    ["is"],
    multiprocess_mode="livesum",
    registry=_REGISTRY,
)
_READING = Gauge(
    "luotu_reading_files",
    "Files from others: being read by confined processes, and waiting for one",
    ["is"],
    multiprocess_mode="livesum",
    registry=_REGISTRY,
)


async def watch_process(database: Database, settings: Settings) -> None:
    """Keep telling what of this process is in use, for as long as it is not cancelled."""
    _CONNECTIONS.labels("most").set(settings.connections)
    while True:
        load = process_load(database)
        _CONNECTIONS.labels("used").set(load.connections)
        _READING.labels("read").set(load.reading)
        _READING.labels("waiting").set(load.waiting)
        await asyncio.sleep(_LOOK_S)


def metrics_page(figures: Figures | None) -> bytes:
    """Return the figures of all processes in Prometheus' text form, with those of the register; without, where it is not reached."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry = _REGISTRY
    register = CollectorRegistry()
    register.register(_Register(figures))
    return generate_latest(registry) + generate_latest(register)


class _Register(Collector):
    """Figures that are read from the database when they are asked for: they are one, however many processes there are."""

    def __init__(self, figures: Figures | None) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """Yield them."""
        figures = self._figures
        yield _gauge("luotu_database_up", "Whether the database answers", figures is not None)
        if figures is None:
            return
        yield _by("luotu_jobs", "Jobs by state", "state", figures.jobs.items())
        yield _gauge("luotu_queue_length", "Jobs that wait for a worker", figures.queued)
        yield _gauge("luotu_outbox_waiting", "Messages that sister systems are still owed", figures.owed)
        yield _gauge("luotu_outbox_lag_seconds", "Age of the oldest of them", figures.owed_for_s)
        yield _gauge("luotu_ledger_events", "Events in the ledger", figures.events)
        yield _gauge("luotu_ledger_head_age_seconds", "Time since the newest head was signed", figures.head_age_s)
        yield _gauge("luotu_ledger_unsigned_events", "Events that no head covers yet", figures.unsigned)
        waiting = "For how long the oldest commit has waited for the receiver of the database's log"
        yield _gauge("luotu_commit_wait_seconds", waiting, figures.commit_wait_s)
        rows = CounterMetricFamily("luotu_upload_rows", "Rows of all uploads, by outcome", labels=["outcome"])
        for outcome, count in figures.rows.items():
            rows.add_metric([outcome], count)
        yield rows


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=float(value))


def _by(name: str, text: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for told, value in values:
        family.add_metric([told], value)
    return family
