"""The API as a part of a stack, whose settings are in the environment: `python -m voxq.api`.

`voxq api` does the same, and loads the command line for it.
"""

from voxq.program import loading, run_program


def main() -> None:
    """Serve the API until SIGTERM or SIGINT."""
    with loading():
        from voxq.api.serving import serve
        from voxq.settings import load_settings

    serve(load_settings())


if __name__ == "__main__":
    run_program(main)
