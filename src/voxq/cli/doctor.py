"""`voxq doctor`: checks of the machine and the settings."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from voxq.cli.console import err, here, out, print_json
from voxq.cli.names import subject_name
from voxq.cli.options import Json
from voxq.locale import Message, about

_MARKS = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "failure": "[red]✗[/]"}


def doctor(
    json_: Json = False,
    pins: Annotated[
        bool, typer.Option("--pins", help="Print the tested versions instead, for pip install -c.")
    ] = False,
) -> None:
    """Check Redis, storage, models, voices, language models, GPU and packages; say how to mend them."""
    from rich.markup import escape

    if pins:
        from voxq.pins import constraints

        typer.echo("\n".join(constraints()))
        return

    from voxq.cli.checks import examine

    with err.status(here(Message("Checking ..."))):
        findings = examine()
    if json_:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            line = about(subject_name(finding.subject), finding.says)
            out.print(f"{_MARKS[finding.state]} {escape(here(line))}", highlight=False)
            if finding.fix:
                out.print(f"    {here(finding.fix)}", markup=False, highlight=False)
    if any(finding.state == "failure" for finding in findings):
        raise typer.Exit(1)
