# Sourced by the other scripts: makes a complete environment in a bare clone, in .venv or where
# UV_PROJECT_ENVIRONMENT says; quick if it is complete already. Needs only Python 3.11 or newer with pip, and
# installs only below the clone. The array WITH_EXTRAS names extras of pyproject.toml to install, too, and
# SYNC_ARGUMENTS has more arguments for uv sync.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

say() { printf '== %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

find_python() {
    local candidate
    for candidate in python3.11 python3.12 python3.13 python3.14 python3 python; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

# Give uv the mirrors that pip is configured with, unless uv has a configuration of its own.
use_pip_configuration() {
    local line
    [ -e "${UV_CONFIG_FILE:-${XDG_CONFIG_HOME:-$HOME/.config}/uv/uv.toml}" ] && return
    while IFS= read -r line; do
        export "${line?}"
    done < <("$1" scripts/_pip_config.py)
}

find_uv() {
    command -v uv && return
    if [ ! -x .voxq/uv/bin/uv ]; then
        say "installing uv into .voxq/uv" >&2
        # Built under another name and renamed, so that an interrupted run leaves nothing that looks complete.
        rm -rf .voxq/uv .voxq/uv.new && mkdir -p .voxq
        "$1" -m venv .voxq/uv.new >&2 ||
            die "cannot make a virtual environment; install the venv module (Debian, Ubuntu: python3-venv)"
        .voxq/uv.new/bin/python -m pip install -qq --disable-pip-version-check uv >&2 ||
            die "cannot install uv with pip; see the messages above"
        mv .voxq/uv.new .voxq/uv
    fi
    echo "$PWD/.voxq/uv/bin/uv"
}

bootstrap() {
    local python uv place="${UV_PROJECT_ENVIRONMENT:-.venv}"
    python=$(find_python) || die "needs Python 3.11 or newer on PATH (Debian, Ubuntu: apt install python3 python3-venv)"
    use_pip_configuration "$python"
    uv=$(find_uv "$python") || exit 1
    [ -d "$place" ] || export UV_PYTHON="${UV_PYTHON:-$python}"
    say "uv sync: installing what is missing into $place"
    # Inexact, so that an extra added by hand (such as a GPU engine) stays installed.
    "$uv" sync --quiet --inexact ${WITH_EXTRAS+"${WITH_EXTRAS[@]/#/--extra=}"} \
        ${SYNC_ARGUMENTS+"${SYNC_ARGUMENTS[@]}"} || die "cannot install the dependencies; see the messages above"
}

bootstrap
