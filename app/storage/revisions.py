"""Which revision an organisation is at: asked of the database for every answer, and shared between askers.

What is kept in memory is as good as the revision it was read at. A process has one connection for the
question. Whoever asks while it is under way waits for the next one, which answers for all who came in
between: a confirmation has always begun after it was asked for, and many askers cost no more than one.
"""

import asyncio
import contextlib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import psycopg
import structlog

from app.errors import Unavailable
from app.storage.database import APP_ROLE

CHANNEL = "gridwright_revised"
BEAT_S = 0.5
"""How often the database is asked when nobody else asks: news of changes are heard at the latest then."""

PAUSE_S = 0.1
"""Between attempts to reach a database that cannot be reached."""

_ASK = "SELECT org_id, revision FROM revisions_of(%s)"

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Revision:
    """What an organisation was at: ``number`` counts its changes, ``connection`` the times we connected.

    Behind another connection may be another state of the database (a restored backup): nothing is carried
    over.
    """

    connection: int
    number: int | None
    """None: there is no such organisation (any more)."""


@dataclass
class _Batch:
    orgs: set[uuid.UUID] = field(default_factory=set)
    answer: asyncio.Future[tuple[int, Mapping[uuid.UUID, int]]] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Revisions:
    """Confirms revisions over a connection of its own. ``patience_s``: after so long it is a refusal.

    ``heard`` is called with each organisation of which something changed, in the event loop.
    """

    def __init__(
        self, url: str, patience_s: float, heard: Callable[[uuid.UUID], None] = lambda _: None
    ) -> None:
        self._url = url
        self._patience_s = patience_s
        self._heard = heard
        self._connection: psycopg.AsyncConnection | None = None
        self._connections = 0
        self._asked = asyncio.Event()
        self._next = _Batch()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen; a database that cannot be reached yet is tried again."""
        self._task = asyncio.create_task(self._keep_asking())

    async def close(self) -> None:
        """Stop, and give the connection back."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._disconnect()

    async def of(self, org_id: uuid.UUID) -> Revision:
        """The organisation's revision as it is now; raises :class:`Unavailable` when nobody can say."""
        connection, numbers = await self._confirmed(org_id)
        return Revision(connection, numbers.get(org_id))

    async def confirm(self) -> None:
        """Raise :class:`Unavailable` when revisions cannot be confirmed."""
        await self._confirmed(None)

    async def _confirmed(self, org_id: uuid.UUID | None) -> tuple[int, Mapping[uuid.UUID, int]]:
        if self._task is None or self._task.done():
            raise _unavailable("nobody asks the database")
        batch = self._next
        if org_id is not None:
            batch.orgs.add(org_id)
        self._asked.set()
        # Shielded: an asker who leaves must not take the answer away from the others.
        return await asyncio.shield(batch.answer)

    async def _keep_asking(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BEAT_S):
                    await self._asked.wait()
            self._asked.clear()
            batch, self._next = self._next, _Batch()
            try:
                async with asyncio.timeout(self._patience_s):
                    numbers = await self._ask_again(list(batch.orgs))
            except Exception as error:
                # Whatever it was: who waits is told, and the next question is asked over a new connection.
                await self._refuse(batch, error)
            else:
                batch.answer.set_result((self._connections, numbers))

    async def _ask_again(self, orgs: list[uuid.UUID]) -> Mapping[uuid.UUID, int]:
        """Ask; once more over a new connection when the old one turns out to be dead."""
        if self._connection is not None:
            with contextlib.suppress(psycopg.OperationalError, psycopg.InterfaceError):
                return await self._ask(self._connection, orgs)
            await self._disconnect()
        return await self._ask(await self._connect(), orgs)

    async def _ask(
        self, connection: psycopg.AsyncConnection, orgs: list[uuid.UUID]
    ) -> Mapping[uuid.UUID, int]:
        found = await connection.execute(_ASK, (orgs,), prepare=True)
        return dict(await found.fetchall())

    async def _connect(self) -> psycopg.AsyncConnection:
        connection = await psycopg.AsyncConnection.connect(
            self._url, autocommit=True, application_name="gridwright revisions"
        )
        try:
            connection.add_notify_handler(self._hear)
            await connection.execute(f"SET ROLE {APP_ROLE}")
            await connection.execute(f"LISTEN {CHANNEL}")
        except BaseException:
            await connection.close()
            raise
        self._connection = connection
        self._connections += 1
        return connection

    def _hear(self, said: psycopg.Notify) -> None:
        """Anybody who may connect may notify: what names no organisation is nothing to us."""
        with contextlib.suppress(ValueError):
            self._heard(uuid.UUID(said.payload))

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _refuse(self, batch: _Batch, error: Exception) -> None:
        """Refuse whoever waits, and let a moment pass before the database is tried again."""
        await self._disconnect()
        said = str(error).strip().split("\n")[0] or f"no answer within {self._patience_s:g} s"
        log.warning("revisions cannot be confirmed", reason=said)
        for waiting in (batch, self._next):
            waiting.answer.set_exception(_unavailable(said))
            waiting.answer.exception()  # nobody need have asked
        self._next = _Batch()
        await asyncio.sleep(PAUSE_S)


def _unavailable(reason: str) -> Unavailable:
    return Unavailable(
        f"The database cannot confirm what holds now ({reason}); no old answer is given instead. Ask again.",
        kind="unconfirmed",
    )
