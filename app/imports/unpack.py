"""An upload as a file on disk, for the libraries that read files. Shapefiles come zipped."""

import shutil
import zipfile
from pathlib import Path

from geo.errors import InputError
from geo.files import EXTENSIONS

_MOST_BYTES = 8 << 30
_BESIDE_SHAPEFILES = (".dbf", ".shx", ".prj", ".cpg", ".qix")


def unpacked(path: Path) -> Path:
    """The file itself, or the one data file of a zip archive, unpacked beside it.

    Raises :class:`InputError` when the archive is broken, too large, or has no or several data files.
    """
    if path.suffix.lower() != ".zip":
        return path
    try:
        with zipfile.ZipFile(path) as archive:
            return _unpack(archive, path)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise InputError(
            f"cannot be read as a zip archive ({error}): pack it again",
            kind="unreadable-file",
            file=path.name,
        ) from error


def _unpack(archive: zipfile.ZipFile, path: Path) -> Path:
    members = [
        member
        for member in archive.infolist()
        if not member.is_dir()
        and not Path(member.filename).name.startswith(".")
        and Path(member.filename).suffix.lower() in (*EXTENSIONS, *_BESIDE_SHAPEFILES)
    ]
    data = [member for member in members if Path(member.filename).suffix.lower() in EXTENSIONS]
    if len(data) != 1:
        found = ", ".join(Path(member.filename).name for member in data) or "none"
        raise InputError(
            f"the archive has to hold one data file ({' '.join(EXTENSIONS)}); it holds {found}",
            kind="unknown-format",
            file=path.name,
        )
    if sum(member.file_size for member in members) > _MOST_BYTES:
        raise InputError("the archive unpacks to more than 8 GB: split it", kind="too-large", file=path.name)
    folder = path.parent / "unpacked"
    folder.mkdir()
    for member in members:
        # Bare names only: nothing in an archive says where on this machine a file goes.
        with archive.open(member) as source, (folder / Path(member.filename).name).open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
    return folder / Path(data[0].filename).name
