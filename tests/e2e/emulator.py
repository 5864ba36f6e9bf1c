"""MiniStack 1.5.33, with what it lacks for this app. Run by the Python of its own virtual environment.

Each repair makes it behave as AWS documents; none makes anything easier for the app. When a new
version of MiniStack brings one of them along, the repair goes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ministack import app  # type: ignore[import-not-found]
from ministack.core import iam_actions, router  # type: ignore[import-not-found]
from ministack.core.responses import get_account_id, get_region  # type: ignore[import-not-found]
from ministack.services import apigateway_v1, ec2, s3, tagging  # type: ignore[import-not-found]
from ministack.services.cloudformation import provisioners  # type: ignore[import-not-found]


def find_instances_by_id() -> None:
    """Heed DescribeInstances' filter instance-id, which would be passed over."""
    heeds = ec2._matches_filters

    def matches(instance: dict[str, Any], filters: dict[str, list[str]]) -> bool:
        wanted = filters.get("instance-id")
        return (wanted is None or instance["InstanceId"] in wanted) and bool(heeds(instance, filters))

    ec2._matches_filters = matches


def delete_volumes_with_instances() -> None:
    """Let volumes go with the instance that they were made for, as its mapping says: they would stay for ever."""
    terminate = ec2._ACTION_MAP["TerminateInstances"]

    def terminate_with_volumes(parameters: Any) -> Any:
        answer = terminate(parameters)
        for instance in map(ec2._instances.get, ec2._parse_member_list(parameters, "InstanceId")):
            for mapping in instance.get("BlockDeviceMappings", []) if instance and answer[0] == 200 else []:
                if mapping["Ebs"].get("DeleteOnTermination", True):
                    ec2._volumes.pop(mapping["Ebs"]["VolumeId"], None)
        return answer

    ec2._ACTION_MAP["TerminateInstances"] = terminate_with_volumes


def import_routes() -> None:
    """Take the routes of ImportRestApi's document, as CloudFormation's `Body` does already."""
    create = apigateway_v1._create_rest_api

    def create_or_import(data: dict[str, Any]) -> Any:
        if "paths" not in data:
            return create(data)
        api = apigateway_v1._import_rest_api(data)
        return 201, {"Content-Type": "application/json"}, apigateway_v1._get_rest_api(api)[2]

    apigateway_v1._create_rest_api = create_or_import


