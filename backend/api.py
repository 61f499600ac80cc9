"""The table of contents: every router of the product."""

from fastapi import APIRouter

from backend.features.health.routes import router as health

router = APIRouter()
for part in (health,):
    router.include_router(part)
