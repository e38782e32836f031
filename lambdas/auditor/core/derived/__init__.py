"""Joins of what the sources said, by topic; `auditor.core.derive` applies them all."""
