"""AWS account auditor: gather identity evidence, judge it, remember it, tell what changed."""
