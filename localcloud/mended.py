"""Where ministack is otherwise than AWS and the deployed stack would notice: mended here.

- ``Ref`` of a secret is its ARN, not its name (CloudFormation user guide, AWS::SecretsManager::Secret, return values);
- a secret's rotation schedule can be deployed. It does nothing: the deployment rotates when it is told to;
- what still holds something is not deleted: a configuration profile with hosted versions (BadRequestException of AppConfig's
  DeleteConfigurationProfile), and, by CloudFormation too, a bucket with objects (BucketNotEmpty of S3's DeleteBucket);
- requests carry the condition keys ``events:source``, ``dynamodb:LeadingKeys`` and ``cloudwatch:namespace``, without which
  policies that name them deny, or allow, whatever is asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Created = tuple[str, dict[str, Any]]


def mend_secrets(provisioners: Any, secrets: Any) -> None:
    """Mend the modules `ministack.services.cloudformation.provisioners` and `ministack.services.secretsmanager`."""
    handlers: dict[str, dict[str, Any]] = provisioners._RESOURCE_HANDLERS  # noqa: SLF001 - there is no hook for it
    original = handlers["AWS::SecretsManager::Secret"]

    def found(secret_id: str) -> tuple[str, dict[str, Any]]:
        name, secret = secrets._resolve(secret_id)  # noqa: SLF001 - the same
        return name or secret_id, secret or {}

    def create(logical_id: str, props: dict[str, Any], stack_name: str) -> Created:
        _, attributes = original["create"](logical_id, props, stack_name)
        return attributes["Arn"], attributes

    def update(physical_id: str, *arguments: Any, **options: Any) -> Created:
        _, attributes = original["update"](found(physical_id)[0], *arguments, **options)
        return attributes["Arn"], attributes

    def delete(physical_id: str, props: dict[str, Any]) -> None:
        original["delete"](found(physical_id)[0], props)

    def schedule(logical_id: str, props: dict[str, Any], stack_name: str) -> Created:
        del logical_id, stack_name
        # Not RotateSecret, which would make the same value current anew and invoke nobody.
        found(props["SecretId"])[1].update(
            RotationLambdaARN=props["RotationLambdaARN"],
            RotationEnabled=True,
            RotationRules=props.get("RotationRules") or {},
        )
        return props["SecretId"], {}

    def reschedule(physical_id: str, old: Any, new: dict[str, Any], stack_name: str) -> Created:
        del physical_id, old
        return schedule("", new, stack_name)

    handlers["AWS::SecretsManager::Secret"] = {**original, "create": create, "update": update, "delete": delete}
    handlers["AWS::SecretsManager::RotationSchedule"] = {
        "create": schedule,
        "update": reschedule,
        "delete": lambda *_: None,
    }


def mend_deletions(provisioners: Any, appconfig: Any, s3: Any) -> None:
    """Mend the same of CloudFormation, `ministack.services.appconfig` and, of `ministack.services.s3`, what uses it."""
    handlers: dict[str, dict[str, Any]] = provisioners._RESOURCE_HANDLERS  # noqa: SLF001 - there is no hook for it
    profiles, buckets = handlers["AWS::AppConfig::ConfigurationProfile"], handlers["AWS::S3::Bucket"]
    delete_profile: Callable[[str, str], Any] = appconfig._delete_configuration_profile  # noqa: SLF001 - the same

    def refusal(application: str, profile: str) -> str | None:
        held = any(key.startswith(f"{application}/{profile}/") for key in list(appconfig._hosted_versions))  # noqa: SLF001
        return (
            f"Cannot delete configuration profile {profile} because there are still hosted configuration versions existing "
            "under it."
            if held
            else None
        )

    def delete_by_stack(physical_id: str, props: dict[str, Any]) -> None:
        if why := refusal(props.get("ApplicationId", ""), physical_id):
            raise ValueError(f"{why} (Service: AmazonAppConfig; Status Code: 400; Error Code: BadRequestException)")
        profiles["delete"](physical_id, props)

    def delete_by_request(application: str, profile: str) -> Any:
        if why := refusal(application, profile):
            return appconfig._error(400, "BadRequestException", why)  # noqa: SLF001 - the same
        return delete_profile(application, profile)

    def delete_bucket(physical_id: str, props: dict[str, Any]) -> None:
        bucket = s3._buckets.get(physical_id)  # noqa: SLF001 - the same
        if bucket is not None and bucket["objects"]:
            raise ValueError("The bucket you tried to delete is not empty (Service: S3, Status Code: 409)")
        buckets["delete"](physical_id, props)

    appconfig._delete_configuration_profile = delete_by_request  # noqa: SLF001 - the same
    handlers["AWS::AppConfig::ConfigurationProfile"] = {**profiles, "delete": delete_by_stack}
    handlers["AWS::S3::Bucket"] = {**buckets, "delete": delete_bucket}


def mend_condition_keys(iam_actions: Any, dynamodb: Any) -> None:
    """Mend `ministack.core.iam_actions`; `ministack.services.dynamodb` knows which attribute of a table is its first key."""
    original: Callable[..., dict[str, Any]] = iam_actions.request_tag_context

    def partition_key(table: str) -> str:
        return dynamodb._tables.get(table.rpartition("/")[2], {}).get("pk_name") or ""  # noqa: SLF001 - no hook for it

    def request_tag_context(service: str, iam_action: str, body: bytes, params: dict[str, Any]) -> dict[str, Any]:
        context = original(service, iam_action, body, params)
        if service in {"events", "dynamodb", "monitoring"}:
            context = {**context, **condition_keys(service, body, partition_key)}
        return context

    iam_actions.request_tag_context = request_tag_context


def condition_keys(service: str, body: bytes, partition_key: Callable[[str], str]) -> dict[str, list[str] | str]:
    """Return the keys by which policies may tell apart what a request to `events`, `dynamodb` or `monitoring` is about.

    Those of DynamoDB hold many values each, the others one.
    """
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return {}
    if service == "monitoring":
        return {"cloudwatch:namespace": str(request["Namespace"])} if "MetricData" in request else {}
    if service == "events":
        sources = {str(entry.get("Source")) for entry in request.get("Entries") or ()}
        # Events of several sources are authorised one by one; here, no policy about the source allows them.
        return {"events:source": sources.pop() if len(sources) == 1 else sorted(sources)}
    keys = list(dict.fromkeys(_leading_keys(request, partition_key)))
    return {"dynamodb:LeadingKeys": keys} if keys else {}


def _leading_keys(request: Mapping[str, Any], partition_key: Callable[[str], str]) -> Iterator[str]:
    """The partition keys of the items that a request names: to get, to put, to change, to delete."""
    for table, items in _named_items(request):
        name = partition_key(table)
        for item in items:
            yield from (item.get(name) or {}).values()


def _named_items(request: Mapping[str, Any]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    single = request.get("Key") or request.get("Item")
    if single:
        yield request["TableName"], [single]
    for table, asked in (request.get("RequestItems") or {}).items():
        if isinstance(asked, dict):
            yield table, asked.get("Keys") or []
        else:
            yield table, [part.get("Key") or part["Item"] for write in asked for part in write.values()]
    for one in request.get("TransactItems") or ():
        for part in one.values():
            yield part["TableName"], [part.get("Key") or part["Item"]]
