"""The API from the moment at which its server listens, before it is loaded."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from voxq.api.app import create_app
from voxq.api.starting import StartingApi

PATIENCE = 20.0


class Server:
    """Runs the lifespan of an application as a server does, and sends it requests."""

    def __init__(self, api: StartingApi) -> None:
        self._api = api
        self._messages: asyncio.Queue[Any] = asyncio.Queue()
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://api")

    async def __aenter__(self) -> Server:
        sent: asyncio.Queue[Any] = asyncio.Queue()
        await self._messages.put({"type": "lifespan.startup"})
        scope = {"type": "lifespan"}
        self._living = asyncio.ensure_future(self._api(scope, self._messages.get, sent.put))
        assert (await asyncio.wait_for(sent.get(), PATIENCE))["type"] == "lifespan.startup.complete"
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._messages.put({"type": "lifespan.shutdown"})
        await asyncio.wait_for(self._living, PATIENCE)
        await self.http.aclose()


def never() -> None:
    raise AssertionError("the server was to end")


def test_livez_is_answered_at_once_and_all_else_when_the_api_is_loaded() -> None:
    may_load, life = threading.Event(), list[str]()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        life.append("begins")
        yield
        life.append("ends")

    def load() -> FastAPI:
        assert may_load.wait(PATIENCE)
        app = FastAPI(lifespan=lifespan)
        app.get("/thing")(lambda: "real")
        app.get("/livez")(lambda: "real")
        return app

    async def requests() -> None:
        async with Server(StartingApi(load, never)) as server:
            assert (await server.http.get("/livez")).json() == {"status": "alive"}
            assert (await server.http.head("/livez")).status_code == 200
            others = [
                asyncio.ensure_future(server.http.request(*each))
                for each in (("GET", "/thing"), ("POST", "/livez"), ("GET", "/livez?a=1"))
            ]
            await asyncio.sleep(0.05)
            assert not any(each.done() for each in others) and life == []
            may_load.set()
            assert [(await each).status_code for each in others] == [200, 405, 200]
            assert (await server.http.get("/livez")).json() == "real"
            assert life == ["begins"]
        assert life == ["begins", "ends"]

    asyncio.run(requests())


def test_livez_is_answered_as_by_the_api_itself() -> None:
    may_load = threading.Event()

    def load() -> FastAPI:
        may_load.wait(PATIENCE)
        return FastAPI()

    async def answers() -> tuple[httpx.Response, httpx.Response]:
        async with Server(StartingApi(load, never)) as server:
            early = await server.http.get("/livez")
            may_load.set()
        transport = httpx.ASGITransport(create_app())
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
            return early, await http.get("/livez")

    early, own = asyncio.run(answers())
    assert (early.content, sorted(early.headers.items())) == (own.content, sorted(own.headers.items()))


@pytest.mark.parametrize("where", ["load", "lifespan"])
def test_a_start_that_fails_ends_the_server_and_refuses_those_that_wait(where: str) -> None:
    may_load, ended = threading.Event(), list[bool]()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        raise ValueError(where)
        yield

    def load() -> FastAPI:
        may_load.wait(PATIENCE)
        if where == "load":
            raise ValueError(where)
        return FastAPI(lifespan=lifespan)

    async def requests() -> StartingApi:
        api = StartingApi(load, lambda: ended.append(True))
        async with Server(api) as server:
            waiting = asyncio.ensure_future(server.http.get("/health"))
            await asyncio.sleep(0.05)
            may_load.set()
            assert (await asyncio.wait_for(waiting, PATIENCE)).status_code == 503
            assert (await server.http.get("/livez")).status_code == 503
        return api

    api = asyncio.run(requests())
    assert ended == [True]
    assert isinstance(api.error, ValueError) and str(api.error) == where
