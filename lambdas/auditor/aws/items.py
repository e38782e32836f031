"""What lies in the findings table as items, and back."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from auditor.aws.headers import membership_map, membership_of, missed_of
from auditor.aws.schema import (
    BY_CHECK,
    BY_PRINCIPAL,
    CHANGED_BY_DAY,
    EXCEPTION,
    EXCUSED_NOW,
    FINDING,
    HEADER,
    KEEP,
    NOT_AUDITED_NOW,
    OPEN_BY_SEVERITY,
    account_key,
    audited_day,
    ending_day,
    history_key,
    history_sort,
)
from auditor.core.check import Limits, Severity
from auditor.core.evaluate import Finding
from auditor.core.exceptions import ExceptionRule
from auditor.core.life import Acknowledgement, Change, Event, Header, Record, Resolution, Run, Status
from auditor.core.model import Owner

ENDED_EXCEPTIONS_STAY = timedelta(days=30)

Item = dict[str, Any]


def owner_of(item: Mapping[str, Any]) -> Owner:
    """The account that an item says it is of."""
    return Owner(account=item["account"], partition=item["partition"])


def header_item(owner: Owner, header: Header) -> Item:
    """An account's header as it lies in the table."""
    time = header.evidence_at.isoformat()
    runs = [{**asdict(run), "evidence_at": run.evidence_at.isoformat()} for run in header.runs]
    missed = {"missed": {"at": header.missed.at.isoformat(), "reason": header.missed.reason}} if header.missed else {}
    return {
        "pk": account_key(owner),
        "sk": HEADER,
        "item": "header",
        "account": owner.account,
        "partition": owner.partition,
        "evidence_at": time,
        "seen": {check: seen.isoformat() for check, seen in header.seen.items()},
        "gaps": dict(header.gaps),
        "open": dict(header.open),
        "excepted": header.excepted,
        "runs": runs,
        "version": header.version,
        **({"membership": membership_map(header.membership)} if header.membership else {}),
        **missed,
        **{state: True for state in ("excused", "closed") if getattr(header, state)},
        **(_listed(owner, header, missed | (runs[0] if runs else {})) if header.told else {}),
    }


def _listed(owner: Owner, header: Header, last: Item) -> Item:
    """What lists of accounts say of it, and its place in them; a closed one has none."""
    day = EXCUSED_NOW if header.excused else audited_day(header.evidence_at.date())
    day = NOT_AUDITED_NOW if header.missed else day
    member = {"membership": membership_map(header.membership)} if header.missed and header.membership else {}
    listed = {"audited": {**last, "open": dict(header.open), "excepted": header.excepted, **member}}
    if header.closed:
        return listed
    place = f"{header.evidence_at.isoformat()}#{owner.account}"
    return listed | {CHANGED_BY_DAY.partition_key: day, CHANGED_BY_DAY.sort_key: place}


def header_of(item: Mapping[str, Any]) -> Header:
    """The header that lies in the table as `item`."""
    return Header(
        evidence_at=datetime.fromisoformat(item["evidence_at"]),
        seen={check: datetime.fromisoformat(seen) for check, seen in item["seen"].items()},
        gaps=item["gaps"],
        open={severity: int(count) for severity, count in item["open"].items()},
        excepted=int(item["excepted"]),
        runs=tuple(map(run_of, item["runs"])),
        membership=membership_of(item),
        missed=missed_of(item),
        excused=item.get("excused", False),
        closed=item.get("closed", False),
        version=int(item["version"]),
    )


def run_of(item: Mapping[str, Any]) -> Run:
    """One audit out of a header's `runs` or `audited`."""
    counts = {name: int(item[name]) for name in ("findings", "transitions", "skipped")}
    return Run(evidence_at=datetime.fromisoformat(item["evidence_at"]), **counts)


