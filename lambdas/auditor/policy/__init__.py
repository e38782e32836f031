"""Pure: the IAM policy language."""
