"""Where Pulumi keeps the state of a cloud stack, and under which key: names that follow from its settings.

Reads the settings file only; `boka init` makes what is named here.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ops import settings
from ops.errors import Refused
from ops.stacks import Stack

if TYPE_CHECKING:
    from infra.cloud_settings import CloudSettings

_PURPOSE = "state"


@dataclass(frozen=True, kw_only=True)
class Backend:
    """A bucket for the state and a KMS key for it and for the secrets in it."""

    region: str
    account_id: str
    bucket: str
    key_alias: str

    @property
    def url(self) -> str:
        """What `pulumi login` takes."""
        return f"s3://{self.bucket}?region={self.region}"

    @property
    def secrets_provider(self) -> str:
        """What `pulumi stack init --secrets-provider` takes."""
        return f"awskms://{self.key_alias}?region={self.region}"

    @property
    def key_arn(self) -> str:
        """The alias in full, by which a bucket names its key."""
        return f"arn:aws:kms:{self.region}:{self.account_id}:{self.key_alias}"


class NotInitialised(Refused):
    """The stack's settings name no secrets provider, so its state has no place yet."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(
            f"{stack.settings.name} has no secretsprovider and encryptedkey, so the state of {stack.name} has no place "
            f"yet. Make it: boka init {stack.name}"
        )


class ForeignKey(Refused):
    """The settings name another secrets provider than the one that follows from account, region and environment."""

    def __init__(self, stack: Stack, seen: str, wanted: str) -> None:
        super().__init__(
            f"{stack.settings.name}: secretsprovider is {seen}; account and region of this file make it {wanted}. "
            f"Set account_id and region back. To move a stack for good: pulumi stack change-secrets-provider"
        )


def of(chosen: "CloudSettings") -> Backend:
    """Return the backend of an environment: both its layers keep their state there."""
    from infra import naming  # noqa: PLC0415  # loads pydantic

    return Backend(
        region=chosen.region,
        account_id=chosen.account_id,
        bucket=naming.bucket(chosen, _PURPOSE, chosen.account_id),
        key_alias=f"alias/{naming.physical(chosen, _PURPOSE)}",
    )


def required(stack: Stack) -> str:
    """Return the secrets provider of a cloud stack.

    Raises:
        NotInitialised: `boka init` has not run, or its change of the settings file was not committed.
        ForeignKey: the file was made for another account or region.
    """
    found, wanted = settings.document(stack), of(settings.cloud(stack)).secrets_provider
    if not found.get("secretsprovider") or not found.get("encryptedkey"):
        raise NotInitialised(stack)
    if found["secretsprovider"] != wanted:
        raise ForeignKey(stack, found["secretsprovider"], wanted)
    return wanted