def finding_item(record: Record) -> Item:
    """A record as it lies in the table. Index keys follow from the life alone, so they move only with it."""
    finding, changed_at = record.finding, record.changed_at.isoformat()
    severity = f"EXCEPTED#{finding.severity.name}" if record.exception else finding.severity.name
    is_open = record.status is Status.OPEN
    return {
        "pk": account_key(finding.owner),
        "sk": f"{FINDING}{finding.id}",
        "item": "finding",
        **record_map(record),
        "tags": dict(finding.tags or {}),
        BY_CHECK.partition_key: f"{finding.check}#{record.standing}",
        BY_CHECK.sort_key: f"{finding.owner.account}#{finding.id}",
        BY_PRINCIPAL.sort_key: f"{record.standing}#{finding.check}#{finding.id}",
        CHANGED_BY_DAY.partition_key: changed_at[:10],
        CHANGED_BY_DAY.sort_key: f"{changed_at}#{finding.id}",
        **({OPEN_BY_SEVERITY.partition_key: severity} if is_open else {"expires_at": _expiry(record)}),
        **(
            {OPEN_BY_SEVERITY.sort_key: f"{record.opened_at.isoformat()}#{finding.owner.account}#{finding.id}"}
            if is_open
            else {}
        ),
    }


def _facts(finding: Finding) -> Item:
    return {
        "id": finding.id,
        "check": finding.check,
        "title": finding.title,
        "severity": finding.severity.name,
        "account": finding.owner.account,
        "partition": finding.owner.partition,
        "uid": finding.uid,
        "resource": finding.resource,
        "resource_type": finding.resource_type,
        "principal": finding.principal,
        "region": finding.region,
        "reason": finding.reason,
        "evidence": dict(finding.evidence),
        "controls": list(finding.controls),
        "fix": finding.fix,
        "evidence_at": finding.evidence_at.isoformat(),
        "via": finding.via,
        "limits": {name: _limit_value(value) for name, value in finding.limits.items()},
        "because": list(finding.because),
        "scopes": list(finding.scopes),
    }


def _life(record: Record) -> Item:
    return {
        "status": str(record.status),
        "standing": str(record.standing),
        "event": str(record.event),
        "first_seen": record.first_seen.isoformat(),
        "opened_at": record.opened_at.isoformat(),
        "changed_at": record.changed_at.isoformat(),
        "version": record.version,
        "baseline": record.baseline,
        "alerted": record.alerted,
        **({"resolution": str(record.resolution)} if record.resolution else {}),
        **(_acknowledged(record.acknowledged) if record.acknowledged else {}),
        **(_excepted(record.exception) if record.exception else {}),
    }


def _acknowledged(it: Acknowledgement) -> Item:
    return {"acknowledged_by": it.by, "acknowledged_at": it.at.isoformat(), "acknowledged_note": it.note}


def _excepted(rule: ExceptionRule) -> Item:
    return {"excepted_until": rule.until.isoformat(), "exception": rule_map(rule)}


def _expiry(record: Record) -> int:
    return int((record.changed_at + KEEP).timestamp())


def record_of(item: Mapping[str, Any]) -> Record:
    """The record that lies in the table as `item`."""
    finding = Finding(
        id=item["id"],
        check=item["check"],
        title=item["title"],
        severity=Severity[item["severity"]],
        owner=owner_of(item),
        uid=item["uid"],
        resource=item["resource"],
        resource_type=item["resource_type"],
        principal=item["principal"],
        region=item["region"],
        reason=item["reason"],
        evidence=_plain(item["evidence"]),
        controls=tuple(item["controls"]),
        fix=item["fix"],
        evidence_at=datetime.fromisoformat(item["evidence_at"]),
        via=item["via"],
        tags=item.get("tags", {}),
        limits=_limits(item["limits"]),
        because=tuple(item.get("because", ())),
        scopes=tuple(item.get("scopes", ())),
    )
    return Record(
        finding=finding,
        status=Status(item["status"]),
        event=Event(item["event"]),
        first_seen=datetime.fromisoformat(item["first_seen"]),
        opened_at=datetime.fromisoformat(item["opened_at"]),
        changed_at=datetime.fromisoformat(item["changed_at"]),
        version=int(item["version"]),
        baseline=item["baseline"],
        alerted=int(item["alerted"]),
        resolution=Resolution(item["resolution"]) if item.get("resolution") else None,
        acknowledged=_acknowledgement(item) if item.get("acknowledged_by") else None,
        exception=rule_of(item["exception"]) if item.get("exception") else None,
    )


