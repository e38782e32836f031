"""One query of the findings table as data: it is asked, and it is shown as the SDK's parameters and as PartiQL."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from boto3.dynamodb.types import TypeSerializer

from auditor.aws import batches
from auditor.aws.items import Item
from auditor.aws.schema import Index

Value = str | int
Naming = Callable[[str], str]
Quoting = Callable[[Value], str]


@dataclass(frozen=True, kw_only=True)
class Condition:
    """An attribute compared with a value. `operator` is ``=``, ``>=`` or ``begins_with``."""

    attribute: str
    operator: str = "="
    value: Value

    def written(self, name: Naming, value: Quoting) -> str:
        """The same in words: expressions and PartiQL differ in how names and values look, and in nothing else."""
        left, right = name(self.attribute), value(self.value)
        return f"begins_with({left}, {right})" if self.operator == "begins_with" else f"{left} {self.operator} {right}"


AnyOf = tuple[Condition, ...]


@dataclass(frozen=True, kw_only=True)
class Question:
    """A query of `index`, or (None) of the table: all of `keys` hold, and of each of `filters` one condition at least.

    `fields` are the attributes of the answer; empty for all of them.
    """

    index: Index | None = None
    keys: tuple[Condition, ...]
    filters: tuple[AnyOf, ...] = ()
    fields: tuple[str, ...] = ()

    @property
    def _each_key(self) -> tuple[AnyOf, ...]:
        return tuple((it,) for it in self.keys)

    @property
    def parameters(self) -> dict[str, Any]:
        """The keyword arguments of a boto3 Table's `query`: consistent where that can be, which is not on an index."""
        names: dict[str, str] = {}
        values: dict[str, Value] = {}

        def name(attribute: str) -> str:
            names[f"#{attribute}"] = attribute
            return f"#{attribute}"

        def value(given: Value) -> str:
            values[f":{len(values)}"] = given
            return f":{len(values) - 1}"

        expressions = {
            "KeyConditionExpression": _all(self._each_key, name, value),
            "FilterExpression": _all(self.filters, name, value),
            "ProjectionExpression": ", ".join(map(name, self.fields)),
        }
        return {
            **({"IndexName": self.index.name} if self.index else {"ConsistentRead": True}),
            **{key: text for key, text in expressions.items() if text},
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }

    def sdk(self, table: str) -> dict[str, Any]:
        """The parameters of DynamoDB's own Query, as `aws dynamodb query --cli-input-json` takes them."""
        parameters, typed = self.parameters, TypeSerializer().serialize
        values = {key: typed(value) for key, value in parameters["ExpressionAttributeValues"].items()}
        return {"TableName": table, **parameters, "ExpressionAttributeValues": values}

    def partiql(self, table: str) -> str:
        """A statement with the same answer, as `aws dynamodb execute-statement` takes it."""
        place = f"{_name(table)}.{_name(self.index.name)}" if self.index else _name(table)
        where = _all((*self._each_key, *self.filters), _name, _literal)
        fields = ", ".join(map(_name, self.fields)) or "*"
        return f"SELECT {fields} FROM {place} WHERE {where}"  # noqa: S608  (every value is quoted)


def ask(table: Any, question: Question) -> Iterator[Item]:
    """What a boto3 Table answers, item by item; a page is asked for when the one before is used up."""
    return batches.pages(table, **question.parameters)


def _all(groups: Iterable[AnyOf], name: Naming, value: Quoting) -> str:
    each = ([it.written(name, value) for it in group] for group in groups)
    return " AND ".join(f"({' OR '.join(texts)})" if len(texts) > 1 else texts[0] for texts in each)


def _name(text: str) -> str:
    return f'"{text}"'


def _literal(value: Value) -> str:
    if isinstance(value, int):
        return str(value)
    doubled = value.replace("'", "''")
    return f"'{doubled}'"
