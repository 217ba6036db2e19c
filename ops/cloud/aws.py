"""The one door through which `boka` itself asks AWS. What provisions goes through Pulumi, not through here."""

import importlib
from typing import Any

from ops.errors import HostUnreachable, Refused, RunFailed

# Both are per try, and there are two: a machine without a way to AWS is told so within half a minute.
_CONNECT_S, _READ_S, _TRIES = 5, 10, 2


class NoSdk(Refused):
    """boto3 is not installed: `make up` leaves it out, since the local stack needs none."""

    def __init__(self) -> None:
        super().__init__(
            "boto3 is not installed; stacks in the cloud need it. Run: .venv/bin/uv sync --frozen --group cloud"
        )


class NoCredentials(Refused):
    """AWS was asked without credentials, or with ones that are over."""

    def __init__(self, seen: str) -> None:
        super().__init__(f"AWS: {seen}. Log in (aws sso login, or AWS_PROFILE), then look: aws sts get-caller-identity")


class AwsSilent(HostUnreachable):
    """AWS did not answer."""

    def __init__(self, service: str, region: str, why: str) -> None:
        super().__init__(f"no answer from AWS {service} in {region}: {why}. Look at the network of this machine.")


class AwsRefused(RunFailed):
    """AWS answered no. Facts: `code`."""

    def __init__(self, service: str, operation: str, code: str, why: str) -> None:
        self.code = code
        super().__init__(f"AWS refused {service}:{operation} ({code}): {why}")


class ForeignAccount(Refused):
    """The credentials are of another account than the stack's."""

    def __init__(self, file: str, wanted: str, seen: str, who: str) -> None:
        super().__init__(
            f"{file}: account_id is {wanted}; these credentials are {who} of account {seen}. Nothing was changed. "
            f"Log in to {wanted}, or correct the file."
        )


_OVER = {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"}


class Aws:
    """AWS in one region, as whoever is logged in."""

    def __init__(self, region: str) -> None:
        try:
            sdk: Any = importlib.import_module("boto3")
        except ModuleNotFoundError as err:
            raise NoSdk from err
        self._region = region
        self._clients: dict[str, Any] = {}
        self._session = sdk.session.Session(region_name=region)
        self._errors: Any = importlib.import_module("botocore.exceptions")
        config: Any = importlib.import_module("botocore.config")
        self._config = config.Config(
            connect_timeout=_CONNECT_S, read_timeout=_READ_S, retries={"total_max_attempts": _TRIES}
        )

    def ask(self, service: str, operation: str, *, absent: frozenset[str] = frozenset(), **arguments: object) -> Any:  # noqa: ANN401 - an answer of AWS
        """Return AWS's answer to one operation (in snake_case); None when it is one of the errors in `absent`.

        Raises:
            NoCredentials: nobody is logged in, or not any more.
            AwsSilent: no answer.
            AwsRefused: any other error.
        """
        errors = self._errors
        try:
            return getattr(self._client(service), operation)(**arguments)
        except errors.ClientError as err:
            told = err.response["Error"]
            code, why = str(told.get("Code", "?")), str(told.get("Message", ""))
            if code in absent:
                return None
            if code in _OVER:
                raise NoCredentials(why) from err
            raise AwsRefused(service, operation, code, why) from err
        except (errors.NoCredentialsError, errors.TokenRetrievalError, errors.ProfileNotFound) as err:
            raise NoCredentials(str(err).rstrip(".")) from err
        except errors.BotoCoreError as err:
            raise AwsSilent(service, self._region, str(err).rstrip(".")) from err

    def _client(self, service: str) -> Any:  # noqa: ANN401 - boto3's
        if service not in self._clients:
            self._clients[service] = self._session.client(service, config=self._config)
        return self._clients[service]

    def refuse_foreign(self, account_id: str, file: str) -> str:
        """Return who is logged in, if it is in this account.

        Raises:
            ForeignAccount: it is not.
        """
        caller = self.ask("sts", "get_caller_identity")
        if caller["Account"] != account_id:
            raise ForeignAccount(file, account_id, caller["Account"], caller["Arn"])
        return str(caller["Arn"])
