"""What the demo says while it works: a step at a time, and never silent for long."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.table import Table

Tell = Callable[[float, str], None]

_QUIET_S = 3.0
"""Off a terminal, where no spinner turns, a line is said at least this often."""


class Teller:
    """Prints the story."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the story began."""
        return time.monotonic() - self._began

    def chapter(self, title: str) -> None:
        """A new part of the story."""
        self._console.print()
        self._console.rule(f"[bold]{escape(title)}", align="left")

    def step(self, text: str) -> None:
        """What comes next."""
        self._console.print(f"[bold cyan]▸[/] {escape(text)}", highlight=False, soft_wrap=True)

    def figure(self, text: str) -> None:
        """Something found out."""
        self._console.print(f"  {escape(text)}", highlight=False, soft_wrap=True)

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Figures side by side; all columns but the first to the right where they are numbers."""
        table = Table(box=None, pad_edge=False, padding=(0, 2), header_style="dim")
        for number, name in enumerate(head):
            numeric = bool(rows) and all(row[number][:1] in "0123456789–" for row in rows if row[number])
            table.add_column(escape(name), justify="right" if numeric else "left")
        for row in rows:
            table.add_row(*(escape(cell) for cell in row))
        self._console.print(table)

    @contextmanager
    def waiting(self, said: str) -> Iterator[Tell]:
        """Long work: ``tell(share, note)`` shows how it goes."""
        last, furthest = time.monotonic(), 0.0

        def words(share: float, note: str) -> str:
            # A search that starts anew is no step back in what is told.
            nonlocal furthest
            furthest = max(furthest, share)
            return f"{said}: {furthest:.0%}, {note}" if furthest else f"{said}: {note}"

        def line(share: float, note: str) -> None:
            nonlocal last
            if time.monotonic() - last >= _QUIET_S:
                last = time.monotonic()
                self.figure(f"… {words(share, note)}")

        if not self._console.is_terminal:
            yield line
            return
        with self._console.status(escape(said)) as status:
            yield lambda share, note: status.update(escape(words(share, note)))
