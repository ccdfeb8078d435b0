"""The demo's page and days, without a service behind them."""

import base64
import datetime as dt
import hashlib
import re
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from app import problems
from app.demo import pages
from app.demo.cartography import latin
from app.demo.days import days_of
from app.demo.figures import examples
from app.demo.folder import keep, kept
from app.demo.page import POLICY, page
from app.settings import Settings


def test_before_any_demo_the_page_says_what_to_type() -> None:
    """No figures yet, and how to get them."""
    assert "./run demo" in page(None)
    assert 'href="/docs"' in page(None)


def test_the_page_needs_nothing_from_elsewhere_and_its_policy_allows_its_style() -> None:
    """No script, no address outside but the licence's; the style's digest is the one in the policy."""
    shown = page(None)
    [style] = re.findall(r"<style>(.*?)</style>", shown, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in POLICY
    assert "<script" not in shown
    assert not re.findall(r'(?:src|url\()="?https?:', shown)
    assert 'style="' not in shown


@pytest.mark.parametrize(
    ("today", "first", "last", "following"),
    [
        ("2026-11-25", "2026-11-01", "2026-11-30", "2026-12-01"),
        ("2026-12-31", "2026-12-01", "2026-12-31", "2027-01-01"),
        ("2028-02-01", "2028-02-01", "2028-02-29", "2028-03-01"),
    ],
)
def test_the_days_of_the_story(today: str, first: str, last: str, following: str) -> None:
    """This month's first and last day, and the next month's first."""
    days = days_of(dt.date.fromisoformat(today))
    assert [str(days.first), str(days.last), str(days.next)] == [first, last, following]


def test_refused_rows_are_told_once_for_each_kind_of_reason() -> None:
    """Values in a reason do not make it another kind."""
    rows = [{"row": n, "id": f"B{n}", "reason": f"longitude {n}.5 is out of range"} for n in range(3)]
    rows.append({"row": 9, "id": None, "reason": "building: there is no 'x'"})
    told = examples(rows)
    assert [(one["row"], one["alike"]) for one in told] == [(0, 3), (9, 1)]


def test_titles_do_without_chinese_where_there_is_no_font_for_it() -> None:
    """The rest of the title stays whole."""
    assert latin("Meizhou 梅州: grids before and after") == "Meizhou: grids before and after"
    assert latin("Meijiang 梅江区, the town") == "Meijiang, the town"


async def test_maps_come_from_the_demo_folder_alone(tmp_path: Path) -> None:
    """A map that is there, one that is not, and a name that would lead elsewhere."""
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "town.png").write_bytes(b"\x89PNG")
    (tmp_path / "secret.png").write_bytes(b"no")
    app = FastAPI()
    problems.install(app)
    app.include_router(pages.router)
    app.state.settings = Settings(data_dir=tmp_path)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        found = await client.get("/demo/town.png")
        assert (found.status_code, found.headers["content-type"]) == (200, "image/png")
        for name in ("other.png", "..%2Fsecret.png", "story.json", ".png"):
            assert (await client.get(f"/demo/{name}")).status_code == 404
        front = await client.get("/")
        assert front.headers["content-security-policy"] == POLICY
        assert "./run demo" in front.text


def test_a_story_is_kept_and_a_broken_one_is_none(tmp_path: Path) -> None:
    """What is half a story is no story."""
    assert kept(tmp_path) is None
    keep(tmp_path, {"made": "now", "towns": []})
    assert kept(tmp_path) == {"made": "now", "towns": []}
    (tmp_path / "story.json").write_text("{")
    assert kept(tmp_path) is None
