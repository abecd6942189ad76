"""Fallback chains that do not help when something fails."""
