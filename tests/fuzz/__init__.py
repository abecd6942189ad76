"""Fuzzing by hand: `python -m tests.fuzz dsl --minutes 10`."""
