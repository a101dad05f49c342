#!/usr/bin/env python3
"""Apply retention by hand: delete recordings beyond MAX_RECORDINGS, expired records, interrupted uploads and
leftovers of work. Only files of ended tasks are deleted; with --dry-run none are.

Run it where the service's settings are (environment or .env). A running worker does the same every 15
seconds, so use this after lowering MAX_RECORDINGS, or before a backup.
"""

from __future__ import annotations

import argparse
import sys

import redis

from voxq.parts import Parts
from voxq.queue import connect
from voxq.settings import SettingsError, load_settings
from voxq.supervisor.instance import running_instance


def main() -> int:
    arguments = _parser().parse_args()
    try:
        settings = load_settings(**({"max_recordings": arguments.keep} if arguments.keep is not None else {}))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    running = running_instance(settings.run_dir)
    url = settings.redis_url or (running.redis_url if running else None)
    if url is None:
        print("No Redis: set REDIS_URL, or start `voxq up`, whose index is kept in step.", file=sys.stderr)
        return 1
    parts = Parts.of(settings)
    cleanup = parts.cleanup(connect.blocking(url))
    plan = cleanup.plan()
    size = sum(parts.blobs.path(name).stat().st_size for name in plan.blobs)
    verb = "would delete" if arguments.dry_run else "deleting"
    print(f"{verb} {len(plan.blobs)} recordings ({size / 1e6:.1f} MB) and {len(plan.records)} records")
    for name in plan.blobs:
        print(f"  {name}")
    if arguments.dry_run:
        return 0
    try:
        cleanup.run()
    except redis.RedisError as error:
        print(f"Redis does not answer: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be deleted")
    parser.add_argument("--keep", type=int, metavar="N", help="keep N recordings instead of MAX_RECORDINGS")
    return parser


if __name__ == "__main__":
    sys.exit(main())
