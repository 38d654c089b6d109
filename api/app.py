"""The application: routes, errors, the page, and the rules for everyone who calls."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

from anyio.to_thread import current_default_thread_limiter
from fastapi import Depends, FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware

from api.auditing import Auditing
from api.dependencies import refuse_unfit
from api.describe import add_description
from api.errors import PROBLEMS, add_error_handlers
from api.forwarding import Forwarded, read_networks
from api.ledger_head import LedgerHead
from api.limits import TimeLimit, Turns
from api.metrics import watch_process
from api.observing import Observed
from api.ogc import collections, items, landing, processes
from api.ogc import tiles as ogc_tiles
from api.page import mount_page
from api.protection import Protection
from api.queries import refuse_unknown
from api.routes import (
    aliases,
    buildings,
    cases,
    certificates,
    codes,
    conflicts,
    differences,
    documents,
    exchange,
    extracts,
    facilities,
    identities,
    jobs,
    layers,
    ledger,
    lives,
    mappings,
    names,
    projects,
    reference,
    resolve,
    reviews,
    rules,
    running,
    runs,
    session,
    sites,
    stages,
    statistics,
    subscriptions,
    tiles,
    units,
    uploads,
)
from api.tagging import Tagged
from geocode import __version__
from workflows.auditing import Audit
from workflows.code_answers import CodeAnswers
from workflows.confining import MOST_WAITING, confine_as_set, start_readers
from workflows.databases import open_database
from workflows.procedures import configured_procedure
from workflows.running import Standing
from workflows.settings import Settings
from workflows.tile_answers import TileAnswers
from workflows.tokens import open_verifier

__all__ = ["create_app"]

# these look at their queries themselves, in which the properties of a collection may stand, or are asked by machines
_OF_STANDARDS = (landing, collections, items, ogc_tiles, running)


def create_app(settings: Settings, *, page: Path | None = None) -> FastAPI:
    """Return the application for some settings.

    Parameters
    ----------
    page
        Folder of the built page; found beside this package where it is None.
    """
    database = open_database(settings)
    confine_as_set(settings)
    audit = Audit(database)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        # however many wait to have a file read, others find as many threads as they always had
        current_default_thread_limiter().total_tokens += MOST_WAITING
        start_readers()
        watching = asyncio.create_task(watch_process(database, settings))
        yield
        watching.cancel()
        app.state.codes.close()
        app.state.tiles.close()
        audit.close()
        database.dispose()

    app = FastAPI(
        lifespan=lifespan,
        title="Luotu 落图",
        version=__version__,
        summary="Drawing is coding: a footprint on the one blueprint has its code.",
        # the interactive pages load scripts from elsewhere: the document alone is served
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(refuse_unfit)],
        responses=PROBLEMS,
    )
    app.state.settings = settings
    app.state.database = database
    # set when the server is told to stop: what streams ends then
    app.state.stopping = Event()
    app.state.standing = Standing(database)
    app.state.tokens = open_verifier(settings)
    app.state.audit = audit
    app.state.tiles = TileAnswers(database, settings)
    app.state.codes = CodeAnswers(database, stages=configured_procedure(settings).stages)
    add_error_handlers(app)
    add_description(app)
    # the first that are looked at: they are asked the most
    app.router.routes.insert(0, resolve.CodeRoute())
    app.router.routes.insert(1, ogc_tiles.TileRoute())
    for module in (
        running,
        session,
        identities,
        codes,
        names,
        uploads,
        jobs,
        stages,
        projects,
        units,
        aliases,
        facilities,
        documents,
        certificates,
        lives,
        reviews,
        buildings,
        resolve,
        layers,
        mappings,
        rules,
        conflicts,
        cases,
        differences,
        sites,
        extracts,
        runs,
        ledger,
        exchange,
        subscriptions,
        statistics,
        reference,
        tiles,
        landing,
        collections,
        items,
        processes,
        ogc_tiles,
    ):
        app.include_router(module.router, dependencies=[] if module in _OF_STANDARDS else [Depends(refuse_unknown)])
    mount_page(app, page)
    app.add_middleware(Tagged)
    app.add_middleware(LedgerHead, database=database, settings=settings)
    app.add_middleware(TimeLimit, limit_s=settings.request_s)
    app.add_middleware(
        Turns, at_once=settings.at_once, per_s=settings.requests_per_s, is_light=resolve.is_code_question
    )
    app.add_middleware(
        Protection,
        body_limit_bytes=settings.upload_limit_mb * 1_000_000,
        document_limit_bytes=settings.document_limit_mb * 1_000_000,
    )
    hosts = {"127.0.0.1", "localhost", "[::1]", settings.host, urlsplit(settings.public_url).hostname or settings.host}
    app.add_middleware(Auditing, audit=audit)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=sorted(hosts))
    app.add_middleware(Forwarded, proxies=read_networks(settings.trusted_proxies))
    app.add_middleware(Observed)
    return app
