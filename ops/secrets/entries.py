"""Secrets in AWS Secrets Manager: one JSON document a group, in entries that the base layer makes empty.

A write never loses another's. It adds a version beside the current one, then asks AWS to take the label AWSCURRENT from
the version that was read: AWS refuses when another version is the current one by now. Then all is read and tried anew.
Source: Secrets Manager API reference, UpdateSecretVersionStage.
"""

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn, cast

from ops.cloud.aws import Aws, AwsRefused, NoCredentials
from ops.errors import RunFailed
from ops.secrets.catalog import GROUPS
from ops.secrets.errors import NoSuchEntry, SecretsUnreadable

if TYPE_CHECKING:
    from infra.cloud_settings import CloudSettings

_ABSENT = frozenset({"ResourceNotFoundException"})
# What a version is until it is the current one. Without any label AWS may remove it.
_WRITTEN = "BOKAWRITTEN"
# Each try that is lost means that another machine wrote; a group is written once in the life of a stack, or twice.
_TRIES = 5
# The reference says that the move fails, and not by which of these two. Whatever it was, the next read tells.
_OVERTAKEN = frozenset({"InvalidParameterException", "InvalidRequestException"})
_NO_KEY = ("DecryptionFailure", "EncryptionFailure")


class Overtaken(RunFailed):
    """Others wrote whenever we were about to."""

    def __init__(self, entry: str) -> None:
        super().__init__(f"{entry}: others wrote to it {_TRIES} times meanwhile. Nothing was lost. Run boka up again.")


class Entries:
    """The entries of one environment, in its own account and region."""

    def __init__(self, chosen: "CloudSettings") -> None:
        self._chosen = chosen
        self._aws = Aws(chosen.region)
        self.where = f"Secrets Manager in {chosen.region}"

    def read(self, group: str) -> dict[str, str]:
        """Return the secrets of a group; empty when its entry has no value yet.

        Raises:
            SecretsUnreadable: the entry is not there, its key or itself may not be used, it is no JSON document, or
                nobody is logged in.
            ForeignAccount: somebody is, in another account.
        """
        return self._read(group)[0]

    def refuse_unready(self) -> None:
        """Raise SecretsUnreadable unless the entries can be read, or are still to be made by the base layer."""
        with suppress(NoSuchEntry):
            for group in GROUPS:
                self._read(group)

    def add(self, group: str, new: dict[str, str]) -> dict[str, str]:
        """Write what the entry lacks of `new` and return all of it. What is there stays, whoever wrote it.

        Raises:
            Overtaken: others wrote again and again.
        """
        for _ in range(_TRIES):
            present, version = self._read(group)
            content = new | present
            if content == present or self._replace(group, content, version):
                return content
        raise Overtaken(self._name(group))

    def _read(self, group: str) -> tuple[dict[str, str], str]:
        """The content, and the version that it was read from; both empty before the first write."""
        found = self._ask(group, "get_secret_value", VersionStage="AWSCURRENT", absent=_ABSENT)
        if found is None:
            return self._refuse_missing(group)
        if found["ARN"].split(":")[4] != self._chosen.account_id:
            self._refuse_foreign()
        content = _decoded(found.get("SecretString", ""))
        if content is None:
            fact = "holds something else than a JSON document."
            raise SecretsUnreadable(self._name(group), fact, self._show("list-secret-version-ids", group))
        return content, str(found["VersionId"])

    def _replace(self, group: str, content: dict[str, str], version: str) -> bool:
        """Make `content` the current version if `version` still is; tell whether it is."""
        text = json.dumps(content, sort_keys=True)
        written = self._ask(group, "put_secret_value", SecretString=text, VersionStages=[_WRITTEN])
        if "AWSCURRENT" in written["VersionStages"]:
            return True  # the very first version is current from the start
        move: dict[str, str] = {"VersionStage": "AWSCURRENT", "MoveToVersionId": written["VersionId"]}
        move |= {"RemoveFromVersionId": version} if version else {}
        return self._ask(group, "update_secret_version_stage", absent=_OVERTAKEN, **move) is not None

    def _refuse_missing(self, group: str) -> tuple[dict[str, str], str]:
        self._refuse_foreign()
        made = self._ask(group, "describe_secret", absent=_ABSENT)
        if made is not None and "DeletedDate" not in made:
            return {}, ""  # never written to
        if made is not None:
            self._refuse_going(group, f"is to be deleted on {made['DeletedDate']:%Y-%m-%d}")
        environment = self._chosen.environment
        fact = f"no such entry in {self.where}, account {self._chosen.account_id}."
        cure = f"The layer {environment}-base makes it: boka up --stack {environment}"
        raise NoSuchEntry(self._name(group), fact, cure)

    def _refuse_foreign(self) -> None:
        self._aws.refuse_foreign(self._chosen.account_id, f"Pulumi.{self._chosen.environment}.yaml")

    def _ask(self, group: str, operation: str, **arguments: Any) -> Any:  # noqa: ANN401 - an answer of AWS
        try:
            return self._aws.ask("secretsmanager", operation, SecretId=self._name(group), **arguments)
        except NoCredentials as err:
            raise SecretsUnreadable(self._name(group), f"lies in {self.where}.", str(err)) from err
        except AwsRefused as err:
            self._explain(group, err)

    def _explain(self, group: str, err: AwsRefused) -> NoReturn:
        name = self._name(group)
        if err.code in _NO_KEY or (err.code == "AccessDeniedException" and "kms" in str(err).lower()):
            fact = f"its KMS key may not be used ({err})."
            cure = f"Have kms:Decrypt and kms:GenerateDataKey allowed on alias/boka-{self._chosen.environment}-secrets."
            raise SecretsUnreadable(name, fact, cure) from err
        if err.code == "AccessDeniedException":
            raise SecretsUnreadable(name, f"not allowed ({err}).", "Have that permission added to yours.") from err
        if err.code == "InvalidRequestException":  # AWS gives no other reason of this code to one who reads
            self._refuse_going(group, f"is to be deleted ({err})")
        raise err

    def _refuse_going(self, group: str, fact: str) -> NoReturn:
        raise SecretsUnreadable(
            self._name(group), f"{fact}.", f"Bring it back: {self._show('restore-secret', group)}"
        ) from None

    def _show(self, verb: str, group: str) -> str:
        return f"aws secretsmanager {verb} --region {self._chosen.region} --secret-id {self._name(group)}"

    def _name(self, group: str) -> str:
        from infra import naming  # noqa: PLC0415  # loads pydantic

        return naming.secret(self._chosen, group)


def _decoded(text: str) -> dict[str, str] | None:
    try:
        content: Any = json.loads(text)
    except ValueError:  # the error would hold the text, which is secret
        return None
    return cast("dict[str, str]", content) if isinstance(content, dict) else None
