"""The object store of a process: control calls, signatures, and transfers of bytes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from backend.core.limits.guarded_service import GuardedService
from backend.core.s3.client import (
    bucket_address,
    in_our_words,
    open_session,
    s3_client,
    session_credentials,
)
from backend.core.s3.credentials import RenewedCredentials
from backend.core.s3.presign import BucketAddress, Presigner
from backend.core.s3.storage import Storage
from backend.core.s3.streams import Streams
from backend.core.settings import S3Settings


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """One bucket: what we do with it, and what we allow clients to do."""

    storage: Storage
    streams: Streams
    presigner: Presigner


@asynccontextmanager
async def open_object_store(settings: S3Settings) -> AsyncIterator[ObjectStore]:
    """Open the bucket and keep its credentials fresh until the end.

    Raises:
        CredentialsMissing: no AWS credentials were found.
    """
    session = await asyncio.to_thread(open_session, settings)
    credentials = await asyncio.to_thread(session_credentials, session)
    client = await asyncio.to_thread(s3_client, session, settings, settings.endpoint_url)
    address = await asyncio.to_thread(bucket_address, session, settings)
    s3 = GuardedService("s3", translate=in_our_words, threads=settings.max_concurrency)
    bytes_of_s3 = GuardedService(
        "s3-streams", translate=in_our_words, threads=2 * settings.max_streams
    )
    renewal = asyncio.create_task(credentials.keep_fresh())
    try:
        yield ObjectStore(
            storage=Storage(client, settings.bucket, s3),
            streams=Streams(client, settings.bucket, bytes_of_s3, places=settings.max_streams),
            presigner=_presigner(settings, address, credentials),
        )
    finally:
        renewal.cancel()
        with suppress(asyncio.CancelledError):
            await renewal
        s3.close()
        bytes_of_s3.close()
        client.close()


def _presigner(
    settings: S3Settings, address: BucketAddress, credentials: RenewedCredentials
) -> Presigner:
    return Presigner(
        address,
        credentials,
        region=settings.region,
        conditional_writes=settings.conditional_writes,
    )
