"""Evidence as files: one for each source, as the API or the AWS CLI gives it, and ``account.json``.

A file may hold several answers one after the other (``aws iam list-access-keys`` once for each user, appended): their
lists are joined. The same files lie in a folder and in the evidence bucket.
"""

import codecs
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from auditor.aws.source import MalformedEvidenceError, Moment, Shape, Source, validated
from auditor.aws.sources import SOURCES, analyzers, credential_report
from auditor.core.evidence import Answer, Evidence
from auditor.core.model import Owner, Unavailable

ACCOUNT_FILE = "account.json"
FILENAMES = (ACCOUNT_FILE, *(source.filename for source in SOURCES))
"""Every file that evidence can have."""

UNDATED = f"without {ACCOUNT_FILE} the evidence counts as of {{}}"
ARN = re.compile(r"arn:(?P<partition>aws[a-z-]*):(?:iam|access-analyzer):[a-z0-9-]*:(?P<account>\d{12}):")
HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")
TRUNCATED = ("IsTruncated", "NextToken", "nextToken")
BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
"""Windows shells redirect into UTF-16, and mark it."""


class EvidenceError(ValueError):
    """Files that cannot be evidence of one account; the message names the file and the place in it."""


class Reason(Shape):
    """Why a source or Region gave no answer."""

    reason: str
    inapplicable: bool = False
    elsewhere: str = ""

    def as_unavailable(self) -> Unavailable:
        """The same as a value of the model."""
        return Unavailable(**self.model_dump())


class AccountFile(Shape):
    """What no answer tells by itself."""

    account: Annotated[str, Field(pattern=r"^\d{12}$")]
    partition: Annotated[str, Field(pattern=r"^aws(-[a-z]+)*$")] = "aws"
    gathered_at: Moment
    generated: dict[str, Moment] = Field(default_factory=dict)
    unavailable: dict[str, str | Reason] = Field(default_factory=dict)
    gaps: dict[str, dict[str, str | Reason]] = Field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """Evidence from files, and what a person should know about them."""

    evidence: Evidence
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Content:
    """A source's file: its text or JSON documents (empty if it holds nothing), and for each answer the ARNs in it."""

    raw: str | list[Any]
    answers: list[list[str]] = field(default_factory=list)


def encode(evidence: Evidence, sources: Iterable[Source] = SOURCES) -> dict[str, bytes]:
    """The files of `evidence` by name; `decode` gives it back."""
    files = {ACCOUNT_FILE: _json(_account_entries(evidence))}
    for source in sources:
        answer = evidence.answers.get(source.name)
        if isinstance(answer, Answer):
            files[source.filename] = answer.raw.encode() if source.suffix == "csv" else _json(answer.raw)
    return files


def _account_entries(evidence: Evidence) -> dict[str, Any]:
    answered = {name: it for name, it in evidence.answers.items() if isinstance(it, Answer)}
    return {
        "account": evidence.owner.account,
        "partition": evidence.owner.partition,
        "gathered_at": evidence.gathered_at.isoformat(),
        "generated": {name: it.as_of.isoformat() for name, it in answered.items() if it.as_of != evidence.gathered_at},
        "unavailable": {name: _reason(it) for name, it in evidence.answers.items() if isinstance(it, Unavailable)},
        "gaps": {name: {k: _reason(gap) for k, gap in it.gaps.items()} for name, it in answered.items() if it.gaps},
    }


def _reason(why: Unavailable) -> str | dict[str, Any]:
    more = {name: value for name, value in asdict(why).items() if value and name != "reason"}
    return {"reason": why.reason, **more} if more else why.reason


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1) + "\n").encode()


def decode(files: Mapping[str, bytes], now: datetime) -> Loaded:
    """Evidence from files by name. `now` dates it where no account.json does.

    A missing file is an unavailable source. Raises EvidenceError where a file cannot be read as what its name says, or
    the files are of different accounts.
    """
    if not any(name in files for name in FILENAMES):
        known = ", ".join(FILENAMES)
        raise EvidenceError(f"no evidence: none of {known} is there")
    told = _account_file(files[ACCOUNT_FILE]) if ACCOUNT_FILE in files else None
    contents = {source: _content(source, files[source.filename]) for source in SOURCES if source.filename in files}
    owner, notes = _owner(told, contents)
    gathered_at = told.gathered_at if told else now
    answers = {source.name: _answer(source, contents.get(source), told, gathered_at) for source in SOURCES}
    return Loaded(
        evidence=Evidence(owner=owner, gathered_at=gathered_at, answers=answers),
        notes=(*notes, *_unknown_columns(contents), *([] if told else [UNDATED.format(now)])),
    )


def _account_file(data: bytes) -> AccountFile:
    documents = _documents(ACCOUNT_FILE, _text(ACCOUNT_FILE, data))
    try:
        return validated(AccountFile, documents[0] if len(documents) == 1 else documents)
    except MalformedEvidenceError as error:
        raise EvidenceError(f"{ACCOUNT_FILE}: {error}") from error


def _content(source: Source, data: bytes) -> Content:
    text = _text(source.filename, data)
    if source.suffix != "csv":
        documents = _documents(source.filename, text)
        return Content(raw=documents, answers=[list(_arns(document)) for document in documents])
    if not text.strip():
        return Content(raw="")
    try:
        arns = [cells.text("arn") for cells in credential_report.rows(text)]
    except MalformedEvidenceError as error:
        raise EvidenceError(f"{source.filename}: {error}") from error
    # A report without a row is as empty as no report; each root row speaks for itself.
    return Content(raw=text if arns else "", answers=[arns, *([arn] for arn in arns if arn.endswith(":root"))])


