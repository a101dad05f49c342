#!/usr/bin/env bash
# Start workers alone and keep them alive: scripts/start_workers.sh [COUNT]
# Without COUNT: RQ_WORKER_COUNT, else one per visible GPU, else one.
# They need the API's Redis and STORAGE_PATH; settings are read from .env at the top of the clone.
set -euo pipefail
source "$(dirname "$0")/_bootstrap.sh"

exec .venv/bin/voxq worker --count "${1:-0}"
