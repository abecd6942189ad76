"""Which LiteLLM runs, where versions differ."""

from importlib.metadata import version

AT_LEAST_1_106 = tuple(int(part) for part in version("litellm").split(".")[:2]) >= (1, 106)
