"""Files that a command writes: there whole, or not at all; if they are new, only their owner can read them."""

import os
from pathlib import Path
from tempfile import NamedTemporaryFile


def replaced(file: Path, text: str) -> None:
    """Write the text beside the file and put it in its place; what is no regular file is written into.

    A file that is there keeps its mode. Raises OSError if it cannot be written.
    """
    if file.exists() and not file.is_file():
        file.write_text(text, encoding="utf-8")
        return
    target = file.resolve()
    with NamedTemporaryFile(
        "w", encoding="utf-8", prefix=f".{target.name[:64]}.", dir=target.parent, delete=False
    ) as beside:
        made = Path(beside.name)
        try:
            beside.write(text)
            beside.flush()
            if target.exists():
                made.chmod(target.stat().st_mode & 0o777)
            made.replace(target)
        except OSError:
            made.unlink(missing_ok=True)
            raise


def written(folder: Path, texts: dict[str, str]) -> list[Path]:
    """The files of a folder, which is made if it is not there. Raises OSError if one cannot be written."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {folder / name: text for name, text in texts.items()}
    for file, text in files.items():
        replaced(file, text)
    return list(files)


def fault(folder: Path, names: list[str]) -> str:
    """Why the files cannot be there; empty if they can."""
    if folder.exists() and not folder.is_dir():
        return f"{folder} is no folder"
    return next((f"{name!r} is no name of a file" for name in names if os.sep in name or "\0" in name), "")
