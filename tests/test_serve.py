"""`rulec serve`: what it refuses before the start, and a proxy that runs until it is asked to end."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rulec.resources import resource_folder
from rulec.serving.preparation import missing_names

SERVE = [sys.executable, "-m", "rulec.cli", "serve"]
CONFIG = """
model_list:
- model_name: small
  litellm_params: {model: openai/small, api_base: "http://127.0.0.1:9/v1", api_key: os.environ/SMALL_KEY}
general_settings: {master_key: os.environ/LITELLM_MASTER_KEY}
"""
START_SECONDS = 120
KEY = "sk-of-these-tests-0123456789"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "litellm_config.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


def environment(**names: str) -> dict[str, str]:
    """Our environment without what would change the proxy under test, and with `names`."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("LITELLM_")}
    return {**ours, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MODE": "PRODUCTION", **names}


def refused(folder: Path, *arguments: str, **names: str) -> str:
    """What `rulec serve` says when it refuses to start in `folder`."""
    done = subprocess.run(
        [*SERVE, *arguments], cwd=folder, env=environment(**names), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_missing_names_are_told_all_at_once(config: Path) -> None:
    said = refused(config.parent, "--config", str(config))
    assert "SMALL_KEY, LITELLM_MASTER_KEY" in said


def test_only_missing_names_are_told_and_no_value(config: Path) -> None:
    (config.parent / ".env").write_text("SMALL_KEY=very-secret\n", encoding="utf-8")
    said = refused(config.parent, "--config", str(config))
    assert "LITELLM_MASTER_KEY" in said
    assert "SMALL_KEY" not in said
    assert "very-secret" not in said


def test_a_config_without_a_master_key_needs_it_in_the_environment() -> None:
    assert missing_names({"model_list": []}, {}) == ["LITELLM_MASTER_KEY"]
    permitted = {"general_settings": {"dangerously_permit_weak_or_unset_master_key": True}}
    assert missing_names(permitted, {}) == []


def test_a_taken_port_is_told(config: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        names = {"SMALL_KEY": "x", "LITELLM_MASTER_KEY": KEY}
        said = refused(config.parent, "--config", str(config), "--host", "127.0.0.1", "--port", port, **names)
    assert f"port {port} on 127.0.0.1 is taken" in said


@pytest.mark.parametrize("key", ["sk-1234", "sk-short", "sk-aaaaaaaaaaaaaaaaaaaaaa"])
def test_a_weak_master_key_is_refused_and_not_shown(config: Path, key: str) -> None:
    said = refused(config.parent, "--config", str(config), SMALL_KEY="x", LITELLM_MASTER_KEY=key)
    assert "openssl rand -hex 24" in said
    assert key not in said
    everywhere = ("--insecure", "--host", "0.0.0.0")
    said = refused(config.parent, "--config", str(config), *everywhere, SMALL_KEY="x", LITELLM_MASTER_KEY=key)
    assert "--insecure listens on this machine alone" in said


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
def test_a_port_that_is_none_is_told(config: Path, port: str) -> None:
    said = refused(config.parent, "--config", str(config), LITELLM_PORT=port)
    assert f"`{port}` is no port" in said


def test_missing_files_are_told(tmp_path: Path) -> None:
    assert "there is no config `absent.yaml`" in refused(tmp_path, "--config", "absent.yaml")
    assert "there is no config `other.yaml`" in refused(tmp_path, LITELLM_CONFIG_PATH="other.yaml")
    assert "there is no file `absent.env`" in refused(tmp_path, "--env-file", "absent.env")


def test_rules_that_do_not_compile_are_not_served(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "broken.yaml").write_text("providers: [\n", encoding="utf-8")
    said = refused(tmp_path, LITELLM_MASTER_KEY=KEY)
    assert "broken.yaml" in said
    assert not (tmp_path / "generated").exists()


def heed_interrupts() -> None:
    """Undo what `nohup` and background shells do: a child that inherits a deaf ear to SIGINT keeps it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.proxy
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_served_rule_set_answers_until_it_is_asked_to_end(tmp_path: Path, number: signal.Signals) -> None:
    port = free_port()
    (tmp_path / ".env").write_text(
        f"LITELLM_MASTER_KEY=sk-from-file-0123456789\nLITELLM_PORT={port}\nLITELLM_HOST=127.0.0.1\n", encoding="utf-8"
    )
    command = [*SERVE, str(resource_folder("rules"))]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=tmp_path, env=environment(), stdout=log, stderr=log, preexec_fn=heed_interrupts
        )
    try:
        assert names_of_models(process, port, "sk-from-file-0123456789") >= {"llama3.1:8b", "llama2-13b-vllm"}
    finally:
        process.send_signal(number)
        code = process.wait(30)
    assert code == 0, (tmp_path / "log").read_text()
    assert (tmp_path / "generated" / "litellm_config.yaml").is_file()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0, "the proxy still listens"


def names_of_models(process: subprocess.Popen[bytes], port: int, key: str) -> set[str]:
    """The body of `/v1/models`, once the proxy answers."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/v1/models", headers={"authorization": f"Bearer {key}"})
            response = connection.getresponse()
            body = json.loads(response.read())
            assert response.status == 200, body
            return {model["id"] for model in body["data"]}
        except OSError:
            time.sleep(0.3)
        finally:
            connection.close()
    raise AssertionError("the proxy did not start")
