"""The demo as a client of the service: plain HTTP, with jobs followed to their end."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import httpx

from app.demo.errors import DemoFailed
from app.demo.telling import Teller

Document: TypeAlias = dict[str, Any]

_POLL_S = 0.25
_TIMEOUT = httpx.Timeout(120.0, connect=10.0)
LONGEST_JOB_S = 900.0


class Problem(Exception):
    """The service's refusal: an RFC 9457 document."""

    def __init__(self, document: Document, asked: str) -> None:
        super().__init__(f"{asked}: {document.get('title', 'refused')} ({document.get('status', '?')})")
        self.document = document

    @property
    def kind(self) -> str:
        """The last part of the problem's type."""
        return str(self.document.get("type", "")).rsplit("/", 1)[-1]


class Api:
    """One organisation's view of the service."""

    def __init__(self, base_url: str, key: str, teller: Teller) -> None:
        self._http = httpx.Client(
            base_url=base_url, headers={"Authorization": f"Bearer {key}"}, timeout=_TIMEOUT, trust_env=False
        )
        self._teller = teller

    def close(self) -> None:
        """Let the connections go."""
        self._http.close()

    def get(self, path: str, **query: Any) -> Document:
        """GET; raises :class:`Problem`."""
        asked = {name: value for name, value in query.items() if value is not None}
        return self._answer("GET", path, params=asked)

    def post(self, path: str, body: Mapping[str, Any], **query: Any) -> Document:
        """POST a JSON document; raises :class:`Problem`."""
        return self._answer("POST", path, json=dict(body), params=query)

    def load(self, kind: str, path: Path, *, said: str, **fields: str | None) -> Document:
        """Hand a file in and follow its job; its result. Raises :class:`Problem` when it was refused."""
        form = {name: value for name, value in fields.items() if value is not None}
        with path.open("rb") as file:
            job = self._answer("POST", f"/v1/imports/{kind}", data=form, files={"file": (path.name, file)})
        return self.follow(job["id"], said)

    def run(self, path: str, body: Mapping[str, Any], *, said: str) -> Document:
        """POST what is long work, and follow it: the job's result, or the answer when it came at once."""
        answer = self.post(path, body)
        if answer.get("status") in ("queued", "running") or set(answer) == {"id"}:
            return self.follow(answer["id"], said)
        return answer

    def follow(self, job_id: str, said: str) -> Document:
        """The job's result once it has succeeded, telling how it goes meanwhile."""
        with self._teller.waiting(said) as tell:
            end = time.monotonic() + LONGEST_JOB_S
            while time.monotonic() < end:
                job = self.get(f"/v1/jobs/{job_id}")
                if job["status"] == "succeeded":
                    result: Document = job["result"]
                    return result | {"job": job_id}
                if job["status"] == "failed":
                    raise Problem(job["problem"], said)
                if job["status"] == "cancelled":
                    raise DemoFailed(f"{said}: the job was cancelled")
                tell(float(job["progress"] or 0.0), job["note"] or job["status"])
                time.sleep(_POLL_S)
        raise DemoFailed(f"{said}: the job did not end within {LONGEST_JOB_S / 60:.0f} minutes")

    def _answer(self, method: str, path: str, **what: Any) -> Document:
        try:
            response = self._http.request(method, path, **what)
        except httpx.HTTPError as error:
            raise DemoFailed(f"{method} {path}: no answer from the service ({error})") from error
        try:
            document: Document = response.json()
        except ValueError:
            raise DemoFailed(f"{method} {path}: status {response.status_code} and no JSON") from None
        if response.is_error:
            raise Problem(document, f"{method} {path}")
        return document
