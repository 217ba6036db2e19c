"""The two layers of a cloud environment: what rarely changes, and what stands on it. Tables of contents only."""

from dataclasses import replace
from typing import Any

import pulumi
import pulumi_aws as aws

from infra import address_plan, handover, naming
from infra.aws.account import Account
from infra.aws.balancer import Balancer, BalancerArgs
from infra.aws.base_outputs import BaseOutputs, marker
from infra.aws.buckets import BackupBuckets, BackupBucketsArgs, Bucket, BucketArgs
from infra.aws.component import Context
from infra.aws.firewall import BALANCER, Firewall, FirewallArgs
from infra.aws.hosts import Hosts, HostsArgs
from infra.aws.keys import Keys
from infra.aws.network import Network, NetworkArgs
from infra.aws.roles import Roles, RolesArgs
from infra.aws.secrets import Secrets, SecretsArgs
from infra.aws.vault import Vault, VaultArgs
from infra.aws.watch import Alarms, AlarmsArgs, Audit, AuditArgs, HostAlarms, HostAlarmsArgs
from infra.cloud_settings import CloudSettings
from infra.cloudflare import layers as cloudflare
from infra.cloudflare import ranges
from infra.cloudflare.provider import provider as cloudflare_provider
from infra.fleet import Fleet
from infra.local.providers import StackFileProvider
from infra.local.resources import StackFile


def context_of(settings: CloudSettings, checked: pulumi.Output[bool] | None = None) -> Context:
    """The providers: this account's and region's, the replica's (both refuse another account), and Cloudflare's.

    All of them wait for `checked`, and whatever they make waits for them.
    """
    after = pulumi.Output.from_input(val=True) if checked is None else checked
    cdn = cloudflare_provider(settings, after)  # first: without a token nothing may be registered
    common: aws.ProviderDefaultTagsArgsDict = {"tags": naming.common_tags(settings)}
    main = aws.Provider(
        "main",
        region=after.apply(lambda _: settings.region),
        allowed_account_ids=[settings.account_id],
        default_tags=common,
    )
    # Not as a plain map: the SDK hands a provider JSON, and writes the keys of a map into it as they are.
    roles = [aws.ProviderAssumeRoleArgs(role_arn=settings.backup_role, session_name="boka")]
    replica = aws.Provider(
        "replica",
        region=after.apply(lambda _: settings.backup_region),
        allowed_account_ids=[settings.backup_account],
        assume_roles=roles if settings.backup_account_id else None,
        default_tags=common,
    )
    return Context(settings=settings, main=main, replica=replica, cloudflare=cdn)


class BaseLayer(pulumi.ComponentResource):
    """Keys, buckets, network, watch. Outputs: what `StackLayer` stands on."""

    def __init__(self, context: Context) -> None:
        super().__init__(naming.TOKENS["Layer"], context.settings.stack)
        settings = context.settings
        keys = Keys("keys", context=context, parent=self).arns
        logs = BucketArgs(purpose="logs", expire_days=settings.log_keep_days, takes_logs=True)
        log_bucket = Bucket("logs", logs, context=context, parent=self)
        artefact = BucketArgs(purpose="artefacts", key_arn=keys["artefacts"], log_bucket=log_bucket.bucket.id)
        artefacts = Bucket("artefacts", artefact, context=context, parent=self)
        both_keys = BackupBucketsArgs(
            key_arn=keys["backups"], replica_key_arn=keys["replica"], log_bucket=log_bucket.bucket.id
        )
        backups = BackupBuckets("backups", both_keys, context=context, parent=self)
        flows = NetworkArgs(flow_log_bucket_arn=log_bucket.bucket.arn)
        network = Network("network", flows, context=context, parent=self)
        Secrets("secrets", SecretsArgs(key_arn=keys["secrets"]), context=context, parent=self)
        alarms = Alarms("alarms", AlarmsArgs(key_arn=keys["audit"]), context=context, parent=self)
        vaults = VaultArgs(key_arn=keys["backups"], replica_key_arn=keys["replica"], topic_arn=alarms.topic_arn)
        Vault("vault", vaults, context=context, parent=self)
        audit = AuditArgs(
            log_bucket=log_bucket.bucket.id,
            log_bucket_policy=log_bucket.policy,
            key_arn=keys["audit"],
            topic_arn=alarms.topic_arn,
        )
        Audit("audit", audit, context=context, parent=self)
        if settings.owns_account:
            Account("account", key_arn=keys["volumes"], context=context, parent=self)
        self.outputs: dict[str, Any] = {
            "marker": marker(settings),
            "vpc_id": network.vpc_id,
            "subnet_ids": network.subnet_ids,
            "s3_prefix_list_id": network.endpoint_prefix_list_id,
            "endpoint_group_id": network.endpoint_group_id,
            "key_arns": keys,
            "topic_arn": alarms.topic_arn,
            "buckets": {"backup": backups.bucket_name, "artefacts": artefacts.bucket_name},
            **cloudflare.base(context, keys["secrets"], self),
        }
        self.register_outputs(self.outputs)