def _limit_value(value: timedelta | int | tuple[str, ...]) -> int | list[str]:
    if isinstance(value, timedelta):
        return value.days
    return list(value) if isinstance(value, tuple) else value


def _limits(item: Mapping[str, Any]) -> dict[str, timedelta | int | tuple[str, ...]]:
    """The limits that are still limits, in their own types."""
    known = {limit.name: limit.type for limit in fields(Limits) if limit.name in item}
    return {name: _limit(kind, item[name]) for name, kind in known.items()}


def _limit(kind: Any, value: Any) -> timedelta | int | tuple[str, ...]:
    if kind is timedelta:
        return timedelta(days=int(value))
    return int(value) if kind is int else tuple(value)


def _acknowledgement(item: Mapping[str, Any]) -> Acknowledgement:
    at = datetime.fromisoformat(item["acknowledged_at"])
    return Acknowledgement(by=item["acknowledged_by"], at=at, note=item["acknowledged_note"])


def _plain(value: Any) -> Any:
    """DynamoDB's numbers as Python's own."""
    if isinstance(value, Mapping):
        return {key: _plain(it) for key, it in value.items()}
    if isinstance(value, list):
        return [_plain(it) for it in value]
    return int(value) if isinstance(value, Decimal) else value


def history_item(change: Change) -> Item:
    """A transition: in short what was before, in full what is after it."""
    after = change.after
    return {
        "pk": history_key(after.finding.id),
        "sk": history_sort(after.version, after.event),
        "item": "history",
        "at": after.changed_at.isoformat(),
        "evidence_at": after.finding.evidence_at.isoformat(),
        "before": _state(change.before) if change.before else None,
        "after": record_map(after),
        "expires_at": _expiry(after),
    }


def _state(record: Record) -> Item:
    facts = ("check", "severity", "resource", "reason", "evidence")
    return {**{name: value for name, value in _facts(record.finding).items() if name in facts}, **_life(record)}


def record_map(record: Record) -> Item:
    """A record without the keys it has in the table, and without tags: `record_of` reads it back."""
    return {**_facts(record.finding), **_life(record)}


def exception_item(owner: Owner, rule: ExceptionRule) -> Item:
    """An exception as it lies in its account's partition; it stays for a while after its end, for people to see."""
    ends = datetime.fromisoformat(f"{rule.until}T00:00:00+00:00")
    return {
        "pk": account_key(owner),
        "sk": f"{EXCEPTION}{rule.id}",
        "item": "exception",
        "exception": rule_map(rule),
        CHANGED_BY_DAY.partition_key: ending_day(rule.until),
        CHANGED_BY_DAY.sort_key: f"{owner.account}#{rule.id}",
        "expires_at": int((ends + ENDED_EXCEPTIONS_STAY).timestamp()),
    }


def rule_map(rule: ExceptionRule) -> Item:
    """An exception as a map."""
    return {
        "account": rule.account,
        "check": rule.check,
        "resource": rule.resource,
        "tag": list(rule.tag) if rule.tag else None,
        "reason": rule.reason,
        "owner": rule.owner,
        "until": rule.until.isoformat(),
        "finding": rule.finding,
    }


def rule_of(item: Mapping[str, Any]) -> ExceptionRule:
    """The exception that `item` or a map is."""
    key_and_value = item["tag"]
    return ExceptionRule(
        account=item["account"],
        check=item["check"],
        resource=item["resource"],
        tag=(key_and_value[0], key_and_value[1]) if key_and_value else None,
        reason=item["reason"],
        owner=item["owner"],
        until=date.fromisoformat(item["until"]),
        finding=item["finding"],
    )
