"""Edge: the only code that talks to AWS."""
