"""The table of contents: every router of the product."""

from fastapi import APIRouter

from backend.features.activity.routes import router as activity
from backend.features.admin.routes import router as admin
from backend.features.auth.routes import router as auth
from backend.features.folders.routes import router as folders
from backend.features.health.routes import router as health
from backend.features.uploads.routes import router as uploads
from backend.features.users.routes import router as users

router = APIRouter()
for part in (auth, users, folders, activity, admin, uploads, health):
    router.include_router(part)