class StackLayer(pulumi.ComponentResource):
    """Firewall, roles, hosts, load balancer, hand-over: what a release of the platform may change."""

    def __init__(self, context: Context, fleet: Fleet, base: BaseOutputs) -> None:
        super().__init__(naming.TOKENS["Layer"], context.settings.stack)
        firewall = Firewall(
            "firewall",
            FirewallArgs(
                vpc_id=base.vpc_id,
                groups=tuple(dict.fromkeys(group for host in fleet.hosts for group in host.groups)),
                flows=fleet.flows,
                endpoint_group_id=base.endpoint_group_id,
                s3_prefix_list_id=base.s3_prefix_list_id,
            ),
            context=context,
            parent=self,
        )
        roles = Roles("roles", _roles(context.settings, fleet, base), context=context, parent=self)
        hosts = Hosts(
            "hosts",
            HostsArgs(
                fleet=fleet,
                subnet_ids=base.subnet_ids,
                group_ids=firewall.group_ids,
                profiles=roles.profiles,
                volume_key_arn=base.key_arns["volumes"],
            ),
            context=context,
            parent=self,
        )
        balancer = Balancer(
            "balancer",
            BalancerArgs(
                fleet=fleet,
                vpc_id=base.vpc_id,
                subnet_ids=base.subnet_ids,
                group_id=firewall.group_ids[BALANCER],
                instance_ids=hosts.instance_ids,
            ),
            context=context,
            parent=self,
        )
        HostAlarms(
            "host-alarms",
            HostAlarmsArgs(
                instance_ids=hosts.instance_ids,
                topic_arn=base.topic_arn,
                load_balancer=balancer.arn_suffix,
                target_groups=balancer.target_groups,
            ),
            context=context,
            parent=self,
        )
        cloudflare.stack(context, balancer.dns_name, self)
        self.hand_over = self._hand_over(context.settings, fleet, base, hosts, balancer)
        self.outputs: dict[str, Any] = {
            "balancer": balancer.dns_name,
            "addresses": balancer.addresses,
            "bastion": hosts.bastion_address,
        }
        self.register_outputs(self.outputs)

    def _hand_over(
        self, settings: CloudSettings, fleet: Fleet, base: BaseOutputs, hosts: Hosts, balancer: Balancer
    ) -> StackFile:
        first_zone = next(iter(balancer.addresses))
        made = {
            "bastion": hosts.bastion_address,
            "virtual_address": balancer.addresses[first_zone],
            "balancer": balancer.dns_name,
            "s3": f"https://s3.{settings.region}.amazonaws.com",
        }
        seen = _as_hosts_see(settings, fleet)
        known = pulumi.Output.all(
            keys=hosts.host_keys, made=made, authority=base.origin_authority if settings.cdn else ""
        )
        content = known.apply(
            lambda found: handover.build(seen, found["keys"], found["made"], found["authority"]).text()
        )
        props = {"stack": fleet.stack, "content": content, "fingerprint": None}
        return StackFile(StackFileProvider(), "stack-file", props, pulumi.ResourceOptions(parent=self))


def _as_hosts_see(settings: CloudSettings, fleet: Fleet) -> Fleet:
    plan = address_plan.subnets(settings.network, settings.zones)
    balancer = [subnet for (tier, _), subnet in plan.items() if tier == "public"]
    return replace(fleet, flows=ranges.as_hosts_see(fleet.flows, balancer, settings.operator_networks))


def _roles(settings: CloudSettings, fleet: Fleet, base: BaseOutputs) -> RolesArgs:
    return RolesArgs(
        groups={host.groups[0]: host.groups for host in fleet.hosts},
        backup_bucket_arn=f"arn:aws:s3:::{naming.bucket(settings, 'backup', settings.account_id)}",
        backup_key_arn=base.key_arns["backups"],
        artefact_bucket_arn=f"arn:aws:s3:::{naming.bucket(settings, 'artefacts', settings.account_id)}",
        artefact_key_arn=base.key_arns["artefacts"],
    )
