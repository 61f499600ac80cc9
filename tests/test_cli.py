"""The operator's commands, as processes."""

import asyncio
import json
import time

import asyncpg
import httpx
import pytest

from backend.core.jobs.queue import enqueue
from backend.core.services import Services, open_services
from backend.core.settings import DatabaseSettings, Settings
from tests.conftest import new_database
from tests.support.dev_stack import free_port
from tests.support.people import PASSWORD, new_email, sign_in
from tests.support.processes import run, running, start


@pytest.fixture(scope="module")
async def own(settings: Settings, postgres_url: str, services: Services) -> Settings:
    """Settings with a database nobody else uses."""
    database = DatabaseSettings(url=type(settings.database.url)(await new_database(postgres_url)))
    return settings.model_copy(update={"database": database})


def is_one_sentence(output: str) -> bool:
    return len(output.strip().splitlines()) == 1 and "Traceback" not in output


async def get(url: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=15) as client:
        return await client.get(url)


class TestServe:
    async def test_finishes_what_is_under_way_when_told_to_stop(self, own: Settings) -> None:
        async with running(own, "serve", free_port()) as api:
            body = b'{"email": "slow@example.com", "password": "seven grey herons"}'
            host, _, port = api.url.removeprefix("http://").partition(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(
                b"POST /v1/auth/register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n" % len(body)
            )
            writer.write(body[:20])
            await writer.drain()
            await asyncio.sleep(0.5)

            api.process.terminate()
            await asyncio.sleep(0.5)
            with pytest.raises(httpx.TransportError):
                await get(f"{api.url}/ready")
            writer.write(body[20:])
            answer = await asyncio.wait_for(reader.read(4096), 10)

            assert answer.startswith(b"HTTP/1.1 201")
            assert await asyncio.wait_for(api.process.wait(), 10) == 0

    async def test_does_not_wait_forever(self, own: Settings) -> None:
        async with running(own, "serve", free_port(), DRAIN_TIMEOUT="1") as api:
            host, _, port = api.url.removeprefix("http://").partition(":")
            _reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(
                b"POST /v1/auth/register HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"
            )
            await writer.drain()
            started = time.monotonic()

            api.process.terminate()
            await asyncio.wait_for(api.process.wait(), 10)

            assert time.monotonic() - started < 5
            writer.close()

    async def test_does_not_say_what_it_is_made_of(self, own: Settings) -> None:
        async with running(own, "serve", free_port()) as api:
            headers = (await get(f"{api.url}/health")).headers

        assert "server" not in headers

    async def test_hangs_up_on_a_head_without_end(self, own: Settings) -> None:
        async with running(own, "serve", free_port()) as api:
            host, _, port = api.url.removeprefix("http://").partition(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(b"GET /health HTTP/1.1\r\nX-Long: " + b"x" * 100_000)

            assert (await asyncio.wait_for(reader.read(4096), 10)).startswith(b"HTTP/1.1 431")
            writer.close()

    async def test_refuses_to_run_in_production_with_the_development_secret(
        self, own: Settings
    ) -> None:
        code, output = await run(own, "serve", ENVIRONMENT="production")

        assert code == 1
        assert is_one_sentence(output)
        assert "SECRET_KEY" in output

    @pytest.mark.parametrize(
        ("variable", "value"),
        [
            ("PORT", "many"),
            ("DATABASE_POOL_SIZE", "0"),
            ("UPLOAD_TTL", "soon"),
            ("AUTH_MAIL_RATE", "x"),
        ],
    )
    async def test_names_the_variable_that_makes_no_sense(
        self, own: Settings, variable: str, value: str
    ) -> None:
        code, output = await run(own, "serve", **{variable: value})

        assert code == 1
        assert is_one_sentence(output)
        assert f"{variable}:" in output

    @pytest.mark.parametrize("command", ["serve", "worker", "fsck"])
    async def test_says_when_there_are_no_credentials(self, own: Settings, command: str) -> None:
        nothing = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "HOME": "/nonexistent"}

        code, output = await run(own, command, AWS_EC2_METADATA_DISABLED="true", **nothing)

        assert code == 1
        assert "No AWS credentials: set AWS_ACCESS_KEY_ID" in output
        assert "Traceback" not in output

    async def test_says_when_its_port_is_taken(self, own: Settings) -> None:
        async with running(own, "serve", free_port()) as api:
            code, output = await run(own, "serve", PORT=api.url.rpartition(":")[2])

        assert code == 1
        assert is_one_sentence(output)
        assert "Address already in use" in output


class TestMigrate:
    async def test_may_run_from_several_places_at_once(
        self, own: Settings, postgres_url: str
    ) -> None:
        name = f"raced_{free_port()}"
        connection = await asyncpg.connect(postgres_url)
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()
        url = f"{postgres_url.rpartition('/')[0]}/{name}"

        runs = await asyncio.gather(*(run(own, "migrate", DATABASE_URL=url) for _ in range(3)))

        assert [code for code, _ in runs] == [0, 0, 0], runs

    async def test_says_when_there_is_no_database(self, own: Settings) -> None:
        gone = "postgresql://postgres@127.0.0.1:9/none"

        code, output = await run(own, "migrate", DATABASE_URL=gone)

        assert code == 1
        assert "The database is not responding" in output
        assert "Traceback" not in output


class TestCreateAdmin:
    async def test_makes_somebody_who_may_administer(self, own: Settings) -> None:
        email = new_email("root")

        code, output = await create_admin(own, email, PASSWORD)

        assert (code, output.strip()) == (0, f"{email} is now an administrator.")
        async with (
            running(own, "serve", free_port()) as api,
            httpx.AsyncClient(base_url=api.url) as http,
        ):
            token = (await sign_in(http, email)).json()["access_token"]
            headers = {"Authorization": f"Bearer {token}"}
            assert (await http.get("/v1/admin/stats", headers=headers)).status_code == 200

    @pytest.mark.parametrize(
        ("email", "password"), [("no address", PASSWORD), ("a@example.com", "short")]
    )
    async def test_refuses_what_makes_no_account(
        self, own: Settings, email: str, password: str
    ) -> None:
        code, output = await create_admin(own, email, password)

        assert code == 1
        assert is_one_sentence(output)


async def create_admin(settings: Settings, email: str, password: str) -> tuple[int | None, str]:
    process = await start(settings, "user", "create-admin", email)
    output, _ = await process.communicate(f"{password}\n".encode())
    return process.returncode, output.decode()


class TestJobs:
    @pytest.fixture
    async def failed(self, own: Settings) -> None:
        """A job that has failed for good."""
        async with open_services(own) as services:
            async with services.database.transaction() as tx:
                await enqueue(tx, "broken.job", {})
            async with services.database.transaction() as tx:
                await tx.exec_driver_sql(
                    "UPDATE pgqueuer SET status = 'failed' WHERE entrypoint = 'broken.job'"
                )

    @pytest.mark.usefixtures("failed")
    async def test_are_listed_and_queued_again(self, own: Settings) -> None:
        assert "broken.job" in (await run(own, "jobs", "list"))[1]

        assert await run(own, "jobs", "retry", "--all") == (0, "Jobs queued again: 1.\n")

        assert await run(own, "jobs", "list") == (0, "No jobs have failed permanently.\n")

    async def test_retry_wants_to_know_which(self, own: Settings) -> None:
        code, output = await run(own, "jobs", "retry")

        assert code == 2
        assert "give the ids of the jobs, or --all" in output


class TestWorker:
    async def test_waits_for_a_database_that_is_not_there_and_stops_when_told(
        self, own: Settings
    ) -> None:
        port = free_port()
        gone = "postgresql://postgres@127.0.0.1:9/none"
        async with running(own, "worker", port, DATABASE_URL=gone) as worker:
            assert (await get(f"{worker.url}/ready")).status_code == 503

            worker.process.terminate()

            assert await asyncio.wait_for(worker.process.wait(), 15) == 0

    async def test_tells_of_its_queue_where_nobody_scrapes(self, own: Settings) -> None:
        worker = await start(own, "worker", WORKER_METRICS_PORT="0", LOG_FORMAT="json")
        assert worker.stdout
        async with asyncio.timeout(30):
            while b'"backlog"' not in (line := await worker.stdout.readline()):
                assert line, "it has ended"
        worker.terminate()
        await worker.communicate()

        said = json.loads(line)
        assert (said["event"], said["level"]) == ("backlog", "info")
        assert {"queued", "oldest_seconds", "failed"} <= said.keys()

    async def test_runs_the_lanes_it_is_told(self, own: Settings) -> None:
        worker = await start(
            own, "worker", "--lanes", "bytes,long", WORKER_METRICS_PORT="0", LOG_FORMAT="json"
        )
        assert worker.stdout
        async with asyncio.timeout(30):
            while b'"worker started"' not in (line := await worker.stdout.readline()):
                assert line, "it has ended"
        worker.terminate()
        await worker.communicate()

        assert json.loads(line)["lanes"] == ["bytes", "long"]
        assert worker.returncode == 0

    @pytest.mark.parametrize("lanes", ["short,fast", "", "SHORT"])
    async def test_refuses_an_unknown_lane_in_a_sentence(self, own: Settings, lanes: str) -> None:
        code, output = await run(own, "worker", "--lanes", lanes)

        assert code == 1
        assert is_one_sentence(output)
        assert "short, long, bytes" in output

    async def test_refuses_a_pooler_in_a_sentence(self, own: Settings) -> None:
        code, output = await run(own, "worker", DATABASE_POOLER="transaction")

        assert code == 1
        assert is_one_sentence(output)
        assert "DATABASE_DIRECT_URL" in output
