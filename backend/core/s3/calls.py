"""One call to the bucket, and its refusal in the caller's words."""

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
"""The refusals, by S3's code, that the caller can do something about."""


class Calls:
    """Runs blocking calls of the client, bounded by `s3`."""

    def __init__(self, s3: GuardedService) -> None:
        self._s3 = s3

    async def __call__(
        self, expected: Expected, method: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run one.

        Raises:
            StorageRefusal: of the kind that `expected` gives for S3's code.
            DependencyUnavailable: S3 failed, or refused for another reason.
        """
        try:
            return await self._s3.call(method, *args, **kwargs)
        except Refused as refused:
            if refused.code in expected:
                raise expected[refused.code](refused.code) from refused
            # Not the client's doing: a policy, the bucket's name, or rights taken away.
            log.warning("storage_refused", operation=method.__name__, code=refused.code)
            raise DependencyUnavailable from refused
