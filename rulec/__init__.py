"""rulec compiles LLM routing rules into a LiteLLM config and a routing strategy module."""

VERSION = "0.1.0"
