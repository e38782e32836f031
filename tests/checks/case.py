from auditor.core.case import Case

__all__ = ["Case"]
