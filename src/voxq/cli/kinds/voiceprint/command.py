"""`voxq voiceprints`: voices that the running service keeps for this key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voxq.cli.configuration import configured
from voxq.cli.console import err, here, out, print_json, tell, visible
from voxq.cli.names import status_name
from voxq.cli.options import Json, Url
from voxq.kinds.voiceprint import VOICEPRINT
from voxq.locale import Message, recognised

if TYPE_CHECKING:
    from voxq.cli.service import Service

app = typer.Typer(
    help="Keep voices that are to be known again, and find out whose voice a recording has.",
    invoke_without_command=True,
)

_LOOK_SECONDS = 0.5
_HEADINGS = (Message("Id"), Message("Name"), Message("State"), Message("Version"), Message("Speech"))

_Id = Annotated[str, typer.Argument(metavar="ID", help="Id of a voiceprint, from 'voxq voiceprints'.")]
_Recording = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help="Recording of one person, with 3 s of speech or more.",
    ),
]


@app.callback()
def _default(context: typer.Context, url: Url = None, json_: Json = False) -> None:
    if context.invoked_subcommand is None:
        list_(url, json_)


@app.command("list")
def list_(url: Url = None, json_: Json = False) -> None:
    """List the voiceprints of this key (the default command)."""
    from rich.table import Table
    from rich.text import Text

    with _service(url, json_) as service:
        found = service.call("GET", "voiceprints")["voiceprints"]
    if json_:
        print_json(found)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in _HEADINGS:
        table.add_column(heading)
    for each in found:
        cells = (
            each["voiceprint_id"],
            visible(each["name"]),
            here(_state(each["status"])),
            str(each["version"]),
            f"{each['speech_seconds']:.1f} s",
        )
        table.add_row(*map(Text, cells))
    out.print(table)


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What you call the voice.")],
    recording: _Recording,
    consent_by: Annotated[str, typer.Option(help="Who agrees: the person whose voice it is.")],
    consent: Annotated[str, typer.Option(help="What that person agreed to, in words.")],
    url: Url = None,
    json_: Json = False,
) -> None:
    """Make a voiceprint from a recording of a person who agrees, and print its id."""
    fields = {"name": name, "consent_by": consent_by, "consent": consent}
    _submit("voiceprints", recording, fields, url, json_)


@app.command()
def add(id: _Id, recording: _Recording, url: Url = None, json_: Json = False) -> None:
    """Add another recording of the same person, which makes a voiceprint better."""
    _submit(f"voiceprints/{_checked(id)}/recordings", recording, {}, url, json_)


@app.command()
def replace(id: _Id, recording: _Recording, url: Url = None, json_: Json = False) -> None:
    """Replace a voiceprint by a new version, made from this recording."""
    _submit(f"voiceprints/{_checked(id)}/versions", recording, {}, url, json_)


@app.command()
def rename(
    id: _Id,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new name.")],
    url: Url = None,
) -> None:
    """Rename a voiceprint."""
    with _service(url, False) as service:
        service.call("PATCH", f"voiceprints/{_checked(id)}", json={"name": name})


@app.command()
def delete(id: _Id, url: Url = None) -> None:
    """Erase a voiceprint, with the recordings that it was made from."""
    with _service(url, False) as service:
        service.call("DELETE", f"voiceprints/{_checked(id)}")


@app.command()
def export(id: _Id, url: Url = None) -> None:
    """Print all that is kept of a voiceprint as JSON: vectors, consent, and what was done with it."""
    with _service(url, True) as service:
        print_json(service.call("GET", f"voiceprints/{_checked(id)}/export"))


@app.command()
def verify(id: _Id, recording: _Recording, url: Url = None, json_: Json = False) -> None:
    """Check whether a recording has the voice of a voiceprint; status 1 if it has another."""
    with _service(url, json_) as service:
        found = service.call_with(f"voiceprints/{_checked(id)}/verify", recording, {})
    if json_:
        print_json(found)
    elif found["match"]:
        tell(Message("It is {name} (similarity {similarity:.2f}).", **_named(found)))
    else:
        tell(Message("It is another voice than {name} (similarity {similarity:.2f}).", **_named(found)))
    if not found["match"]:
        raise typer.Exit(1)


@app.command()
def identify(recording: _Recording, url: Url = None, json_: Json = False) -> None:
    """Find out whose voice a recording has; status 1 if it is nobody's."""
    with _service(url, json_) as service:
        found = service.call_with("voiceprints/identify", recording, {})
    match = found["match"]
    if json_:
        print_json(found)
    elif match:
        out.print(
            f"{visible(match['name'])}\t{match['voiceprint_id']}\t{match['similarity']:.2f}", markup=False
        )
    else:
        tell(Message("Nobody's voice is like it."))
    if not match:
        raise typer.Exit(1)


def _submit(path: str, recording: Path, fields: Mapping[str, str], url: str | None, json_: bool) -> None:
    """Send a recording, wait until its task has ended, and print the id of the voiceprint."""
    from voxq.cli.service import ENDED, ServiceError

    with _service(url, json_) as service:
        accepted = service.call_with(path, recording, fields)
        with err.status(here(Message("Listening to {file} ...", file=recording.name))):
            task_id = str(accepted["task_id"])
            while (state := service.result(task_id, _LOOK_SECONDS, VOICEPRINT.name))["status"] not in ENDED:
                pass
    if state["status"] != "done":
        reason = state.get("error") or Message("The recording was {status}.", status=_state(state["status"]))
        raise ServiceError(recognised(str(reason)))
    if json_:
        print_json({**accepted, "embedding": state["embedding"]})
    else:
        out.print(str(accepted["voiceprint_id"]), markup=False, highlight=False)


def _named(found: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": visible(found["name"]), "similarity": found["similarity"]}


def _state(status: str) -> str:
    states = {"ready": Message("ready"), "pending": Message("pending")}
    return states.get(status) or status_name(status)


def _checked(id: str) -> str:
    """Return an id that may become part of a path. Raises ServiceError for anything else."""
    from voxq.cli.service import ServiceError
    from voxq.voiceprints.voiceprint import is_id

    if not is_id(id):
        raise ServiceError(Message("{id} is no id of a voiceprint.", id=visible(id)))
    return id


@contextmanager
def _service(url: str | None, is_data: bool) -> Iterator[Service]:
    from voxq.cli.service import the_service

    with the_service(configured(), url, is_data=is_data) as service:
        yield service
