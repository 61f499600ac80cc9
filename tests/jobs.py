"""Running what waits in the queue, as the worker would."""

from pgqueuer.domain.types import QueueExecutionMode

from backend.core.services import Services
from backend.worker import open_queue


async def run_jobs(services: Services) -> None:
    """Run jobs until none is due."""
    async with open_queue(services) as queue:
        await queue.qm.run(mode=QueueExecutionMode.drain, batch_size=50)
