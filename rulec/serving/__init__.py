"""The LiteLLM proxy in the background: started, found again, asked and ended."""
