"""Comments that switch lints off."""
