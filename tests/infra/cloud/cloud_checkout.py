"""A checkout of its own, whose production stack has moto's AWS and a cloud of doubles; `boka` runs there."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from cloud_account import IMAGE, UNKNOWN_IMAGE, Cloudflare
from moto import mock_aws
from moto_http import MotoOverHttp
from real_engine import DOUBLES, REPOSITORY

from ops.secrets import age

ACCOUNT = "123456789012"  # moto's own
LIMIT_S = 300


@dataclass(frozen=True, kw_only=True)
class World:
    """A checkout of its own, with an AWS that answers and a cloud of doubles."""

    checkout: Path
    cloud: Path
    environment: dict[str, str]

    def boka(self, *words: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "ops", *words]
        return subprocess.run(
            argv, cwd=self.checkout, env=self.environment, capture_output=True, text=True, check=False,
            timeout=LIMIT_S, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def begin(self, *words: str, **variables: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "ops", *words], cwd=self.checkout, env=self.environment | variables,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    @property
    def settings(self) -> str:
        return (self.checkout / "Pulumi.production.yaml").read_text()

    def decide(self, before: str, after: str) -> None:
        """Change a setting, and commit it."""
        assert before in self.settings
        (self.checkout / "Pulumi.production.yaml").write_text(self.settings.replace(before, after))
        self.commit()

    def commit(self) -> None:
        for words in (("init", "-q"), ("add", "--all"), ("commit", "-q", "--allow-empty", "--message", "as it is")):
            names = ("-c", "user.name=tests", "-c", "user.email=tests@boka.test")
            subprocess.run(["git", *names, *words], cwd=self.checkout, check=True)

    def told(self, what: str, *lines: str) -> None:
        """Tell the doubles what to do, see double.py."""
        self.cloud.mkdir(exist_ok=True)
        (self.cloud / what).write_text("\n".join(lines))

    def made(self, kind: str) -> dict[str, dict[str, Any]]:
        """What there is of a type in the doubles' cloud, by id."""
        return {path.stem: json.loads(path.read_text()) for path in (self.cloud / kind).glob("*.json")}

    def all_made(self) -> dict[str, str]:
        return {str(path.relative_to(self.cloud)): path.read_text() for path in self.cloud.glob("*/*.json")}

    @contextmanager
    def by_hand(self, kind: str, key: str, before: str, after: str) -> Iterator[None]:
        """Somebody changes something in the cloud, and sets it back."""
        (path,) = [self.cloud / kind / f"{id_}.json" for id_, one in self.made(kind).items() if one.get(key) == before]
        was = path.read_text()
        path.write_text(json.dumps(json.loads(was) | {key: after}))
        try:
            yield
        finally:
            path.write_text(was)


def new_world(folder: Path, endpoint: str, cloudflare: str) -> World:
    checkout = folder / "checkout"
    for name in ("infra", "ops", "tools"):
        shutil.copytree(REPOSITORY / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "Pulumi.yaml", checkout)
    text = (REPOSITORY / "Pulumi.production.yaml").read_text().replace("111122223333", ACCOUNT)
    text = text.replace(UNKNOWN_IMAGE, IMAGE)
    (checkout / "Pulumi.production.yaml").write_text(text)
    identity = age.make_identity()
    (folder / "identity").write_text(identity)
    (checkout / "secrets").mkdir()
    (checkout / "secrets" / "recipients.txt").write_text(age.public_key(identity))
    ours = {
        "PATH": f"{DOUBLES}{os.pathsep}{os.environ['PATH']}",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
        "BOKA_AGE_KEY_FILE": str(folder / "identity"),
        "BOKA_DOUBLE_CLOUD": str(folder / "cloud"),
        "BOKA_HOME": str(folder / "home"),
        "BOKA_RUN": str(folder / "run"),
        "CLOUDFLARE_API_TOKEN": "a-token-for-a-double",
        "CLOUDFLARE_BASE_URL": cloudflare,
    }
    return World(checkout=checkout, cloud=folder / "cloud", environment={**os.environ, **ours})


@contextmanager
def opened(folder: Path) -> Iterator[World]:
    """A new world in a folder, while the block lasts."""
    with pytest.MonkeyPatch.context() as for_moto, mock_aws(), MotoOverHttp() as aws, Cloudflare() as cloudflare:
        for_moto.setenv("AWS_ACCESS_KEY_ID", "testing")
        for_moto.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        yield new_world(folder, aws.url, cloudflare.url)
        cloudflare.shutdown()
        aws.shutdown()


def initialise(world: World) -> None:
    """Have `boka init` make the place of the state."""
    done = world.boka("init", "production", "--yes")
    assert done.returncode == 0, done.stderr
    # moto heeds no condition of a policy, so the rule that demands TLS would shut everybody out.
    boto3.client("s3", "eu-central-1").delete_bucket_policy(Bucket=f"boka-production-state-{ACCOUNT}")
