"""Hosts of this machine, handed over as if AWS had made them: staging's own description, inventory and way in.

Real are the hosts, the bastion, the stack file, every role and playbook, and the commands. In the place of the clouds
stand the lab's world (ACME authority, name server, object storage), a stand-in of Cloudflare's API, moto's Secrets
Manager, and the control machine where the load balancer would be.
"""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

import boto3
import yaml
from cloudflare_zone import CloudflareZone
from moto import mock_aws
from moto_http import MotoOverHttp
from throwaway import REPOSITORY, ThrowawayStack, new_stack

from infra import cloud_settings, fleet, handover, origin_certificate, paths
from infra.cloudflare import ranges
from infra.local import lab
from ops import artefact, plays, preparation, stacks
from ops.events import Recap
from ops.secrets import Store

STACK = "staging"
GROUPS = ["edge", "app", "db", "cache", "ops", "world"]
# Of this project, what the commands and Ansible read.
PARTS = ("infra", "inventories", "ops", "playbooks", "plugins", "roles", "tools")
ACCOUNT, REGION = "123456789012", "eu-central-1"  # moto's own, and where staging is
TOKEN = "a-token-for-a-stand-in"
WORLD_CA = "/etc/ssl/boka-world.pem"


@dataclass(frozen=True, kw_only=True)
class CloudHosts:
    """The hosts, and the ways in which an operator of staging acts on them."""

    lab: ThrowawayStack
    checkout: Path
    environment: dict[str, str]
    zone: CloudflareZone

    @property
    def shown(self) -> Path:
        """What the CDN shows the edges: a certificate and its key."""
        return self.checkout / "shown.pem"

    @property
    def facts(self) -> handover.StackFile:
        """Staging's stack file."""
        return handover.read(STACK, Path(self.environment["BOKA_HOME"]) / STACK / "stack.json")

    def boka(self, verb: str, *words: str) -> str:
        """Run a verb on staging and return what it printed; a failure fails the test with all it said."""
        return self._run([sys.executable, "-m", "ops", verb, "--stack", STACK, *words])

    def ssh(self, host: str, command: str) -> str:
        """Run a shell command on a host, through the bastion."""
        return self.boka("ssh", host, "--", command).strip()

    def configure(self, **more: str) -> Recap:
        """Run the site's playbook as a bare ansible-playbook, and return what was counted."""
        release = artefact.build(REPOSITORY, paths.cache())
        variables = {
            "deploy_release": release.release,
            "deploy_artefact": str(release.path),
            "deploy_artefact_sha256": release.sha256,
        }
        events = self.checkout / "events.jsonl"
        events.unlink(missing_ok=True)
        play = str(Path(sys.executable).with_name("ansible-playbook"))
        self._run([play, "playbooks/site.yml", "--extra-vars", json.dumps(variables)], BOKA_EVENTS=str(events), **more)
        recap = Recap()
        for line in events.read_text().splitlines():
            recap.add(line)
        return recap

    def _run(self, argv: list[str], **more: str) -> str:
        done = subprocess.run(
            argv, cwd=self.checkout, env={**self.environment, **more}, capture_output=True, text=True, timeout=1500,
            check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == 0, f"{argv[:4]} ended with {done.returncode}\n{done.stdout[-8000:]}{done.stderr}"
        return done.stdout


@contextmanager
def cloud_hosts(folder: Path) -> Iterator[CloudHosts]:
    """Boot the hosts and hand them over; remove them whatever happens."""
    made = new_stack()
    with mock_aws(), MotoOverHttp() as aws:
        try:
            yield _made(made, folder, aws.url)
        finally:
            aws.shutdown()
            lab.down(made.name)
            shutil.rmtree(paths.stack_dir(made.name), ignore_errors=True)


def _made(made: ThrowawayStack, folder: Path, aws: str) -> CloudHosts:
    preparation.ensure_secrets(stacks.named(made.name))
    lab.up(made.name, GROUPS, bare=False, count=1)
    _be_the_world(made)
    checkout = _checkout(folder / "checkout", made)
    environment = _environment(folder, checkout, made, aws)
    address = made.facts.network.control_address
    zone = CloudflareZone(address, made.facts.domain, TOKEN, lambda values: _answer_challenge(made, values))
    hosts = CloudHosts(lab=made, checkout=checkout, environment=environment, zone=zone)
    _hand_over(hosts)
    _make_secrets(hosts)
    return hosts


def _be_the_world(made: ThrowawayStack) -> None:
    stack = stacks.named(made.name)
    argv = plays.argv(plays.Play(playbook="site", limit="world"), stack)
    done = subprocess.run(
        argv, cwd=REPOSITORY, env=plays.environment(stack, os.environ), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr
    # The operators' image would know the authorities of the internet; here the world's own are outside the stack.
    content = (stack.authority / "ca.pem").read_text()
    made.ssh("ops1", f"printf '%s' '{content}' | sudo tee {WORLD_CA} > /dev/null")


def _answer_challenge(made: ThrowawayStack, values: list[str]) -> None:
    name = f"{made.facts.domain} _acme-challenge"
    changes = [f"zone-unset {name} TXT || true", *(f"zone-set {name} 60 TXT '\"{value}\"'" for value in values)]
    words = [f"zone-begin {made.facts.domain}", *changes, f"zone-commit {made.facts.domain}"]
    made.ssh("world1", "; ".join(["set -e", *(f"sudo knotc {word}" for word in words)]))


def _checkout(folder: Path, made: ThrowawayStack) -> Path:
    for part in PARTS:
        shutil.copytree(REPOSITORY / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "ansible.cfg", folder)
    settings = yaml.safe_load((REPOSITORY / f"Pulumi.{STACK}.yaml").read_text())
    settings["config"] |= {
        "boka:account_id": ACCOUNT,
        "boka:profile": "full",
        "boka:domain": made.facts.domain,
        "boka:operator_keys": [paths.ssh_key(made.name).with_suffix(".pub").read_text().strip()],
        "boka:secrets_in": "secrets-manager",
    }
    (folder / f"Pulumi.{STACK}.yaml").write_text(yaml.safe_dump(settings))
    return folder


def _environment(folder: Path, checkout: Path, made: ThrowawayStack, aws: str) -> dict[str, str]:
    ours = {
        "PYTHONPATH": str(checkout),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "AWS_ENDPOINT_URL": aws,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "BOKA_STACK": STACK,
        "BOKA_HOME": str(folder / "home"),
        "BOKA_SSH_KEY": str(paths.ssh_key(made.name)),
        "ANSIBLE_CONFIG": str(checkout / "ansible.cfg"),
        "ANSIBLE_CALLBACKS_ENABLED": "events",
        "ANSIBLE_LOCAL_TEMP": str(folder / "ansible"),
    }
    return {**os.environ, **ours}


def _make_secrets(hosts: CloudHosts) -> None:
    """Make the places that the base layer makes, Cloudflare's token that it leaves there, and what boka up adds."""
    manager = boto3.client("secretsmanager", REGION, aws_access_key_id="testing", aws_secret_access_key="testing")
    for entry in ("database", "auth", "external"):
        manager.create_secret(Name=f"boka/{STACK}/{entry}")
    token = json.dumps({"id": "0", "value": TOKEN})
    manager.create_secret(Name=f"boka/{STACK}/cloudflare/certificates", SecretString=token)
    done = subprocess.run(
        [sys.executable, "-m", "ops.secrets", STACK], cwd=hosts.checkout, env=hosts.environment, check=False,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def _hand_over(hosts: CloudHosts) -> None:
    """Write what the program's last resource would: staging's own fleet, at the addresses of these hosts."""
    found = hosts.lab.facts
    control = IPv4Network(f"{found.network.control_address}/32")
    chosen = yaml.safe_load((hosts.checkout / f"Pulumi.{STACK}.yaml").read_text())["config"]
    ours = {
        key.removeprefix("boka:"): value if isinstance(value, str) else json.dumps(value)
        for key, value in chosen.items()
        if key.startswith("boka:")
    }
    described = fleet.describe_cloud(cloud_settings.load(STACK, ours))
    kept = tuple(
        dataclasses.replace(host, address=fleet.IPv4Address(found.hosts[host.name].address))
        for host in described.hosts
        if host.name in found.hosts
    )
    names = {host.name for host in kept}
    made = dataclasses.replace(
        described,
        hosts=kept,
        volumes=tuple(volume for volume in described.volumes if volume.host in names),
        network=IPv4Network(found.network.cidr),
        control_address=next(host.address for host in kept if "ops" in host.groups),
        flows=ranges.as_hosts_see(described.flows, [control], [control]),
        buckets=found.buckets,
    )
    world = found.hosts["world1"].address
    outside = {
        "bastion": found.hosts["ops1"].address,
        "virtual_address": found.hosts["edge1"].address,
        "s3": f"https://{world}:{found.ports['s3']}",
    }
    pull = origin_certificate.generate(found.domain)
    hosts.shown.write_text(pull.certificate + pull.private_key)
    keys = {name: host.host_key for name, host in found.hosts.items()}
    built = handover.build(made, keys, outside, pull.authority)
    home = Path(hosts.environment["BOKA_HOME"]) / STACK
    home.mkdir(parents=True, mode=0o700)
    (home / "stack.json").write_text(built.text())
    (home / "known_hosts").write_text(handover.known_hosts_text(built))
    own = hosts.checkout / "inventories" / "group_vars" / STACK
    own.mkdir()
    (own / "outside.yml").write_text(yaml.safe_dump(_outside(hosts, built)))


def _outside(hosts: CloudHosts, built: handover.StackFile) -> dict[str, object]:
    """What an operator of staging may set: here, where the internet's parts are, since this machine has none."""
    found, store = hosts.lab.facts, Store(stacks.named(hosts.lab.name))
    world = found.hosts["world1"].address
    return {
        "letsencrypt_directory": f"https://{world}:{found.ports['acme']}/dir",
        "letsencrypt_profile": "default",
        "letsencrypt_authority_ca": WORLD_CA,
        "letsencrypt_dns_settings": {"CLOUDFLARE_BASE_URL": hosts.zone.url},
        "letsencrypt_dns_resolvers": [f"{world}:53"],
        "backup_s3_access": {
            "region": "us-east-1",
            "key": store.get("external/s3_access_key"),
            "secret": store.get("external/s3_secret_key"),
            "authority": WORLD_CA,
            "uri_style": "path",
            "path": "/daily",
        },
        "booking_demo": True,
        "site_addresses": [built.hosts["edge1"].address],
        "site_authority_url": f"https://{world}:{found.ports['acme_management']}/roots/0",
        "site_authority_url_authority": str(stacks.named(hosts.lab.name).authority / "ca.pem"),
    }
