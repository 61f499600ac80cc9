"""Deployments to ECS services on Fargate (terraform/modules/service_ecs)."""

from typing import Any

import boto3

from scripts.deploy.rollout import NO_IMAGE, DeploymentError, wait_until


class Tasks:
    """ECS services: tasks run the image that their task definition names."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.facts = facts
        self.ecs = boto3.client("ecs")

    def _services(self) -> dict[str, dict[str, Any]]:
        answer = self.ecs.describe_services(
            cluster=self.facts["cluster"], services=list(self.facts["services"])
        )
        return {service["serviceName"]: service for service in answer["services"]}

    def current(self) -> str:
        """The image of the revision that the API runs."""
        revision = self._services()["serve"]["taskDefinition"]
        answer = self.ecs.describe_task_definition(taskDefinition=revision)
        image = str(answer["taskDefinition"]["containerDefinitions"][0]["image"])
        return NO_IMAGE if image.endswith(f":{NO_IMAGE}") else image

    def _new_revision(self, family: str, image: str) -> str:
        """The family's newest revision, which Terraform or a deployment made, with this image."""
        newest = self.ecs.describe_task_definition(taskDefinition=family)["taskDefinition"]
        register = self.ecs.meta.service_model.operation_model("RegisterTaskDefinition")
        wanted = {k: v for k, v in newest.items() if k in register.input_shape.members}
        for container in wanted["containerDefinitions"]:
            container["image"] = image
        answer = self.ecs.register_task_definition(**wanted)
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def migrate(self, image: str) -> None:
        """Run the migrations in a task of their own."""
        how = self.facts["migrate"]
        override = {"name": how["container"], "command": how["command"]}
        answer = self.ecs.run_task(
            cluster=self.facts["cluster"],
            taskDefinition=self._new_revision(how["task_definition"], image),
            launchType="FARGATE",
            overrides={"containerOverrides": [override]},
            networkConfiguration={
                "awsvpcConfiguration": {
                    "subnets": how["subnets"],
                    "securityGroups": how["security_groups"],
                    "assignPublicIp": how["assign_public_ip"],
                }
            },
        )
        if not answer["tasks"]:
            raise DeploymentError(f"the migration did not start: {answer['failures']}")
        task = answer["tasks"][0]["taskArn"]

        def finished() -> bool:
            state = self.ecs.describe_tasks(cluster=self.facts["cluster"], tasks=[task])["tasks"][0]
            if state["lastStatus"] != "STOPPED":
                return False
            if state["containers"][0].get("exitCode") != 0:
                raise DeploymentError(
                    f"migration failed: {state.get('stoppedReason')}; see its log"
                )
            return True

        wait_until(finished)

    def roll_out(self, image: str) -> None:
        """Replace a few at a time; ECS turns back when one stays unhealthy or an alarm fires."""
        revisions = {
            service: self._new_revision(family, image)
            for service, family in self.facts["services"].items()
        }
        for service, revision in revisions.items():
            self.ecs.update_service(
                cluster=self.facts["cluster"], service=service, taskDefinition=revision
            )

        def finished() -> bool:
            services = self._services()
            states = [_rollout_state(services[name], rev) for name, rev in revisions.items()]
            if "FAILED" in states:
                raise DeploymentError("ECS returned to the old image; see the services' events")
            return set(states) == {"COMPLETED"}

        wait_until(finished)


def _rollout_state(service: dict[str, Any], revision: str) -> str:
    """A deployment that ECS gave up disappears once the old one is back."""
    of_revision = (d for d in service["deployments"] if d["taskDefinition"] == revision)
    return next((str(d["rolloutState"]) for d in of_revision), "FAILED")
