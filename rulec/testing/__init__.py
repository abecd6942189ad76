"""Routing tests: cases are read, judged, played with upstream errors, counted, made and tried on changed rules."""
