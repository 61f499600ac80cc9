"""Calls to the bucket, with refusals translated into errors for the caller."""

from collections.abc import Callable, Mapping
from typing import ParamSpec, TypeVar

import structlog

from backend.core.errors import DependencyUnavailable
from backend.core.limits.guarded_service import GuardedService, Refused
from backend.core.s3.objects import StorageRefusal

log = structlog.get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

Expected = Mapping[str, type[StorageRefusal]]
"""The refusals that the caller can handle, by S3's error code."""


class Calls:
    """Runs blocking calls of the client, bounded by `s3`."""

    def __init__(self, s3: GuardedService) -> None:
        self._s3 = s3

    async def __call__(
        self, expected: Expected, method: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run one call.

        Raises:
            StorageRefusal: the class that `expected` has for S3's error code.
            DependencyUnavailable: S3 failed, or refused for another reason.
        """
        try:
            return await self._s3.call(method, *args, **kwargs)
        except Refused as refused:
            if refused.code in expected:
                raise expected[refused.code](refused.code) from refused
            # Not the client's fault: a policy, the bucket's name, or missing permissions.
            log.warning("storage_refused", operation=method.__name__, code=refused.code)
            raise DependencyUnavailable from refused
