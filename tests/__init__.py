"""Tests, one room for each room of the package; `build` makes what they are about."""
