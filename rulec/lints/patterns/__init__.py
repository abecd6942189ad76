"""Regular expressions that mean something else than they seem to."""
