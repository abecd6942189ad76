"""Rules that depend on the clock or the calendar."""
