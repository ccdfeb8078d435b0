"""The pages of documentation work without the internet."""

from __future__ import annotations

import re

import httpx

from app.main import create_app
from app.settings import Settings


async def test_docs_are_served_from_here_alone() -> None:
    transport = httpx.ASGITransport(create_app(Settings()))
    async with httpx.AsyncClient(transport=transport, base_url="http://gridwright") as client:
        page = await client.get("/docs")
        assert page.status_code == 200
        sources = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert [source for source in sources if "//" in source] == []
        for source in sources:
            assert (await client.get(source)).status_code == 200, source
