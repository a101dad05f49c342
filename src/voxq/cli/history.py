"""`voxq history`: the latest ended tasks."""

from __future__ import annotations

from typing import Annotated

import typer

from voxq.cli.configuration import configured
from voxq.cli.console import out, print_json
from voxq.cli.options import Json, Url


def history(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100, help="Tasks to show.")] = 10,
    url: Url = None,
    json_: Json = False,
) -> None:
    """Show the latest tasks that ended, recordings and texts; what was submitted last comes first."""
    from voxq.cli.service import the_service
    from voxq.cli.tables import tasks_table

    with the_service(configured(), url, is_data=json_) as service:
        records = service.history(limit)
    if json_:
        print_json(records)
    else:
        out.print(tasks_table(records))
