"""Every router of the product, the most requested first."""

from fastapi import APIRouter

from backend.features.activity.routes import router as activity
from backend.features.admin.routes import router as admin
from backend.features.api_keys.routes import router as api_keys
from backend.features.auth.password_routes import router as passwords
from backend.features.auth.routes import router as auth
from backend.features.files.routes import router as files
from backend.features.files.version_routes import router as versions
from backend.features.finalize.routes import router as finalize
from backend.features.health.routes import router as health
from backend.features.links.public_routes import router as public_links
from backend.features.links.routes import router as links
from backend.features.pages.account_pages import router as account_pages
from backend.features.pages.link_pages import router as link_pages
from backend.features.pages.routes import router as pages
from backend.features.shares.routes import router as shares
from backend.features.spaces.routes import router as spaces
from backend.features.tree.routes import router as folders
from backend.features.tree.routes import trash_router as trash
from backend.features.uploads.routes import router as uploads
from backend.features.users.routes import router as users

router = APIRouter()
for part in (
    uploads,
    finalize,
    files,
    folders,
    public_links,
    versions,
    trash,
    spaces,
    shares,
    links,
    auth,
    passwords,
    users,
    api_keys,
    link_pages,
    account_pages,
    pages,
    activity,
    admin,
    health,
):
    # Flat, because FastAPI matches every request against each level of included routers in turn.
    router.routes.extend(part.routes)
