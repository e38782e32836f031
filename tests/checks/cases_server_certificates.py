from auditor.checks.server_certificates import expired_server_certificate, expiring_server_certificate
from auditor.core.case import Case
from tests.build import server_certificate

CASES = (
    Case(
        expired_server_certificate,
        fails={
            server_certificate(left=0): "shop expired 2026-11-20",
            server_certificate(left=-400): "shop expired 2025-10-16",
        },
        passes=(server_certificate(left=1), server_certificate()),
    ),
    Case(
        expiring_server_certificate,
        fails={
            server_certificate(left=29): "shop expires 2026-12-19 (notice 30 days)",
            server_certificate(left=1): "shop expires 2026-11-21 (notice 30 days)",
        },
        passes=(server_certificate(left=30), server_certificate(left=0), server_certificate(left=-1)),
    ),
)
