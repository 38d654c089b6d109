"""What ships for running it: units that systemd takes, settings that there are, proxies that tell who calls."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from workflows.settings import Settings

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]


def directives(path):
    """Return what a unit or a file of settings says, as pairs of name and value."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if "=" in line and not line.startswith("#")]
    return [tuple(line.partition("=")[::2]) for line in lines]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_sections_of_directives(unit):
    lines = [line for line in unit.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    assert lines[0] == "[Unit]"
    for line in lines:
        assert re.fullmatch(r"\[(Unit|Service|Socket|Timer|Install)\]|[A-Z][A-Za-z]+=.*", line)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_takes_the_units(tmp_path):
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/opt/luotu/bin/luotu", shutil.which("true"))
        # of the machine where it is installed
        (tmp_path / unit.name).write_text(re.sub(r"(?m)^(User|Group|EnvironmentFile)=.*\n", "", text), encoding="utf-8")
    names = sorted(map(str, tmp_path.iterdir()))
    checked = subprocess.run(["systemd-analyze", "verify", *names], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr.replace(str(tmp_path), "")) == (0, "")


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_service_gives_up_what_it_does_not_need_and_keeps_what_confines_the_reading(unit):
    said = dict(directives(unit))
    assert said["NoNewPrivileges"] == "yes"
    assert said["ProtectSystem"] == "strict"
    assert said["CapabilityBoundingSet"] == ""
    if said["ExecStart"].split()[1] in {"serve", "worker"}:
        calls = said["SystemCallFilter"].split()
        assert {"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self", "seccomp"} <= set(calls)


def test_the_settings_that_ship_are_settings_that_there_are():
    known = {field.validation_alias or f"LUOTU_{name.upper()}" for name, field in Settings.model_fields.items()}
    named = {name for name, _ in directives(DEPLOY / "luotu.env")}
    units = " ".join(value for unit in SERVICES for name, value in directives(unit) if name == "Environment")
    named |= set(re.findall(r"LUOTU_\w+", units))
    named |= set(re.findall(r"LUOTU_\w+", (DEPLOY / "Containerfile").read_text(encoding="utf-8")))
    assert len(named) > 8
    assert named <= known


def test_the_settings_that_ship_make_nobody_the_local_office():
    said = dict(directives(DEPLOY / "luotu.env"))
    assert said["LUOTU_LOCAL_PRINCIPAL"] == "false"
    assert "LUOTU_LOCAL_PRINCIPAL=false" in (DEPLOY / "Containerfile").read_text(encoding="utf-8")


def test_a_proxy_throws_away_what_the_caller_says_of_itself():
    nginx = (DEPLOY / "proxy" / "nginx.conf").read_text(encoding="utf-8")
    passing = re.findall(r"location [^{]*\{([^}]*proxy_pass[^}]*)\}", nginx)
    assert len(passing) == 2
    for place in passing:
        assert "X-Forwarded-For $remote_addr;" in place
        for header in ("X-Real-IP", "Forwarded", "X-Forwarded-Host"):
            assert f'proxy_set_header {header} "";' in place
    assert "proxy_add_x_forwarded_for" not in nginx
    assert nginx.count("{") == nginx.count("}")
    caddy = (DEPLOY / "proxy" / "Caddyfile").read_text(encoding="utf-8")
    assert "header_up X-Forwarded-For {remote_host}" in caddy
    assert "proxy_buffering off" in nginx
    assert "flush_interval -1" in caddy


def test_what_the_container_is_built_from_is_there():
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    project = DEPLOY.parent
    for line in re.findall(r"(?m)^COPY (?!--from)(.+)$", text):
        for source in line.split()[:-1]:
            assert (project / source).exists()
    assert re.search(r"(?m)^USER luotu$", text)
