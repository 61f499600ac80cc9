"""Access to what lies in the trash, where it could not be seen: an editor restores, and reads."""

import pytest

from backend.core.services import Services
from tests.security.test_lasting_access import let_in, let_out, opens
from tests.support.people import Person, Register, new_email
from tests.support.sharing import code, path_of, share
from tests.support.trees import Json, all_pages, make_folder


class TestSharesOfTheTrash:
    """Whoever has a role on a trashed folder reads and restores it: an owner can take it back."""

    @pytest.fixture
    async def ada(self, register: Register) -> Person:
        return await register("ada")

    @pytest.fixture
    async def bob(self, register: Register) -> Person:
        return await register("bob")

    @pytest.fixture
    async def trashed(self, ada: Person) -> Json:
        return await make_folder(ada, "Plans")

    @pytest.fixture
    async def bobs(self, ada: Person, bob: Person, trashed: Json, services: Services) -> Json:
        """Bob's share of the folder, trashed afterwards."""
        made = await let_in(ada, trashed, bob, "editor", services)
        await ada.http.delete(path_of(trashed))
        return made

    async def test_are_listed(self, ada: Person, trashed: Json, bobs: Json) -> None:
        assert await all_pages(ada, f"{path_of(trashed)}/shares") == [bobs]
        assert [it["id"] for it in await opens(ada, trashed)] == [bobs["id"]]

    async def test_can_be_ended(self, ada: Person, bob: Person, trashed: Json, bobs: Json) -> None:
        await let_out(ada, bobs)

        restored = await bob.http.post(f"/v1/trash/{trashed['id']}/restore")
        assert restored.status_code == 404

    async def test_can_be_lowered(
        self, ada: Person, bob: Person, trashed: Json, bobs: Json
    ) -> None:
        url = f"/v1/shares/{bobs['id']}"
        assert (await ada.http.patch(url, json={"role": "viewer"})).status_code == 200

        restored = await bob.http.post(f"/v1/trash/{trashed['id']}/restore")
        assert restored.status_code == 403

    async def test_are_nobody_elses(
        self, register: Register, bob: Person, trashed: Json, bobs: Json
    ) -> None:
        eve = await register()
        for person, status in ((bob, 403), (eve, 404)):
            answers = [
                await person.http.get(f"{path_of(trashed)}/shares"),
                await person.http.patch(f"/v1/shares/{bobs['id']}", json={"role": "owner"}),
            ]
            assert [it.status_code for it in answers] == [status] * 2

    async def test_cannot_be_made(self, ada: Person, trashed: Json, bobs: Json) -> None:
        assert code(await share(ada, trashed, new_email("guest"))) == "404 not_found"
