"""Prepares the embedded services: the bucket's settings, and an account to try things with."""

import os
from datetime import UTC, datetime

from backend.core.services import Services, open_services
from backend.core.settings import Settings
from backend.features.users.accounts import create_user
from backend.features.users.errors import EmailTaken
from backend.rules.actor import SYSTEM

DEMO_EMAIL = "demo@example.com"


async def prepare(settings: Settings) -> None:
    """Create what is missing. The bucket's settings are set on each start: a crash loses them."""
    async with open_services(settings) as services:
        await services.storage.ensure_bucket(["*"])
        await _ensure_demo(services, os.environ["DEMO_PASSWORD"])


async def _ensure_demo(services: Services, password: str) -> None:
    password_hash = await services.passwords.hash(password)
    try:
        async with services.database.transaction() as tx:
            await create_user(
                tx,
                services.settings,
                SYSTEM,
                DEMO_EMAIL,
                password_hash,
                display_name="Demo",
                verified_at=datetime.now(UTC),
            )
    except EmailTaken:
        return
