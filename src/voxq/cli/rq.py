"""`voxq rq ...`: RQ's own command, on this service's Redis."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from voxq.cli.configuration import configured, redis_url


def rq(
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[ARGUMENT]...", help="As for rq: info, requeue ...")
    ] = None,
) -> None:
    """Run RQ's command on this service's Redis: voxq rq info. Its password is shown to nobody."""
    from rq.cli.cli import main

    # Not as an argument: every user of a machine may read those of all processes.
    os.environ["RQ_REDIS_URL"] = redis_url(configured())
    main(args=arguments or ["info"], prog_name="voxq rq")
