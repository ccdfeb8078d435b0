"""/ : the demo's maps and figures on a plain page, and where the API is described."""

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse

from app.demo.folder import MAP_NAME, demo_folder, kept
from app.demo.page import POLICY, page
from app.errors import NotFound

router = APIRouter(include_in_schema=False)

_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


@router.api_route("/", methods=["GET", "HEAD"])
def front_page(request: Request) -> HTMLResponse:
    """The page."""
    return HTMLResponse(page(kept(demo_folder(request.app.state.settings))), headers=_HEADERS)


@router.api_route("/demo/{name}", methods=["GET", "HEAD"])
def demo_map(name: str, request: Request) -> FileResponse:
    """One of the demo's maps."""
    path = demo_folder(request.app.state.settings) / name
    if not MAP_NAME.fullmatch(name) or not path.is_file():
        raise NotFound(f"There is no map {name!r}; run the demo to draw the maps.", kind="unknown-map")
    return FileResponse(path, media_type="image/png", headers=_HEADERS)
