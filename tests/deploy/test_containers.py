"""What docs/containers.md promises of the image and of the compose file."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
STAGES = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
DEVELOPING: dict[str, dict[str, Any]] = yaml.safe_load(
    (ROOT / "docker-compose.dev.yml").read_text()
)["services"]
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
each_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES.keys())


class TestImage:
    def test_base_is_pinned_by_digest(self) -> None:
        assert re.match(r"python:3\.13\.\d+-slim-\w+@sha256:[0-9a-f]{64} AS base\n", STAGES[0])

    def test_dependencies_come_from_hashed_locks_as_wheels(self) -> None:
        installs = re.findall(r"\bpip\b[^&]*?\binstall\b[^&]*", DOCKERFILE.replace("\\\n", " "))
        hashed = [line for line in installs if "--requirement" in line]
        assert len(hashed) == 2
        assert all("--require-hashes" in line and "--only-binary :all:" in line for line in hashed)

    def test_final_stage_runs_nothing_and_is_not_root(self) -> None:
        assert "RUN " not in STAGES[-1]
        assert re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE) == ["10001:10001"]

    def test_process_gets_signals_itself(self) -> None:
        assert 'ENTRYPOINT ["we-upload"]\nCMD ["serve"]' in STAGES[-1]

    def test_build_context_is_an_allow_list(self) -> None:
        lines = (ROOT / ".dockerignore").read_text().splitlines()
        rules = [line for line in lines if not line.startswith("#")]
        assert rules[0] == "*"
        assert all((ROOT / rule[1:]).exists() for rule in rules if rule.startswith("!"))
        assert not [rule for rule in rules if rule.startswith("!") and "env" in Path(rule).suffix]


class TestCompose:
    @each_service
    def test_service_has_no_privileges(self, service: dict[str, Any]) -> None:
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]

    @each_service
    def test_ports_are_open_to_this_machine_only(self, service: dict[str, Any]) -> None:
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))

    @each_service
    def test_image_is_pinned_to_a_full_version_and_its_digest(
        self, service: dict[str, Any]
    ) -> None:
        pinned = r":v?\d+\.\d+[\w.-]*@sha256:[0-9a-f]{64}$"
        assert "build" in service or re.search(pinned, service["image"])

    @each_service
    def test_long_running_service_is_health_checked(self, service: dict[str, Any]) -> None:
        from_image = service.get("command") is None and "build" in service
        assert from_image or "healthcheck" in service

    def test_nothing_serves_before_the_migrations_ran(self) -> None:
        for name in ("api", "worker"):
            needs = SERVICES[name]["depends_on"]
            assert needs["migrate"] == {"condition": "service_completed_successfully"}
        assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}

    def test_database_and_counters_cannot_be_reached_from_outside(self) -> None:
        assert COMPOSE["networks"]["data"] == {"internal": True}
        assert SERVICES["postgres"]["networks"] == SERVICES["valkey"]["networks"] == ["data"]

    def test_every_variable_is_explained_in_the_example(self) -> None:
        text = (ROOT / "docker-compose.yml").read_text()
        example = (ROOT / ".env.example").read_text()
        for name in set(re.findall(r"\$\{(\w+)", text)):
            assert re.search(rf"^(# )?{name}=", example, re.MULTILINE), name

    def test_every_other_setting_of_the_application_reaches_it(self) -> None:
        assert COMPOSE["x-app"]["env_file"] == [{"path": ".env", "required": False}]
        assert None not in COMPOSE["x-app"]["environment"].values()

    def test_no_secret_has_a_value_in_the_repository(self) -> None:
        text = (ROOT / "docker-compose.yml").read_text()
        required = set(re.findall(r"\$\{(\w+):\?", text))
        assert required == set(
            re.findall(r"^(\w+)=$", (ROOT / ".env.example").read_text(), re.MULTILINE)
        )
        assert required >= {"SECRET_KEY", "DATABASE_PASSWORD", "S3_SECRET_ACCESS_KEY"}


class TestDeveloping:
    def test_changes_services_that_exist(self) -> None:
        assert DEVELOPING.keys() == {"api", "worker", "migrate"} < SERVICES.keys()

    @pytest.mark.parametrize("service", DEVELOPING.values(), ids=DEVELOPING.keys())
    def test_takes_away_no_protection(self, service: dict[str, Any]) -> None:
        assert service.keys() <= {"volumes", "environment", "develop"}
        assert all(volume.endswith(":ro") for volume in service["volumes"])

    @pytest.mark.parametrize("service", ["api", "worker"])
    def test_a_save_costs_a_restart_and_a_library_a_build(self, service: str) -> None:
        rules = {rule["path"]: rule["action"] for rule in DEVELOPING[service]["develop"]["watch"]}

        assert rules == {"backend": "restart", "requirements/runtime.txt": "rebuild"}
        assert "./backend:/app/backend:ro" in DEVELOPING[service]["volumes"]
        assert all((ROOT / path).exists() for path in rules)
        assert "WORKDIR /app\n" in STAGES[-1]
