"""Calls to an outside service through a blocking library, kept from slowing everything else.

Threads are bounded, every call has a deadline, and a circuit breaker fails calls immediately while
the service is down. The caller gets the result, `Refused`, or DependencyUnavailable.
"""

import asyncio
import contextvars
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

import structlog
from purgatory import AsyncCircuitBreakerFactory, Event
from purgatory.domain.model import OpenedState

from backend.core.errors import DependencyUnavailable
from backend.core.observability import metrics

log = structlog.get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


class Fault(Exception):
    """The service failed or could not be reached: it counts against the circuit breaker."""


class Refused(Exception):
    """The service answered with a refusal. `code` is the service's own error code."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class GuardedService:
    """One outside service.

    Args:
        name: the name of the service in logs and metrics.
        translate: returns the Fault or Refused that an exception of the library stands for, or
            None if it stands for neither and is a bug of ours.
        threads: how many calls run at the same time; further calls wait.
        deadline: seconds a caller waits in total.
        threshold: consecutive faults that open the breaker.
        recovery: seconds until an open breaker lets calls through again.
    """

    def __init__(
        self,
        name: str,
        *,
        translate: Callable[[Exception], Fault | Refused | None],
        threads: int,
        deadline: float = 10.0,
        threshold: int = 5,
        recovery: float = 5.0,
    ) -> None:
        self.name = name
        self._translate = translate
        self._deadline = deadline
        self._recovery = recovery
        # A separate pool, because a thread must keep its place after its caller has given up: a
        # limiter such as anyio's frees the place immediately, and a service that hangs would
        # accumulate threads without limit.
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._breakers = AsyncCircuitBreakerFactory(
            default_threshold=threshold,
            default_ttl=recovery,
            exclude=[(BaseException, lambda error: not isinstance(error, (Fault, TimeoutError)))],
        )
        self._breakers.add_listener(self._on_breaker_event)
        metrics.breaker_state.labels(name).state("closed")

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a blocking call in a thread.

        Raises:
            Refused: the service refused the call.
            DependencyUnavailable: it failed, took too long, or the breaker is open.
        """
        operation = getattr(function, "__name__", "call")
        started = time.perf_counter()
        outcome = "fault"
        try:
            result = await self._guarded(partial(function, *args, **kwargs))
            outcome = "ok"
        except Refused:
            outcome = "refused"
            raise
        except OpenedState as opened:
            outcome = "rejected"
            # The breaker raises the same exception object every time: drop its frames.
            raise self._unavailable() from opened.with_traceback(None)
        except (Fault, TimeoutError) as fault:
            log.warning(
                "dependency_failed", service=self.name, operation=operation, why=repr(fault)
            )
            raise self._unavailable() from fault
        finally:
            elapsed = time.perf_counter() - started
            metrics.dependency_duration.labels(self.name, operation, outcome).observe(elapsed)
        return result

    async def _guarded(self, function: Callable[[], T]) -> T:
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        async with await self._breakers.get_breaker(self.name):
            async with asyncio.timeout(self._deadline):
                return await loop.run_in_executor(
                    self._pool, context.run, self._translated, function
                )

    def _translated(self, function: Callable[[], T]) -> T:
        try:
            return function()
        except Exception as error:
            translated = self._translate(error)
            if translated is None:
                raise
            raise translated from error

    def close(self) -> None:
        """Accept no more calls; threads that still wait for the service end when it answers."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _unavailable(self) -> DependencyUnavailable:
        return DependencyUnavailable(retry_after=max(1, math.ceil(self._recovery)))

    def _on_breaker_event(self, name: str, kind: str, event: Event) -> None:
        if kind == "state_changed":
            state = getattr(event, "state", "closed")
            metrics.breaker_state.labels(name).state(state)
            log.warning("circuit_breaker", service=name, state=state)
