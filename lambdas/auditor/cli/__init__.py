"""Edge: the `auditor` command; the only typer and rich."""
