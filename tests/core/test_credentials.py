"""Session credentials of a role: found by the standard chain, renewed without stopping anyone."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.utils import ContainerMetadataFetcher

from backend.core.s3.client import open_session, session_credentials
from backend.core.s3.credentials import CredentialsMissing
from backend.core.settings import S3Settings
from tests.support.faulty_server import answers, faulty_server

LIFETIME = timedelta(minutes=5)  # so short that botocore asks for new ones at every look


def role(token):
    """What a container's credential endpoint answers."""
    expiration = (datetime.now(UTC) + LIFETIME).isoformat()
    keys = {"AccessKeyId": "ASIA", "SecretAccessKey": "secret"}
    return answers(200, json.dumps({**keys, "Token": token, "Expiration": expiration}))


@pytest.fixture
def no_keys(monkeypatch, tmp_path):
    """An environment without long-term keys or an instance role."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
async def server(no_keys, monkeypatch):
    """The endpoint that a container's role speaks through."""
    monkeypatch.setattr(ContainerMetadataFetcher, "SLEEP_TIME", 0)
    async with faulty_server(role("first")) as server:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{server.url}/role")
        yield server


@pytest.fixture
async def source(server):
    """The role's credentials, looked at again every few milliseconds."""
    session = open_session(S3Settings())
    source = await asyncio.to_thread(session_credentials, session)
    task = asyncio.create_task(source.keep_fresh(interval=0.01))
    yield source
    task.cancel()


async def eventually(condition) -> None:
    """Wait until it holds, 5 seconds at most."""
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


class TestRole:
    async def test_its_credentials_end_when_it_says(self, source):
        credentials = source()
        assert (credentials.access_key, credentials.token) == ("ASIA", "first")
        left = credentials.expires_at - datetime.now(UTC).timestamp()
        assert LIFETIME.total_seconds() - 5 < left <= LIFETIME.total_seconds()

    async def test_new_credentials_take_over(self, source, server):
        server.behaviour = role("second")
        await eventually(lambda: source().token == "second")

    async def test_a_failed_renewal_is_tried_again(self, source, server):
        server.behaviour = answers(500)
        asked = len(server.requests)
        await eventually(lambda: len(server.requests) > asked + 5)
        assert source().token == "first"
        server.behaviour = role("second")
        await eventually(lambda: source().token == "second")


async def test_without_any_credentials_nothing_starts(no_keys):
    with pytest.raises(CredentialsMissing, match="AWS_ACCESS_KEY_ID"):
        session_credentials(open_session(S3Settings()))


async def test_secrets_do_not_show_when_printed(source):
    assert "secret" not in repr(source())
    assert "first" not in repr(source())
