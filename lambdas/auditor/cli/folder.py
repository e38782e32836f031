"""Evidence folders on disk."""

import os
import shutil
import tempfile
from datetime import datetime
from pathlib import Path

from auditor.aws.evidence_files import ACCOUNT_FILE, EvidenceError, Loaded, decode, encode
from auditor.aws.sources import SOURCES
from auditor.cli.errors import InputError
from auditor.core.evidence import Evidence


def load(path: Path, now: datetime) -> Loaded:
    """The evidence in a folder. Raises InputError if it is none, EvidenceError with the folder if it cannot be read."""
    if not path.is_dir():
        raise InputError(f"--evidence: {path} is not a folder")
    names = [ACCOUNT_FILE, *(source.filename for source in SOURCES)]
    try:
        files = {name: (path / name).read_bytes() for name in names if (path / name).exists()}
        return decode(files, now)
    except OSError as error:
        raise InputError(f"--evidence: {error.filename}: {error.strerror}") from error
    except EvidenceError as error:
        raise EvidenceError(f"{path}: {error}") from error


def refuse_to_overwrite(path: Path) -> None:
    """Raises InputError if something other than an empty folder is at `path`."""
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise InputError(f"--out: {path} exists and is not an empty folder")


def save(path: Path, evidence: Evidence) -> None:
    """Write the folder, readable for its owner only, in one step: it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        for name, body in encode(evidence).items():
            target = making / name
            target.touch(mode=0o600)
            target.write_bytes(body)
        os.replace(making, path)  # noqa: PTH105  (replaces an empty folder, which Path.rename may not)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
