"""What LiteLLM itself cannot do, or does otherwise than one thinks."""
