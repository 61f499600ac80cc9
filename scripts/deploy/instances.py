"""Deployments to an auto-scaling group of EC2 instances (terraform/modules/service_ec2)."""

from typing import Any

import boto3

from scripts.deploy.rollout import NO_IMAGE, DeploymentError, wait_until

BAKE = 300  # seconds after the last instance, in which an alarm still brings the old image back


class Instances:
    """An auto-scaling group: instances run the image that their tag `image` names."""

    def __init__(self, facts: dict[str, Any], alarms: list[str]) -> None:
        self.facts, self.alarms = facts, alarms
        self.ec2, self.ssm = boto3.client("ec2"), boto3.client("ssm")
        self.scaling = boto3.client("autoscaling")
        self.cloudwatch = boto3.client("cloudwatch")

    def _group(self) -> dict[str, Any]:
        names = [self.facts["autoscaling_group"]]
        answer = self.scaling.describe_auto_scaling_groups(AutoScalingGroupNames=names)
        return dict(answer["AutoScalingGroups"][0])

    def current(self) -> str:
        """The image of the launch template version that instances start from."""
        template = self._group()["LaunchTemplate"]
        answer = self.ec2.describe_launch_template_versions(
            LaunchTemplateId=template["LaunchTemplateId"], Versions=[template["Version"]]
        )
        data = answer["LaunchTemplateVersions"][0]["LaunchTemplateData"]
        tags = {t["Key"]: t["Value"] for s in data.get("TagSpecifications", []) for t in s["Tags"]}
        return str(tags.get("image", NO_IMAGE))

    def migrate(self, image: str) -> None:
        """Run the migrations on one instance, next to the image that it serves."""
        serving = [i for i in self._group()["Instances"] if i["LifecycleState"] == "InService"]
        if not serving:
            raise DeploymentError("no instance is in service to migrate from")
        instance = serving[0]["InstanceId"]
        command = self.ssm.send_command(
            DocumentName=self.facts["migrate_document"],
            InstanceIds=[instance],
            Parameters={"image": [image]},
        )["Command"]["CommandId"]

        def finished() -> bool:
            try:
                result = self.ssm.get_command_invocation(CommandId=command, InstanceId=instance)
            except self.ssm.exceptions.InvocationDoesNotExist:
                return False  # the instance has not heard of it yet
            if result["Status"] in {"Pending", "InProgress", "Delayed"}:
                return False
            if result["Status"] != "Success":
                raise DeploymentError(
                    f"migration {result['Status']}: {result['StandardErrorContent']}"
                )
            return True

        wait_until(finished)

    def roll_out(self, image: str) -> None:
        """Replace a few at a time; AWS turns back when one stays sick or an alarm fires."""
        group = self.facts["autoscaling_group"]
        refresh = self.scaling.start_instance_refresh(
            AutoScalingGroupName=group,
            DesiredConfiguration={
                "LaunchTemplate": {
                    "LaunchTemplateId": self.facts["launch_template_id"],
                    "Version": self._new_version(image),
                }
            },
            # How many at a time stands in the group's maintenance policy.
            Preferences={
                "AutoRollback": True,
                "BakeTime": BAKE,
                "AlarmSpecification": {"Alarms": self._quiet_alarms()},
            },
        )["InstanceRefreshId"]

        def finished() -> bool:
            answer = self.scaling.describe_instance_refreshes(
                AutoScalingGroupName=group, InstanceRefreshIds=[refresh]
            )["InstanceRefreshes"][0]
            if answer["Status"] in {"Failed", "Cancelled", "RollbackFailed", "RollbackSuccessful"}:
                raise DeploymentError(f"{answer['Status']}: {answer.get('StatusReason', '')}")
            return bool(answer["Status"] == "Successful")

        wait_until(finished)

    def _quiet_alarms(self) -> list[str]:
        """What may undo the roll-out: an alarm that fires already would undo its own repair.

        So do those of a service that has never run. ECS leaves them out by itself.
        """
        answer = self.cloudwatch.describe_alarms(AlarmNames=self.alarms)
        return [a["AlarmName"] for a in answer["MetricAlarms"] if a["StateValue"] != "ALARM"]

    def _new_version(self, image: str) -> str:
        """Terraform's newest template, with this image and the newest machine image."""
        parameter = self.ssm.get_parameter(Name=self.facts["machine_image_parameter"])
        tags = {"Name": self.facts["autoscaling_group"], "image": image}
        answer = self.ec2.create_launch_template_version(
            LaunchTemplateId=self.facts["launch_template_id"],
            SourceVersion="$Latest",
            LaunchTemplateData={
                "ImageId": parameter["Parameter"]["Value"],
                "TagSpecifications": [
                    {
                        "ResourceType": "instance",
                        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
                    }
                ],
            },
        )
        return str(answer["LaunchTemplateVersion"]["VersionNumber"])
