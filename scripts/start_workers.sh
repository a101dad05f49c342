#!/usr/bin/env bash
# Start workers alone and keep them alive; settings are read from .env at the top of the clone.
set -euo pipefail

usage() {
    echo "Usage: scripts/start_workers.sh [COUNT]

Starts workers alone and keeps them alive: for the Redis and the STORAGE_PATH of an API, as .env at the top
of the clone has them. Without COUNT: RQ_WORKER_COUNT, else one per visible GPU, else one."
}

# First, so that asking for help installs nothing.
case "${1-}" in
    -h | --help) usage && exit ;;
    *[!0-9]*) usage >&2 && exit 2 ;;
esac

source "$(dirname "$0")/_bootstrap.sh"

exec .venv/bin/voxq worker --count "${1:-0}"
