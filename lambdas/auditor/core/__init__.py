"""Pure heart of the auditor: subjects, checks, evaluation and the life of findings. No I/O, no clock."""
