"""The words that rule sets and requests share, so that requests meet the rules and miss them narrowly."""

from __future__ import annotations

PROVIDERS = ("ollama", "vllm", "llama_cpp", "Ollama", "together-ai")
TEMPLATES = ("ollama/{model}", "hosted_vllm/{model}", "openai/{model}", "openai/x/{model}", "azure/my-deployment", "openai/gpt-4o")
MODELS = (
    "llama3.1:8b",
    "meta-llama/Llama-2-13b-chat-hf",
    "qwen2.5-coder:7b",
    "mixtral-8x7b",
    "gpt-4o",
    "meta-llama/Llama-3.1-70B-Instruct",
    "deepseek-coder-v2",
    "model.gguf",
    "tiny-350m",
    "llama_7b",
    "1.0",
    "no",
)
OTHER_NAMES = (
    "LLAMA3.1:8b",
    "llama3.1:8b ",
    "llama3.1:8",
    "xllama3.1:8b",
    "gpt-4",
    "gpt-4o-mini",
    "meta-llama/",
    "x/meta-llama/Llama",
    "llama7b",
    "mixtral-8x7",
    "x-7999m",
    "x-8000M",
    "x-8001m",
    "x-1.5b",
    "x-12999m",
    "x-13.0B",
    "x-13001m",
    "x-56b",
    "x_.5b",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaab",
    "model.gguf\n",
    "x\t7b",
    "modelé-7b",
    "a" * 253 + "-7b",
    "a" * 254 + "-7b",
    " ",
    "*",
    "a,b",
    "my-coder-7b-q4",
)
PATTERNS = (
    "^meta-llama/",
    r"\.gguf$",
    "llama",
    r".*:\d+[bB]$",
    "^gpt-4o?$",
    "coder.*7b",
    "llama.*chat",
    "^(a|a)*$",
    "(?i)^LLAMA",
    "[^/]+/.*70",
    "^llama3\\.1:8b$",
    r"\b7b\b",
    "mixtral|tiny",
    "x{2,3}|-[0-9]{4}m$",
    "^meta-llama/Llama-3.*Instruct$",
    ".*",
    "^",
)
CAPABILITIES = ("code_generation", "low_latency", "large_context", "Code_Generation")
CHAINS = ("default", "code_generation", "spare", "low_latency")
SIZES = ("8B", "13B", "1.5B", "350M", "7b", "70B", "56B", "0.5B")
HEADERS = ("x-priority", "x-env", "x-count", "x-region", "x-tier", "x-capability")
METADATA = ("project", "n", "capability", "a.b", "Project")
TEXTS = ("high", "low", "", "10", "batch", "High", "it's", 'say "high"', "a\\b", "llama3.1:8b", "ünï", "a/b", "code_generation")
NUMBERS = (10, 1, 0, 2, 0.5, -1, 100, 1.5, 4096, 1e3, 3)
TAGS = ("batch", "eu", "it's", "high")
PEOPLE = ("ada", "grace", "the team", "high")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland")
CLOCKS = ("00:00", "06:00", "12:30", "22:00", "24:00", "23:59", "9:05", "02:30")