def put_routes() -> None:
    """Take PutRestApi, which Chalice overwrites an API's routes with."""
    handle = apigateway_v1.handle_request

    async def handle_or_put(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        parts = path.strip("/").split("/")
        if method != "PUT" or parts[0] != "restapis" or len(parts) != 2:
            return await handle(method, path, headers, body, query)
        api = parts[1]
        if api not in apigateway_v1._rest_apis:
            return apigateway_v1._get_rest_api(api)
        routes = apigateway_v1._resources[api]
        for stale in [key for key, route in routes.items() if route["path"] != "/"]:
            del routes[stale]
        for route, methods in json.loads(body)["paths"].items():
            apigateway_v1._import_path_item(api, route, methods)
        return apigateway_v1._get_rest_api(api)

    apigateway_v1.handle_request = handle_or_put


def offer_instance_types() -> None:
    """Offer whatever type is asked about in the Region's first zone."""

    def offered(parameters: Any) -> Any:
        kind = ec2._p(parameters, "Filter.1.Value.1")
        item = f"<item><instanceType>{kind}</instanceType><locationType>availability-zone</locationType>"
        item += f"<location>{get_region()}a</location></item>"
        inner = f"<instanceTypeOfferingSet>{item}</instanceTypeOfferingSet>"
        return ec2._xml(200, "DescribeInstanceTypeOfferingsResponse", inner)

    ec2._ACTION_MAP["DescribeInstanceTypeOfferings"] = offered


def grant_quotas() -> None:
    """Answer as Service Quotas does in an account whose quotas suffice."""

    async def answer(*_: Any) -> Any:
        return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps({"Quota": {"Value": 1000.0}}).encode()

    router.SERVICE_PATTERNS["service-quotas"] = {"target_prefixes": ["ServiceQuotasV20190624"], "host_patterns": []}
    app.SERVICE_HANDLERS["service-quotas"] = answer


def know_instances_tags() -> None:
    """Tell the policy engine the tags of instances, so that aws:ResourceTag means something for EC2."""

    def instances() -> Iterator[tuple[str, list[dict[str, str]]]]:
        for found in ec2._instances.values():
            arn = f"arn:aws:ec2:{get_region()}:{get_account_id()}:instance/{found['InstanceId']}"
            yield arn, ec2._tags.get(found["InstanceId"], [])

    tagging._RESOURCE_TAG_COLLECTORS["ec2"] = instances


def know_interfaces_subnets() -> None:
    """Tell the policy engine, which looks at one resource a call, the subnet of a launch by its network interface."""
    name = iam_actions.extract_resource_arn

    def named(
        service: str, method: str, path: str, headers: Any, body: bytes, query: dict[str, Any], *rest: Any
    ) -> str:
        subnet = iam_actions._query_param(query, "NetworkInterface.1.SubnetId") if service == "ec2" else ""
        if subnet:
            return f"arn:aws:ec2:{get_region()}:{get_account_id()}:subnet/{subnet}"
        return str(name(service, method, path, headers, body, query, *rest))

    iam_actions.extract_resource_arn = named


def know_timers_groups() -> None:
    """Tell the policy engine which group a timer is in: every one would count as in `default`."""
    name = iam_actions.extract_resource_arn

    def named(
        service: str, method: str, path: str, headers: Any, body: bytes, query: dict[str, Any], *rest: Any
    ) -> str:
        arn = str(name(service, method, path, headers, body, query, *rest))
        if service != "scheduler" or ":schedule/default/" not in arn:
            return arn
        asked = query.get("groupName") or (json.loads(body).get("GroupName") if body else None) or "default"
        group = asked[0] if isinstance(asked, list) else asked
        return arn.replace(":schedule/default/", f":schedule/{group}/")

    iam_actions.extract_resource_arn = named


def expire_objects() -> None:
    """Take the rules by which a bucket of a stack expires what it holds."""
    configure = provisioners._s3_apply_configurations

    def configure_all(name: str, properties: dict[str, Any], *rest: Any) -> None:
        configure(name, properties, *rest)
        rules = properties.get("LifecycleConfiguration", {}).get("Rules", [])
        if rules:
            text = "".join(f"<Rule>{_as_xml(rule)}</Rule>" for rule in rules)
            status = s3._put_bucket_lifecycle(
                name, f"<LifecycleConfiguration>{text}</LifecycleConfiguration>".encode()
            )[0]
            assert status == 200, f"the rules of {name} are not taken: {status}"

    provisioners._s3_apply_configurations = configure_all


def _as_xml(rule: dict[str, Any]) -> str:
    """Return a rule of a template as S3's API has it."""
    told = f"<ID>{rule['Id']}</ID><Filter><Prefix></Prefix></Filter><Status>{rule['Status']}</Status>"
    if "ExpirationInDays" in rule:
        told += f"<Expiration><Days>{rule['ExpirationInDays']}</Days></Expiration>"
    if "ExpiredObjectDeleteMarker" in rule:
        told += "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>"
    for name in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
        for key, days in rule.get(name, {}).items():
            told += f"<{name}><{key}>{days}</{key}></{name}>"
    return told


if __name__ == "__main__":
    find_instances_by_id()
    delete_volumes_with_instances()
    import_routes()
    put_routes()
    offer_instance_types()
    grant_quotas()
    know_instances_tags()
    know_interfaces_subnets()
    know_timers_groups()
    expire_objects()
    app.main()
