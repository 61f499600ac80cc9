"""Deployments, against clients that check every call with AWS's own service models."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from scripts.deploy.__main__ import platform
from scripts.deploy.rollout import DeploymentError

REPOSITORY = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/we-upload-dev"
OLD = f"{REPOSITORY}@sha256:{'a' * 64}"
NEW = f"{REPOSITORY}@sha256:{'b' * 64}"
EC2 = {
    "deployment": {
        "autoscaling_group": "we-upload-dev",
        "launch_template_id": "lt-0123456789abcdef0",
        "machine_image_parameter": "/aws/service/ami",
        "migrate_document": "we-upload-dev-migrate",
    },
    "alarms": ["we-upload-dev-rollback"],
}
ECS = {
    "deployment": {
        "cluster": "we-upload-prod",
        "services": {"serve": "we-upload-prod-serve", "worker": "we-upload-prod-worker"},
        "migrate": {
            "task_definition": "we-upload-prod-serve",
            "container": "serve",
            "command": ["migrate"],
            "subnets": ["subnet-1"],
            "security_groups": ["sg-1"],
            "assign_public_ip": "DISABLED",
        },
    },
    "alarms": [],
}


class Aws(dict[str, Stubber]):
    """Stubbed clients by service name, made when first asked for."""

    def __missing__(self, service: str) -> Stubber:
        session: Any = boto3.session.Session()
        client = session.client(service, region_name="eu-central-1")
        self[service] = Stubber(client)
        self[service].activate()
        return self[service]

    def answers(self, service: str, call: str, answer: dict[str, Any], /, **sent: Any) -> None:
        self[service].add_response(call, answer, sent or None)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    stubs = Aws()
    monkeypatch.setattr(boto3, "client", lambda service: stubs[service].client)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    yield stubs
    for stub in stubs.values():
        stub.assert_no_pending_responses()


def group(*instances: str) -> dict[str, Any]:
    """An auto-scaling group, with everything that AWS always says of one."""
    return {
        "AutoScalingGroups": [
            {
                "AutoScalingGroupName": "we-upload-dev",
                "AvailabilityZones": ["eu-central-1a"],
                "CreatedTime": 0,
                "DefaultCooldown": 300,
                "DesiredCapacity": 1,
                "HealthCheckType": "EC2",
                "LaunchTemplate": {"LaunchTemplateId": "lt-0123456789abcdef0", "Version": "7"},
                "MaxSize": 2,
                "MinSize": 1,
                "Instances": [
                    {
                        "AvailabilityZone": "eu-central-1a",
                        "HealthStatus": "Healthy",
                        "InstanceId": instance,
                        "LifecycleState": "InService",
                        "ProtectedFromScaleIn": False,
                    }
                    for instance in instances
                ],
            }
        ]
    }


class TestInstances:
    def test_current_image_is_the_tag_of_the_version_in_service(self, aws: Aws) -> None:
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "image", "Value": OLD}]}]
        versions = [{"LaunchTemplateData": {"TagSpecifications": tags}}]
        aws.answers("autoscaling", "describe_auto_scaling_groups", group())
        aws.answers(
            "ec2", "describe_launch_template_versions", {"LaunchTemplateVersions": versions}
        )
        assert platform(EC2).current() == OLD

    def test_migration_runs_the_new_image_on_an_instance_in_service(self, aws: Aws) -> None:
        serving = group("i-0123456789abcdef0")
        aws.answers("autoscaling", "describe_auto_scaling_groups", serving)
        command = {"Command": {"CommandId": "0" * 36}}
        parameters = {"image": [NEW]}
        aws.answers(
            "ssm", "send_command", command,
            DocumentName=ANY, InstanceIds=["i-0123456789abcdef0"], Parameters=parameters,
        )  # fmt: skip
        aws["ssm"].add_client_error("get_command_invocation", "InvocationDoesNotExist")
        aws.answers("ssm", "get_command_invocation", {"Status": "InProgress"})
        aws.answers("ssm", "get_command_invocation", {"Status": "Success"})
        platform(EC2).migrate(NEW)

    def test_failed_migration_fails_the_deployment(self, aws: Aws) -> None:
        serving = group("i-0123456789abcdef0")
        aws.answers("autoscaling", "describe_auto_scaling_groups", serving)
        aws.answers("ssm", "send_command", {"Command": {"CommandId": "0" * 36}})
        failed = {"Status": "Failed", "StandardErrorContent": "lock timeout"}
        aws.answers("ssm", "get_command_invocation", failed)
        with pytest.raises(DeploymentError, match="lock timeout"):
            platform(EC2).migrate(NEW)

    @pytest.mark.parametrize("status", ["RollbackSuccessful", "Failed"])
    def test_return_to_the_old_image_fails_the_deployment(self, aws: Aws, status: str) -> None:
        self.starts_refresh(aws)
        answer = {"Status": status, "StatusReason": "alarm we-upload-dev-rollback"}
        refreshes = {"InstanceRefreshes": [answer]}
        aws.answers("autoscaling", "describe_instance_refreshes", refreshes)
        with pytest.raises(DeploymentError, match="alarm we-upload-dev-rollback"):
            platform(EC2).roll_out(NEW)

    def test_roll_out_waits_until_the_alarms_stayed_quiet(self, aws: Aws) -> None:
        self.starts_refresh(aws)
        for status in ("Pending", "InProgress", "Baking", "Successful"):
            refreshes = {"InstanceRefreshes": [{"Status": status}]}
            aws.answers("autoscaling", "describe_instance_refreshes", refreshes)
        platform(EC2).roll_out(NEW)

    def test_alarm_that_fires_already_does_not_undo_its_repair(self, aws: Aws) -> None:
        self.starts_refresh(aws, alarm="ALARM", watched=[])
        refreshes = {"InstanceRefreshes": [{"Status": "Successful"}]}
        aws.answers("autoscaling", "describe_instance_refreshes", refreshes)
        platform(EC2).roll_out(NEW)

    def starts_refresh(
        self, aws: Aws, *, alarm: str = "OK", watched: Sequence[str] = ("we-upload-dev-rollback",)
    ) -> None:
        alarms = [{"AlarmName": "we-upload-dev-rollback", "StateValue": alarm}]
        aws.answers("cloudwatch", "describe_alarms", {"MetricAlarms": alarms})
        aws.answers("ssm", "get_parameter", {"Parameter": {"Value": "ami-0123456789abcdef0"}})
        version = {"LaunchTemplateVersion": {"VersionNumber": 8}}
        aws.answers("ec2", "create_launch_template_version", version)
        preferences = {
            "AutoRollback": True,
            "BakeTime": ANY,
            "AlarmSpecification": {"Alarms": list(watched)},
        }
        aws.answers(
            "autoscaling", "start_instance_refresh", {"InstanceRefreshId": "refresh"},
            AutoScalingGroupName="we-upload-dev", DesiredConfiguration=ANY, Preferences=preferences,
        )  # fmt: skip


class TestTasks:
    def test_nothing_runs_before_the_first_deployment(self, aws: Aws) -> None:
        self.has_services(aws)
        self.has_revision(aws, f"{REPOSITORY}:none")
        assert platform(ECS).current() == "none"

    def test_failed_migration_fails_the_deployment(self, aws: Aws) -> None:
        self.registers(aws)
        aws.answers("ecs", "run_task", {"tasks": [{"taskArn": "task"}]})
        stopped = {"lastStatus": "STOPPED", "containers": [{"exitCode": 1}]}
        aws.answers("ecs", "describe_tasks", {"tasks": [{"lastStatus": "RUNNING"}]})
        aws.answers("ecs", "describe_tasks", {"tasks": [stopped]})
        with pytest.raises(DeploymentError, match="migration failed"):
            platform(ECS).migrate(NEW)

    def test_roll_out_ends_when_every_service_runs_the_new_revision(self, aws: Aws) -> None:
        self.updates_services(aws)
        self.has_services(aws, rolloutState="IN_PROGRESS")
        self.has_services(aws, rolloutState="COMPLETED")
        platform(ECS).roll_out(NEW)

    def test_return_to_the_old_image_fails_the_deployment(self, aws: Aws) -> None:
        self.updates_services(aws)
        self.has_services(aws, rolloutState="FAILED")
        with pytest.raises(DeploymentError, match="returned to the old image"):
            platform(ECS).roll_out(NEW)

    def has_services(self, aws: Aws, **deployment: str) -> None:
        new = {"taskDefinition": "new", **deployment}
        services = [
            {"serviceName": name, "taskDefinition": "old", "deployments": [new]}
            for name in ("serve", "worker")
        ]
        aws.answers("ecs", "describe_services", {"services": services})

    def has_revision(self, aws: Aws, image: str) -> None:
        revision = {"family": "f", "revision": 3, "containerDefinitions": [{"image": image}]}
        aws.answers("ecs", "describe_task_definition", {"taskDefinition": revision})

    def registers(self, aws: Aws) -> None:
        self.has_revision(aws, OLD)
        new = {"taskDefinition": {"taskDefinitionArn": "new"}}
        sent = {"family": "f", "containerDefinitions": [{"image": NEW}]}
        aws.answers("ecs", "register_task_definition", new, **sent)

    def updates_services(self, aws: Aws) -> None:
        for _ in ("serve", "worker"):
            self.registers(aws)
        for service in ("serve", "worker"):
            sent = {"cluster": "we-upload-prod", "service": service, "taskDefinition": "new"}
            aws.answers("ecs", "update_service", {}, **sent)
