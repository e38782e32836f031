"""Pure: findings to words, for people and for machines."""
