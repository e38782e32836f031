"""Evidence folders on disk."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from auditor.aws.evidence_files import FILENAMES, EvidenceError, Loaded, decode, encode
from auditor.cli.errors import InputError
from auditor.core.evidence import Evidence


def load(path: Path, now: datetime | None) -> Loaded:
    """The evidence in a folder; `now`, or its newest file, dates it where it does not say.

    Raises InputError if it is no folder, EvidenceError with the folder if it cannot be read.
    """
    if not path.is_dir():
        raise InputError(f"--evidence: {path} is not a folder")
    present = [path / name for name in FILENAMES if (path / name).is_file()]
    newest = max((file.stat().st_mtime for file in present), default=0.0)
    try:
        files = {file.name: file.read_bytes() for file in present}
        return decode(files, now or datetime.fromtimestamp(int(newest), tz=UTC))
    except EvidenceError as error:
        raise EvidenceError(f"{path}: {error}") from error


@contextmanager
def made(path: Path) -> Iterator[Callable[[Evidence], None]]:
    """Make a new folder in one step: the given function writes evidence that is there, whole, when the block ends.

    Only its owner can read it. Raises InputError, before the block, if something is at `path`; OSError if it cannot be
    made.
    """
    if path.is_symlink() or (path.exists() and not (path.is_dir() and not any(path.iterdir()))):
        raise InputError(f"--out: {path} exists and is not an empty folder")
    target = path.absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent, ignore_cleanup_errors=True) as making:

        def write(evidence: Evidence) -> None:
            for name, body in encode(evidence).items():
                file = Path(making, name)
                file.touch(mode=0o600)
                file.write_bytes(body)

        yield write
        os.replace(making, target)  # noqa: PTH105  (replaces an empty folder, which Path.rename may not)
