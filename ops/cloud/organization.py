"""What a stack needs from outside of its account: of the organization that it is in, and of the account that pays."""

from infra.cloud_settings import CloudSettings
from ops.cloud.aws import Aws
from ops.doctor import Finding

# By its value the budget tells the environments of an account apart.
_TAG = "Environment"
_OPTED_IN = "isCrossAccountBackupEnabled"


def copies(aws: Aws, chosen: CloudSettings) -> Finding:
    """Look whether AWS Backup may copy recovery points into the second account: it does within one organization only.

    Source: AWS Backup developer guide, "Creating backup copies across AWS accounts".
    """
    need = f"AWS Backup may copy into account {chosen.backup_account_id}"
    found = aws.ask("organizations", "describe_organization", absent=frozenset({"AWSOrganizationsNotInUseException"}))
    if found is None:
        cure = (
            f"Put both accounts into one AWS organization, or leave boka:backup_account_id out of {chosen.environment}."
        )
        return Finding(need=need, seen=f"account {chosen.account_id} is in no organization", cure=cure)
    name, manager = found["Organization"]["Id"], found["Organization"]["MasterAccountId"]
    told = aws.ask("backup", "describe_global_settings")["GlobalSettings"]
    if told.get(_OPTED_IN) != "true":
        cure = f"In account {manager}: aws backup update-global-settings --global-settings {_OPTED_IN}=true"
        return Finding(need=need, seen=f"organization {name} does not let it", cure=f"{cure} --region {chosen.region}")
    return Finding(need=need, seen=f"organization {name} lets it; who is in it, only account {manager} is told")


def budget(aws: Aws) -> Finding:
    """Look whether AWS counts costs by the tag that the budget goes by; a budget by another tag stays at nothing."""
    need = f"costs counted by the tag {_TAG}, for the budget"
    question = f"aws ce list-cost-allocation-tags --tag-keys {_TAG}"
    # What AWS says to an account whose bill another one pays, whatever its permissions are.
    not_for_us = frozenset({"AccessDeniedException"})
    found = aws.ask("ce", "list_cost_allocation_tags", TagKeys=[_TAG], absent=not_for_us)
    if found is None:
        return Finding(need=need, seen=f"only the account that pays is told; ask there: {question}")
    status = [str(one["Status"]) for one in found["CostAllocationTags"]]
    if not status:
        return Finding(need=need, seen="AWS has met no such tag yet; look again a day after the first boka up")
    update = f"aws ce update-cost-allocation-tags-status --cost-allocation-tags-status TagKey={_TAG},Status=Active"
    return Finding(need=need, seen=status[0].lower(), cure="" if status == ["Active"] else update)
