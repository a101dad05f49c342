#!/usr/bin/env python3
"""Fetch and verify models: python scripts/download_models.py [name ...] [--hub HUB] [--list] [--path]."""

from __future__ import annotations

import argparse
import sys

from voxq.model_store.hub import HUBS
from voxq.model_store.published import MODELS, UnknownModel
from voxq.model_store.store import ModelError, ModelStore


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Fetch speech models, verify them, and say where they lie.",
        epilog="Mirrors: HF_ENDPOINT, HF_TOKEN, MODELSCOPE_ENDPOINT; place: VOXQ_MODELS",
    )
    parser.add_argument(
        "name", nargs="*", help='a name from --list, or "owner/name" in a hub (default: whisper-base)'
    )
    parser.add_argument("--hub", choices=HUBS, help="where to fetch from (default: the first that has it)")
    parser.add_argument("--list", action="store_true", help="list the models there are and those installed")
    parser.add_argument("--path", action="store_true", help="only print where the models lie")
    args = parser.parse_args()
    store = ModelStore()
    names = args.name or ["whisper-base"]
    try:
        if args.list:
            _list(store)
        elif args.path:
            for name in names:
                print(store.resolve(name))
        else:
            for name in store.to_install(names):
                _install(store, name, args.hub)
    except (ModelError, UnknownModel) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _list(store: ModelStore) -> None:
    installed = {model.name: model for model in store.list()}
    for model in MODELS:
        here = installed.pop(model.name, None)
        state = f"installed: {here.path}" if here else "not installed"
        print(f"{model.name:24} {model.role:12} {model.size_mb:5} MB  {state}")
    for model in installed.values():
        print(f"{model.name:24} {'':12} {model.size_bytes // 1_000_000:5} MB  installed: {model.path}")


def _install(store: ModelStore, name: str, hub: str | None) -> None:
    def progress(done: int, total: int) -> None:
        if sys.stderr.isatty():
            print(
                f"\r{name}: {done // 1_000_000} of {total // 1_000_000} MB",
                end="",
                file=sys.stderr,
                flush=True,
            )

    model = store.install(name, hub, progress)
    print(f"{model.name}: {model.path}")


if __name__ == "__main__":
    sys.exit(main())
