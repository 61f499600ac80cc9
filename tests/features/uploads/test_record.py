"""What the record says of uploads: each event names the folder or file, and the space."""

from uuid import UUID

from sqlalchemy import select

from backend.core.services import Services
from backend.features.finalize.ending import end_uploads
from backend.kit.vocabulary import UploadState
from backend.models import Event, Upload
from backend.rules.actor import SYSTEM
from tests.support.people import Register
from tests.support.transfer import begin, upload_file
from tests.support.trees import make_folder

HELLO = b"hello, world"


async def places(services: Services, subject: str) -> dict[str, tuple[str, str]]:
    """Node and space of each event about `subject`, by action."""
    query = select(Event.action, Event.node_id, Event.space_id).where(
        Event.subject_id == UUID(subject)
    )
    found = await services.database.autocommit.execute(query)
    return {row.action: (str(row.node_id), str(row.space_id)) for row in found}


class TestRecord:
    async def test_of_an_aborted_upload(self, register: Register, services: Services) -> None:
        ada = await register()
        folder = await make_folder(ada, "Letters")
        upload = await begin(ada, HELLO, folder_id=folder["id"])

        await ada.http.delete(f"/v1/uploads/{upload['id']}")

        where = (folder["id"], ada.id)
        assert await places(services, upload["id"]) == {
            "upload.begun": where,
            "upload.aborted": where,
        }

    async def test_of_uploads_ended_together(self, register: Register, services: Services) -> None:
        ada, bob = await register(), await register()
        begun = [(person, await begin(person, HELLO)) for person in (ada, bob, ada)]

        async with services.database.transaction() as tx:
            mine = Upload.created_by.in_([UUID(ada.id), UUID(bob.id)])
            await end_uploads(tx, SYSTEM, UploadState.EXPIRED, mine)

        for person, upload in begun:
            where = (upload["folder_id"], person.id)
            assert (await places(services, upload["id"]))["upload.expired"] == where

    async def test_of_a_new_version_names_the_file(
        self, register: Register, services: Services
    ) -> None:
        ada = await register()
        file = await upload_file(ada, HELLO)
        upload = await begin(ada, HELLO, file_id=file["id"])

        where = (file["id"], ada.id)
        assert await places(services, file["id"]) == {"file.uploaded": where}
        assert await places(services, upload["id"]) == {"upload.begun": where}
