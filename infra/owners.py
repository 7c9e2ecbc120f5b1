"""Where owners hear of their own sessions: one encrypted topic, and a subscription for each address they are told at."""

# jsii names the parameters of a class and of its interface differently, which pyright takes for a mismatch.
# pyright: reportArgumentType=false

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.reports import EncryptedTopic


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnersFile:
    """Whom sessions belong to: the file as JSON, its JSON Schema, and the mail addresses it names."""

    content: str
    schema: str
    emails: tuple[str, ...] = ()


class OwnersTopic(EncryptedTopic):
    """One digest for each owner's destination goes here, and a mail subscription takes its own alone.

    ``emails`` are subscribed (each has to confirm) but for those that get the whole report, ``told_already``. Teams may
    subscribe queues of their own, filtered by ``team``.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        emails: Collection[str],
        told_already: Collection[str],
    ) -> None:
        super().__init__(scope, construct_id, key=key, display_name="Session Reaper, your sessions")
        told = {email.lower() for email in told_already}
        for email in dict.fromkeys(email.lower() for email in emails):
            if email not in told:
                audience = sns.SubscriptionFilter.string_filter(allowlist=[f"email:{email}"])
                self.topic.add_subscription(
                    subscriptions.EmailSubscription(email, filter_policy={"audience": audience})
                )
