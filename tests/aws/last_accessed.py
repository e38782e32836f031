"""Service last accessed data, which moto lacks: jobs that end at once, with what is given for each principal.

`install` adds the two operations to moto's IAM, in process and behind its endpoint. Who is not in `SERVICES` may use
nothing.
"""

import uuid
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.responses import IamResponse

SERVICES: dict[str, list[dict[str, Any]]] = {}
"""Entries of ServicesLastAccessed by the principal's ARN."""

_JOBS: dict[str, str] = {}


def _generate(response: IamResponse) -> ActionResult:
    job = str(uuid.uuid4())
    _JOBS[job] = response._get_param("Arn")
    return ActionResult({"JobId": job})


def _get(response: IamResponse) -> ActionResult:
    now = datetime.now(UTC).replace(microsecond=0)
    services = SERVICES.get(_JOBS[response._get_param("JobId")], [])
    return ActionResult(
        {
            "JobStatus": "COMPLETED",
            "JobCreationDate": now,
            "JobCompletionDate": now,
            "ServicesLastAccessed": services,
            "IsTruncated": False,
        }
    )


def install() -> None:
    """Let moto answer; what it was given before is forgotten."""
    SERVICES.clear()
    IamResponse.generate_service_last_accessed_details = _generate  # type: ignore[attr-defined]
    IamResponse.get_service_last_accessed_details = _get  # type: ignore[attr-defined]
