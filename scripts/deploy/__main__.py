"""Bring an image into service in one AWS environment, on the platform that Terraform built there.

    python -m scripts.deploy FACTS current           print the image that runs, or `none`
    python -m scripts.deploy FACTS migrate IMAGE     migrate the database while the old image serves
    python -m scripts.deploy FACTS roll-out IMAGE    replace every instance or task, a few at a time

FACTS is a file with the JSON that Terraform keeps in the parameter /we-upload-ENV/deployment.
IMAGE is `repository@sha256:...`: a digest, so that every environment runs the same bytes.
"""

import json
import sys
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from scripts.deploy.instances import Instances
from scripts.deploy.rollout import DeploymentError
from scripts.deploy.tasks import Tasks


def platform(facts: dict[str, Any]) -> Instances | Tasks:
    """The one that Terraform built."""
    deployment = facts["deployment"]
    if "autoscaling_group" in deployment:
        return Instances(deployment, facts["alarms"])
    return Tasks(deployment)


def main(facts: str, action: str, *image: str) -> None:
    """Carry out one action."""
    target = platform(json.loads(Path(facts).read_text()))
    if action == "current":
        print(target.current())
        return
    {"migrate": target.migrate, "roll-out": target.roll_out}[action](*image)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (DeploymentError, BotoCoreError, ClientError) as error:
        sys.exit(f"FAILED  {error}")
