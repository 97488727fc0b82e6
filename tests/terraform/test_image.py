"""What ECS pulls is what `make image` pushes."""

from __future__ import annotations

import json

from scripts.deployment.image import PLATFORMS, Image
from tests.terraform.mocked_lake import Lake


def test_ecs_pulls_the_image_that_is_pushed_for_its_processor(lake: Lake) -> None:
    pushed = Image(**lake.outputs["weather_poller_image"], content="1")

    for task in lake.all("aws_ecs_task_definition"):
        (container,) = json.loads(task["container_definitions"])
        (platform,) = task["runtime_platform"]
        assert container["image"] == pushed.name
        assert platform["cpu_architecture"] == pushed.architecture.upper()
        assert PLATFORMS[pushed.architecture]
    assert pushed.tag == ("1-x86_64" if lake.env == "laptop" else "1-arm64")