def _text(filename: str, data: bytes) -> str:
    encoding = next((name for bom, name in BOMS.items() if data.startswith(bom)), "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise EvidenceError(f"{filename}: byte {error.start}: not UTF-8 text") from error


def _documents(filename: str, text: str) -> list[Any]:
    """The JSON documents that follow each other in `text`."""
    decoder, documents, at = json.JSONDecoder(), [], 0
    while rest := text[at:].lstrip():
        at = len(text) - len(rest)
        try:
            document, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise EvidenceError(f"{filename}: line {error.lineno}, column {error.colno}: {error.msg}") from error
        except (ValueError, RecursionError) as error:
            line = text.count("\n", 0, at) + 1
            raise EvidenceError(f"{filename}: line {line}: what begins here cannot be read: {error}") from error
        documents.append(document)
    if HALF_CHARACTER.search(text) and _unspeakable(documents):
        raise EvidenceError(f"{filename}: an escape stands for half a character, or it is nested too deeply")
    return documents


def _unspeakable(documents: list[Any]) -> bool:
    try:
        json.dumps(documents, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError):
        return True
    return False


def _answer(
    source: Source, content: Content | None, told: AccountFile | None, gathered_at: datetime
) -> Answer | Unavailable:
    if told and source.name in told.unavailable:
        return _as_unavailable(told.unavailable[source.name])
    if content is None:
        return Unavailable(reason=f"{source.filename} is missing")
    raw = content.raw
    if not raw:
        return Unavailable(reason=f"{source.filename} is empty: the command that made it failed")
    if isinstance(raw, list) and (cut := _truncated(raw if source.needs else raw[-1:])):
        return Unavailable(reason=f"{source.filename} holds only the first pages ({cut})")
    gaps = told.gaps.get(source.name, {}) if told else {}
    return Answer(
        raw=raw if isinstance(raw, str) else _joined(raw),
        as_of=min(told.generated.get(source.name, gathered_at), gathered_at) if told else gathered_at,
        gaps={scope: _as_unavailable(reason) for scope, reason in gaps.items()},
    )


def _as_unavailable(reason: str | Reason) -> Unavailable:
    return reason.as_unavailable() if isinstance(reason, Reason) else Unavailable(reason=reason)


def _truncated(documents: list[Any]) -> str | None:
    """What says that one of the documents has a continuation.

    Of pages, only the last says so for all; a source that needs another one is asked once for each user or Region.
    """
    answers = (document for document in documents if isinstance(document, dict))
    return next((key for document in answers for key in TRUNCATED if document.get(key)), None)


def _joined(documents: list[Any]) -> Any:
    """One document: the lists of all, joined; of everything else the last."""
    if all(isinstance(document, list) for document in documents):
        return [entry for document in documents for entry in document]
    if len(documents) == 1 or not all(isinstance(document, dict) for document in documents):
        return documents[0] if len(documents) == 1 else documents
    joined: dict[str, Any] = {}
    for document in documents:
        for key, value in document.items():
            before = joined.get(key)
            joined[key] = [*before, *value] if isinstance(before, list) and isinstance(value, list) else value
    return joined


def _owner(told: AccountFile | None, contents: Mapping[Source, Content]) -> tuple[Owner, list[str]]:
    """Whose evidence it is: what account.json says, or else the ARNs; every answer must be that account's."""
    owner = Owner(account=told.account, partition=told.partition) if told else None
    said_by = ACCOUNT_FILE
    notes: list[str] = []
    anybodys = _of_the_organization(contents.get(analyzers.ANALYZERS))
    for source, content in contents.items():
        told_by = ([arn for arn in arns if arn not in anybodys] for arns in content.answers)
        for owners in filter(None, map(_owners, told_by)):
            most, _ = max(owners.items(), key=lambda it: (it[1], it[0].account))
            if owner is None:
                owner, said_by = most, source.filename
            elif most != owner:
                raise EvidenceError(
                    f"{source.filename} is of account {most.account}, {said_by} of account {owner.account}"
                )
            if strange := owners.total() - owners[owner]:
                notes.append(f"{source.filename}: {strange} entries carry another account's id; judged all the same")
    if owner is None:
        raise EvidenceError(f"no file tells whose evidence this is; add {ACCOUNT_FILE}")
    return owner, notes


def _of_the_organization(content: Content | None) -> set[str]:
    """The ARNs of analyzers that are the organization's: one account of it has them, and the others are told."""
    documents = content.raw if content and isinstance(content.raw, list) else []
    entries = (entry for document in documents for entry in _entries(document))
    return {str(it.get("arn")) for it in entries if str(it.get("type")).startswith("ORGANIZATION")}


def _owners(arns: list[str]) -> Counter[Owner]:
    """The accounts that an answer's entries belong to, counted."""
    matches = filter(None, map(ARN.match, arns))
    return Counter(Owner(account=match["account"], partition=match["partition"]) for match in matches)


def _arns(document: Any) -> Iterator[str]:
    for entry in _entries(document):
        named = (entry.get(key) for key in ("Arn", "arn", "SerialNumber", "analyzerArn"))
        yield from (arn for arn in named if isinstance(arn, str))


def _entries(document: Any) -> Iterator[dict[str, Any]]:
    """What the lists of an answer hold."""
    for entries in document.values() if isinstance(document, dict) else ():
        yield from (entry for entry in entries if isinstance(entry, dict)) if isinstance(entries, list) else ()


def _unknown_columns(contents: Mapping[Source, Content]) -> list[str]:
    source = credential_report.CREDENTIAL_REPORT
    report = contents[source].raw if source in contents else ""
    unknown = credential_report.unknown_columns(report) if isinstance(report, str) and report else []
    return [f"{source.filename}: line 1: unknown columns ignored: {', '.join(unknown)}"] if unknown else []
