"""The provider that all Cloudflare resources are made by, and where its token comes from."""

import os

import pulumi
import pulumi_cloudflare as cloudflare

from infra.cloud_settings import CloudSettings
from infra.settings import SettingsError

VARIABLE = "CLOUDFLARE_API_TOKEN"


def token(settings: CloudSettings) -> pulumi.Output[str]:
    """The API token, a secret: the stack's `cloudflare:apiToken`, or else the environment's.

    Raises:
        SettingsError: there is none.
    """
    configured = pulumi.Config("cloudflare").get_secret("apiToken")
    if configured is not None:
        return configured
    if VARIABLE in os.environ:
        return pulumi.Output.secret(os.environ[VARIABLE])
    raise SettingsError(
        f"Pulumi.{settings.environment}.yaml does not set cloudflare:apiToken, and {VARIABLE} is not in the "
        f"environment. Set one: pulumi config set --secret cloudflare:apiToken "
        f"--config-file Pulumi.{settings.environment}.yaml"
    )


def provider(settings: CloudSettings, checked: pulumi.Output[bool]) -> cloudflare.Provider:
    """The explicit provider, once `checked` is known; the default one is off in the settings files."""
    known = pulumi.Output.all(token(settings), checked)
    return cloudflare.Provider("cloudflare", api_token=known.apply(lambda found: found[0]))
