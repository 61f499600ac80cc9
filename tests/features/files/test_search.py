import pytest

from tests.support.people import Register
from tests.support.trees import (
    PutFile,
    Share,
    all_pages,
    make_folder,
    problem,
)


async def found(person, **query) -> list[str]:
    return [file["name"] for file in await all_pages(person, "/v1/files", **query)]


class TestSearch:
    async def test_finds_part_of_a_name_ignoring_case(self, register: Register, put_file: PutFile):
        ada = await register()
        for name in ("Invoice May.pdf", "invoice-june.pdf", "photo.jpg"):
            await put_file(ada, name)
        assert await found(ada, q="VOICE") == ["Invoice May.pdf", "invoice-june.pdf"]

    async def test_finds_names_with_all_words_in_any_order(
        self, register: Register, put_file: PutFile
    ):
        ada = await register()
        for name in ("2026 report final.pdf", "final report 2025.pdf", "final.pdf"):
            await put_file(ada, name)
        assert await found(ada, q="final 2026") == ["2026 report final.pdf"]

    async def test_finds_in_every_folder(self, register: Register, put_file: PutFile):
        ada = await register()
        outer = await make_folder(ada, "Outer")
        inner = await make_folder(ada, "Inner", outer)
        await put_file(ada, "needle.txt", folder_id=inner["id"])
        assert await found(ada, q="needle") == ["needle.txt"]

    @pytest.mark.parametrize("q", ["x", "é", "ф", "文"])
    async def test_one_character_will_do(self, register: Register, put_file: PutFile, q: str):
        ada = await register()
        for name in ("xéф文", "nothing"):
            await put_file(ada, name)
        assert await found(ada, q=q) == ["xéф文"]

    async def test_other_scripts_ignore_case_too(self, register: Register, put_file: PutFile):
        ada = await register()
        await put_file(ada, "Договор ИП Иванов.docx")
        assert await found(ada, q="ИВАНОВ договор") == ["Договор ИП Иванов.docx"]

    @pytest.mark.parametrize("q", ["%", "_", "100%", "a_b", "100%_a_b"])
    async def test_wildcards_are_found_literally(self, register: Register, put_file: PutFile, q):
        ada = await register()
        for name in ("100%_a_b", "100 axb"):
            await put_file(ada, name)
        assert await found(ada, q=q) == ["100%_a_b"]

    @pytest.mark.parametrize("q", ["\\", "'", '"; DROP TABLE nodes', "a/b", "\u202e", "*", "😀"])
    async def test_odd_questions_find_nothing(self, register: Register, put_file: PutFile, q: str):
        ada = await register()
        await put_file(ada, "plain.txt")
        assert await found(ada, q=q) == []

    async def test_nothing_asked_lists_every_file(self, register: Register, put_file: PutFile):
        ada = await register()
        await make_folder(ada, "Folder")
        for name in "ba":
            await put_file(ada, name)
        assert await found(ada) == ["a", "b"]
        assert await found(ada, q="  ") == ["a", "b"]

    async def test_a_type_may_be_asked_for(self, register: Register, put_file: PutFile):
        ada = await register()
        await put_file(ada, "a", content_type="image/png")
        await put_file(ada, "b", content_type="IMAGE/JPEG")
        await put_file(ada, "c", content_type="text/plain; charset=utf-8")
        await put_file(ada, "d", content_type="text/plainer")
        assert await found(ada, content_type="image/*") == ["a", "b"]
        assert await found(ada, content_type="image/jpeg") == ["b"]
        assert await found(ada, content_type="text/plain") == ["c"]

    @pytest.mark.parametrize(
        "content_type", ["image", "*/*", "image/p*", "a/b/c", "a\x00/b", "%/*"]
    )
    async def test_what_is_no_type_is_refused(self, register: Register, content_type: str):
        ada = await register()
        answer = await ada.http.get("/v1/files", params={"content_type": content_type})
        assert problem(answer) == (422, "invalid_request")

    async def test_a_null_character_is_refused(self, register: Register):
        ada = await register()
        answer = await ada.http.get("/v1/files", params={"q": "a\x00"})
        assert problem(answer) == (422, "invalid_request")

    async def test_finds_what_is_shared_at_any_depth(
        self, register: Register, put_file: PutFile, share: Share
    ):
        ada, bob = await register(), await register()
        outer = await make_folder(ada, "Outer")
        inner = await make_folder(ada, "Inner", outer)
        await put_file(ada, "needle deep", folder_id=inner["id"])
        alone = await put_file(ada, "needle alone")
        await put_file(ada, "needle private")
        await share(outer, bob, "viewer")
        await share(inner, bob, "editor")
        await share(alone, bob, "viewer")
        files = await all_pages(bob, "/v1/files", q="needle", limit=1)
        assert [(file["name"], file["role"]) for file in files] == [
            ("needle alone", "viewer"),
            ("needle deep", "editor"),
        ]

    async def test_own_and_shared_files_stand_in_one_order(
        self, register: Register, put_file: PutFile, share: Share
    ):
        ada, bob = await register(), await register()
        shared = await make_folder(ada, "Shared")
        await share(shared, bob, "viewer")
        for name in "bd":
            await put_file(ada, name, folder_id=shared["id"])
        for name in "ac":
            await put_file(bob, name)
        assert await found(bob, limit=1) == ["a", "b", "c", "d"]

    async def test_leaves_out_the_trash_and_everything_in_it(
        self, register: Register, put_file: PutFile
    ):
        ada = await register()
        folder = await make_folder(ada, "A")
        await put_file(ada, "inside", folder_id=folder["id"])
        await ada.http.delete(f"/v1/folders/{folder['id']}")
        assert await found(ada) == []

    async def test_a_stranger_finds_nothing(self, register: Register, put_file: PutFile):
        ada, eve = await register(), await register()
        await put_file(ada, "secret plans.txt")
        assert await found(eve, q="secret") == []
