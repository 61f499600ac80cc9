"""Writing by an upload where one may not, or may not any more."""

from uuid import UUID

import pytest
from sqlalchemy import delete, update

from backend.core.database.rows import only
from backend.core.services import Services
from backend.features.finalize.jobs import fail_unauthorized, heal
from backend.features.uploads import queries
from backend.models import Grant, Upload, UploadRow, User
from tests.support.people import Register
from tests.support.transfer import (
    Json,
    begin,
    send,
    upload_file,
    usage,
)
from tests.support.trees import Share, make_folder

HELLO = b"hello, world"


class TestUploads:
    @pytest.mark.parametrize("method", ["put", "post", "multipart"])
    async def test_a_key_that_may_read_gets_nothing_signed_that_writes(
        self, register: Register, method: str
    ) -> None:
        ada = await register()
        upload = await begin(ada, HELLO, method=method)
        body = {"name": "reader", "scopes": ["files:read"]}
        key = (await ada.http.post("/v1/api-keys", json=body)).json()["key"]
        as_reader = {"Authorization": f"Bearer {key}"}

        for path in ("/v1/uploads", f"/v1/uploads/{upload['id']}"):
            hers = await ada.http.get(path)
            reader = await ada.http.get(path, headers=as_reader)
            assert reader.status_code == 200
            assert upload["id"] in reader.text
            assert "ignature" not in reader.text
            assert "ignature" in hers.text or (method == "multipart" and path == "/v1/uploads")

    async def test_an_editor_whose_rights_end_gives_the_quota_back(
        self, register: Register, share: Share, services: Services
    ) -> None:
        ada, eve, bob = await register(), await register(), await register()
        folder = await make_folder(ada, "Shared")
        await share(folder, eve, "editor")
        await share(folder, bob, "editor")
        hers = await begin(eve, HELLO, "eve.txt", folder_id=folder["id"], method="multipart")
        his = await begin(bob, HELLO, "bob.txt", folder_id=folder["id"])
        assert (await usage(ada))["reserved_bytes"] == 2 * len(HELLO)
        await services.database.autocommit.execute(
            delete(Grant).where(Grant.user_id == UUID(eve.id))
        )

        await fail_unauthorized(services)

        assert (await usage(ada))["reserved_bytes"] == len(HELLO)
        seen = (await eve.http.get(f"/v1/uploads/{hers['id']}")).json()
        assert (seen["state"], seen["failure"]["code"]) == ("failed", "target_gone")
        assert (await bob.http.get(f"/v1/uploads/{his['id']}")).json()["state"] == "pending"

    async def test_a_deleted_folder_gives_the_quota_back(
        self, register: Register, share: Share, services: Services
    ) -> None:
        ada, eve = await register(), await register()
        folder = await make_folder(ada, "Shared")
        await share(folder, eve, "editor")
        await begin(eve, HELLO, folder_id=folder["id"])
        await ada.http.delete(f"/v1/folders/{folder['id']}")
        await fail_unauthorized(services)
        assert (await usage(ada))["reserved_bytes"] == len(HELLO), "it may be restored"
        await ada.http.delete(f"/v1/trash/{folder['id']}")

        await fail_unauthorized(services)

        assert (await usage(ada))["reserved_bytes"] == 0

    async def test_whoever_is_deactivated_changes_nothing_of_others(
        self, register: Register, share: Share, services: Services
    ) -> None:
        ada, eve = await register(), await register()
        file = await upload_file(ada, HELLO, "contract.txt")
        await share(file, eve, "editor")
        upload = await begin(eve, b"EVIL", file_id=file["id"])
        await services.database.autocommit.execute(
            update(User).where(User.id == UUID(eve.id)).values(is_active=False)
        )
        await send(upload["request"], b"EVIL")

        await heal(services, await row_of(services, upload))

        seen = (await ada.http.get(f"/v1/files/{file['id']}")).json()
        assert (seen["size"], seen["version_count"]) == (len(HELLO), 1)
        assert (await usage(ada))["reserved_bytes"] == 0


async def row_of(services: Services, upload: Json) -> UploadRow:
    query = queries.uploads(Upload.id == UUID(upload["id"]))
    return await only(services.database.autocommit, UploadRow, query)
