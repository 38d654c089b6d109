"""The application: routes, errors, the page, and the rules for everyone who calls."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from anyio.to_thread import current_default_thread_limiter
from fastapi import Depends, FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware

from api.dependencies import refuse_unfit
from api.errors import add_error_handlers
from api.ledger_head import LedgerHead
from api.page import mount_page
from api.protection import Protection
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
    jobs,
    layers,
    ledger,
    lives,
    mappings,
    names,
    projects,
    resolve,
    reviews,
    rules,
    runs,
    session,
    sites,
    stages,
    subscriptions,
    tiles,
    units,
    uploads,
)
from geocode import __version__
from workflows.code_answers import CodeAnswers
from workflows.confining import MOST_WAITING, confine_as_set, start_readers
from workflows.databases import open_database
from workflows.procedures import configured_procedure
from workflows.settings import Settings

__all__ = ["create_app"]


def create_app(settings: Settings, *, page: Path | None = None) -> FastAPI:
    """Return the application for some settings.

    Parameters
    ----------
    page
        Folder of the built page; found beside this package where it is None.
    """
    database = open_database(settings)
    confine_as_set(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        # however many wait to have a file read, others find as many threads as they always had
        current_default_thread_limiter().total_tokens += MOST_WAITING
        start_readers()
        yield
        app.state.codes.close()
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
    )
    app.state.settings = settings
    app.state.database = database
    app.state.codes = CodeAnswers(database, stages=configured_procedure(settings).stages)
    add_error_handlers(app)
    # the first that is looked at: it is asked the most
    app.router.routes.insert(0, resolve.CodeRoute())
    for module in (
        session,
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
        tiles,
    ):
        app.include_router(module.router)
    mount_page(app, page)
    app.add_middleware(LedgerHead, database=database, settings=settings)
    app.add_middleware(
        Protection,
        body_limit_bytes=settings.upload_limit_mb * 1_000_000,
        document_limit_bytes=settings.document_limit_mb * 1_000_000,
    )
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]", settings.host])
    return app
