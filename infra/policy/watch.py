"""Rules about what is recorded on AWS and who hears of it."""

from infra.policy.model import Resource, Stack, at, first_bad, items

_ON = True


def environment_has_a_trail(_: Resource, stack: Stack) -> str:
    """Every call to the account of an environment is recorded."""
    return first_bad(stack.of("Trail"), lambda one: one.must("enableLogging", _ON, None)) or (
        "" if stack.of("Trail") else "there is no Trail"
    )


def environment_has_a_budget(_: Resource, stack: Stack) -> str:
    """Somebody hears of what an environment costs before the bill comes."""
    budgets = stack.of("Budget")
    if not budgets:
        return "there is no Budget"
    return first_bad(budgets, lambda one: one.must("limitAmount"))


def environment_alarms(_: Resource, stack: Stack) -> str:
    """An environment's audit trail is searched, and each search has an alarm."""
    filters = [str(at(one.get("metricTransformation"), "name")) for one in stack.of("LogMetricFilter")]
    if not filters:
        return "there is no LogMetricFilter"
    watched = {one.get("metricName") for one in stack.of("MetricAlarm")}
    return first_bad(filters, lambda name: "" if name in watched else f"no MetricAlarm watches {name}")


def budget_is_told(one: Resource, _: Stack) -> str:
    """A budget tells somebody."""

    def silent(notification: object) -> str:
        told = items(notification, "subscriberEmailAddresses") or items(notification, "subscriberSnsTopicArns")
        return "" if told else "a notification has no subscriber"

    return first_bad(one.items("notifications"), silent) if one.items("notifications") else "it notifies nobody"


def trail_sees_every_region(one: Resource, _: Stack) -> str:
    """The trail records all regions and the services that have none."""
    return one.must("isMultiRegionTrail", _ON) or one.must("includeGlobalServiceEvents", _ON, None)


def trail_is_sealed(one: Resource, _: Stack) -> str:
    """The trail's files show whether somebody changed them."""
    return one.must("enableLogFileValidation", _ON)


def trail_has_our_key(one: Resource, _: Stack) -> str:
    """The trail is encrypted with a key of ours."""
    return one.must("kmsKeyId")


def trail_is_searched(one: Resource, _: Stack) -> str:
    """The trail goes to a log group, where alarms find what is suspicious."""
    return one.must("cloudWatchLogsGroupArn")


def host_is_watched(one: Resource, stack: Stack) -> str:
    """Each host has an alarm."""
    found = stack.about(one, "MetricAlarm", "dimensions")
    return "" if found else "no MetricAlarm has it in its dimensions"


def alarm_is_heard(one: Resource, _: Stack) -> str:
    """An alarm tells somebody."""
    return one.must("alarmActions")


def alarm_knows_silence(one: Resource, _: Stack) -> str:
    """An alarm says what it makes of missing data."""
    return one.must("treatMissingData")


def topic_has_a_reader(one: Resource, stack: Stack) -> str:
    """Somebody reads the topic of the alarms."""
    return "" if stack.about(one, "TopicSubscription", "topic") else "no TopicSubscription names it"
