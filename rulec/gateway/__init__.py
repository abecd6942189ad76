"""What we know of LiteLLM itself: its settings by version, as data."""
