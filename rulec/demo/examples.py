"""What the demo sends: the example requests of the shipped rules, and what it breaks meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# Which environment variable tells the shipped rules where a provider is, and the path its API lies under.
ADDRESSES = {
    "ollama": ("OLLAMA_API_BASE", ""),
    "vllm": ("VLLM_API_BASE", "/v1"),
    "llama_cpp_python": ("LLAMA_CPP_PYTHON_API_BASE", "/v1"),
    "llama_cpp_native": ("LLAMA_CPP_NATIVE_API_BASE", "/v1"),
}

DEAD = "connection"
BUSY = "rate_limit"


@dataclass(frozen=True)
class Example:
    """One request, in the option names of `rulec explain`, and how providers fail while it is under way."""

    label: str
    request: dict[str, Any] = field(default_factory=dict)
    failing: dict[str, str] = field(default_factory=dict)


def _chat(label: str, **request: Any) -> Example:
    return Example(label, {"endpoint": "chat", **request})


def _failing(label: str, failing: dict[str, str], **request: Any) -> Example:
    return Example(label, {"endpoint": "chat", **request}, failing)


def _embed(label: str, text: str | list[str]) -> Example:
    return Example(label, {"endpoint": "embedding", "model": "bge-m3", "body": {"input": text}})


def _complete(label: str, prompt: str | list[str]) -> Example:
    return Example(label, {"endpoint": "completion", "model": "llama3.1:8b", "body": {"prompt": prompt}})


_HIGH = {"X-Priority": "high"}

WORKING = (
    # exact names
    _chat("llama3.1:8b", model="llama3.1:8b"),
    _chat("qwen2.5-coder:7b", model="qwen2.5-coder:7b"),
    _chat("llama2-13b-vllm", model="llama2-13b-vllm"),
    _chat("llama-cpp-default", model="llama-cpp-default"),
    # patterns
    _chat("meta-llama/Llama-2-7b-chat-hf", model="meta-llama/Llama-2-7b-chat-hf"),
    _chat("mistralai/Mistral-7B-Instruct", model="mistralai/Mistral-7B-Instruct"),
    _chat("mistral:7b", model="mistral:7b"),
    _chat("llama-2-7b.Q4_K_M.gguf", model="llama-2-7b.Q4_K_M.gguf"),
    # no model, only what the client needs
    _chat("no model, X-Capability: code_generation", capability="code_generation"),
    _chat("the same again", capability="code_generation"),
    _chat("no model, X-Capability: high_throughput", capability="high_throughput"),
    _chat("no model, X-Capability: low_latency", capability="low_latency"),
    _chat("no model, X-Capability: general_chat", capability="general_chat"),
    _chat("no model, X-Capability: large_context", capability="large_context"),
    # sizes
    _chat("llama-7b", model="llama-7b"),
    _chat("codellama-13b", model="codellama-13b"),
    _chat("llama3.1-70b", model="llama3.1-70b"),
    # request metadata
    _chat("llama3.1:8b, X-Priority: high", model="llama3.1:8b", headers=_HIGH),
    _chat("qwen2.5-coder:7b, X-Priority: high", model="qwen2.5-coder:7b", headers=_HIGH),
    _chat("llama3.1:8b, streaming", model="llama3.1:8b", stream=True),
    _chat("llama2-13b-vllm, streaming", model="llama2-13b-vllm", stream=True),
    _chat("llama3.1:8b, streaming, X-Priority: high", model="llama3.1:8b", stream=True, headers=_HIGH),
    _complete("llama3.1:8b, two prompts", ["a", "b"]),
    _embed("bge-m3, one embedding", "a"),
    _embed("bge-m3, three embeddings", ["a", "b", "c"]),
    # the default
    _chat("gpt-4o, which nobody serves", model="gpt-4o"),
    _chat("no model at all"),
)

# Requests that break a deployment come after those for which it stands in: LiteLLM leaves one that failed alone for a
# few seconds.
BREAKING = (
    _failing("llama2-13b-vllm, vllm says 429", {"vllm": BUSY}, model="llama2-13b-vllm"),
    _failing("meta-llama/Llama-3-8B, vllm dead", {"vllm": DEAD}, model="meta-llama/Llama-3-8B"),
    _failing("llama3.1-70b, vllm dead", {"vllm": DEAD}, model="llama3.1-70b"),
    _failing("deepseek-coder-v2, ollama dead", {"ollama": DEAD}, model="deepseek-coder-v2"),
    _failing("llama-7b, ollama dead", {"ollama": DEAD}, model="llama-7b"),
    _failing("codellama-13b, ollama dead", {"ollama": DEAD}, model="codellama-13b"),
    _failing("X-Capability: code_generation, ollama dead", {"ollama": DEAD}, capability="code_generation"),
    _failing("qwen:14b, ollama dead", {"ollama": DEAD}, model="qwen:14b"),
    _failing("X-Capability: low_latency, native dead", {"llama_cpp_native": DEAD}, capability="low_latency"),
    _failing("phi-2.gguf, llama_cpp_python dead", {"llama_cpp_python": DEAD}, model="phi-2.gguf"),
    _failing("llama3.1:8b, X-Priority: high, vllm dead", {"vllm": DEAD}, model="llama3.1:8b", headers=_HIGH),
    _failing("llama3.1:8b, ollama says 429", {"ollama": BUSY}, model="llama3.1:8b"),
    _failing("llama3.1:8b, streaming, ollama says 429", {"ollama": BUSY}, model="llama3.1:8b", stream=True),
    _failing(
        "gemma:2b, ollama and llama_cpp_python dead", {"ollama": DEAD, "llama_cpp_python": DEAD}, model="gemma:2b"
    ),
    _failing("gemma:7b, all but vllm dead", dict.fromkeys(ADDRESSES.keys() - {"vllm"}, DEAD), model="gemma:7b"),
)

EXAMPLES = WORKING + BREAKING
