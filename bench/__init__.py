"""What is timed: figures to compare side by side, never tests."""
