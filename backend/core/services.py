"""Everything a process holds open: created by the lifespan, passed to the code that needs it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import HTTPConnection

from backend.core.database.engine import Database
from backend.core.database.revocable_cache import RevocableCache
from backend.core.limits.rates import RateLimiter
from backend.core.mail import Mailer
from backend.core.observability import metrics
from backend.core.readiness import Readiness
from backend.core.s3.presign import Presigner
from backend.core.s3.storage import Storage
from backend.core.s3.store import open_object_store
from backend.core.s3.streams import Streams
from backend.core.secrets.access_tokens import TokenSigner
from backend.core.secrets.passwords import Passwords
from backend.core.settings import Settings

CALLERS_CHANNEL = "callers"
"""Notified by triggers on accounts, sessions and API keys: see the initial migration."""


@dataclass(frozen=True, slots=True)
class Services:
    """The open connections and clients of one process, API or worker."""

    settings: Settings
    database: Database
    tokens: TokenSigner
    callers: RevocableCache[Any]
    passwords: Passwords
    limiter: RateLimiter
    mailer: Mailer
    storage: Storage
    streams: Streams
    presigner: Presigner
    readiness: Readiness


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Open everything, and close it again in the reverse order."""
    database = Database(settings.database)
    metrics.watch_pool("transactions", database.use)
    metrics.watch_pool("statements", database.autocommit.use)
    callers = RevocableCache[Any](CALLERS_CHANNEL)
    try:
        async with callers.listening(settings.database), open_object_store(settings.s3) as objects:
            yield Services(
                settings=settings,
                database=database,
                tokens=TokenSigner(settings),
                callers=callers,
                passwords=Passwords(settings.auth),
                limiter=RateLimiter(settings.redis_url),
                mailer=Mailer(settings),
                storage=objects.storage,
                streams=objects.streams,
                presigner=objects.presigner,
                readiness=Readiness(database, objects.storage),
            )
    finally:
        await database.close()


async def get_services(connection: HTTPConnection) -> Services:
    """The services of the process that serves this request."""
    services: Services = connection.app.state.services
    return services


async def get_settings(connection: HTTPConnection) -> Settings:
    """The settings of the process that serves this request."""
    return (await get_services(connection)).settings


async def get_limiter(connection: HTTPConnection) -> RateLimiter:
    """The rate limits, as this process counts them."""
    return (await get_services(connection)).limiter


async def get_passwords(connection: HTTPConnection) -> Passwords:
    """What hashes and verifies passwords."""
    return (await get_services(connection)).passwords


async def get_tokens(connection: HTTPConnection) -> TokenSigner:
    """What signs and verifies access tokens."""
    return (await get_services(connection)).tokens


async def settle_callers(connection: HTTPConnection) -> AsyncIterator[None]:
    """For routes that revoke credentials: answer only once no look-up accepts them any longer."""
    yield
    await (await get_services(connection)).callers.settle()


SettledCallers = Depends(settle_callers, scope="function")
CurrentServices = Annotated[Services, Depends(get_services)]
CurrentSettings = Annotated[Settings, Depends(get_settings)]
CurrentLimiter = Annotated[RateLimiter, Depends(get_limiter)]
CurrentPasswords = Annotated[Passwords, Depends(get_passwords)]
CurrentTokens = Annotated[TokenSigner, Depends(get_tokens)]
