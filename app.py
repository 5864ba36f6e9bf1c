"""Every trigger of the app: unpack, call one thing, map errors. No rules here (those are in chalicelib/rules/)."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import wraps
from typing import Any, cast

from chalice.app import BaseLambdaEvent, Chalice, CORSConfig, Rate, Request, Response

from chalicelib import log, runtime
from chalicelib.control import events
from chalicelib.domain import errors, rows
from chalicelib.domain.model import Status
from chalicelib.people import links
from chalicelib.people.join import NotYet, progress, resolve_join
from chalicelib.people.pages import page
from chalicelib.settings import Settings

app = Chalice(app_name="elephant", configure_logs=False)
log.start()

CORS = CORSConfig(
    allow_origin="*",
    allow_headers=["Content-Type", "Idempotency-Key", "X-Schedule-Key"],
    expose_headers=["Retry-After"],
    max_age=600,
)
PAGE_HEADERS: dict[str, str | list[str]] = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "frame-ancestors 'none'",
}
EC2_STATES = {
    "source": ["aws.ec2"],
    "detail-type": ["EC2 Instance State-change Notification"],
    "detail": {"state": ["running", "shutting-down"]},
}
SWEEP_MARGIN_S = 15
STREAM_ARN = Settings().stream_arn


# --- people


def answering(view: Callable[..., Response]) -> Callable[..., Response]:
    """Turn what goes wrong in a view into a status and a sentence; whatever it was, a person gets JSON.

    Chalice hides a view's own exceptions from middleware, so this stands around the view itself.
    """

    @wraps(view)
    def answer(*args: str, **path: str) -> Response:
        try:
            return view(*args, **path)
        except errors.BadRequest as error:
            problems = [{"field": field, "problem": problem} for field, problem in error.problems]
            return _refusal(400, error, {"errors": problems} if problems else {})
        except errors.KeyMissing as error:
            return _refusal(401, error)
        except errors.Forbidden as error:
            return _refusal(403, error)
        except errors.NoSuchMeeting:
            unknown = errors.NoSuchMeeting("There is no such meeting; open the link exactly as it was sent.")
            return _refusal(404, unknown)
        except errors.KeyTaken as error:
            return _refusal(409, error)
        except errors.TimeFull as error:
            return _refusal(409, error, {"free": [rows.timestamp(moment) for moment in error.free]})
        except errors.MeetingOver as error:
            return _refusal(410, error, {"status": Status.TERMINATED.value, "reason": error.reason})
        except errors.Unavailable as error:
            log.fail(log.Fail.UNAVAILABLE, error)
            sorry = errors.Unavailable("The meetings cannot be reached now; try again in a few seconds.")
            return _refusal(503, sorry, headers={"Retry-After": "5"})
        except Exception as error:
            log.fail(log.Fail.REQUEST_FAILED, error)
            return _refusal(500, errors.ElephantError("Something is wrong on our side; this app's log says what."))

    return answer


@app.route("/")
def schedule_page() -> Response:
    """The schedule form."""
    return Response(page("schedule"), headers=PAGE_HEADERS)


@app.route("/meeting")
def meeting_page() -> Response:
    """The page behind a link: it waits, then opens the door."""
    return Response(page("meeting"), headers=PAGE_HEADERS)


@app.route("/schedule", methods=["POST"], cors=CORS, content_types=["*/*"])
@answering
def schedule() -> Response:
    """Schedule a meeting from the form's JSON."""
    from chalicelib.people.schedule import parse, targets

    request = cast(Request, app.current_request)
    here = runtime.current()
    _unlock(request, here.settings.schedule_key)
    meeting = parse(_json_body(request), here.clock(), here.policy)
    own_arn = getattr(app.lambda_context, "invoked_function_arn", None)
    aims = targets(here.settings.timers(), own_arn)
    return Response(here.scheduler.schedule(meeting, aims, request.headers.get("idempotency-key")))


@app.route("/join/{meetingId}/{role}", cors=CORS)
@answering
def join(meetingId: str, role: str) -> Response:  # noqa: N803  the contract's own name
    """Tell a person whether their desktop is ready, and where it is."""
    here = runtime.current()
    who = links.role_of(role)
    meeting_id = links.meeting_id_of(meetingId, who, here.settings.link_signing_key)
    answer = resolve_join(here.meetings, meeting_id, who, here.clock, here.policy)
    if isinstance(answer, NotYet):
        body = {
            "message": "Your desktop is being prepared.",
            "status": answer.status.value,
            "progress": progress(answer),
        }
        return Response(body, status_code=202, headers={"Retry-After": str(int(answer.ask_again.total_seconds()))})
    return Response({"message": "Your desktop is ready.", "dcv_url": answer.link, "status": answer.status.value})


def _refusal(
    status_code: int,
    error: Exception,
    more: Mapping[str, object] | None = None,
    headers: dict[str, str | list[str]] | None = None,
) -> Response:
    return Response({"message": str(error), **(more or {})}, headers, status_code)


def _json_body(request: Request) -> object:
    try:
        return json.loads(request.raw_body)
    except (ValueError, RecursionError):
        raise errors.BadRequest("The body is not JSON; send the schedule form's fields as a JSON object.") from None


def _unlock(request: Request, key: str | None) -> None:
    if key is None:
        return
    given = request.headers.get("x-schedule-key")
    if not given:
        raise errors.KeyMissing("Scheduling is locked here; send the key in the header X-Schedule-Key.")
    if not hmac.compare_digest(given.encode(), key.encode()):
        raise errors.Forbidden("The key in X-Schedule-Key is not the one that unlocks scheduling here.")


# --- time and the cloud


class Event(BaseLambdaEvent):
    """An event as it came. Chalice's own classes fail on a missing field before anybody can say which it was."""

    def _extract_attributes(self, event_dict: dict[str, Any]) -> None:
        """Take no field for granted; events.py reads them."""


@app.lambda_function(name="launch_ec2")
def launch_ec2(event: object, context: object) -> None:
    """The meeting's launch timer has fired, or somebody tests a launch by hand."""
    runtime.current().triggers.launch_timer(events.timer(event))


@app.lambda_function(name="safety_net")
def safety_net(event: object, context: object) -> None:
    """The meeting's safety timer has fired."""
    runtime.current().triggers.safety_timer(events.timer(event))


@app.on_cw_event(EC2_STATES, name="dns_watchdog")
def dns_watchdog(event: Event) -> None:
    """An instance runs, or is on its way out."""
    runtime.current().triggers.state_change(events.state_change(event.to_dict()))


@app.on_dynamodb_record(stream_arn=STREAM_ARN, batch_size=25, name="stream_terminator")
def stream_terminator(event: Event) -> None:
    """Rows were written: by the app, by desktops, by hand."""
    runtime.current().triggers.row_changes(events.row_changes(event.to_dict()))


@app.schedule(Rate(1, unit=Rate.MINUTES), name="sweep")
def sweep(event: Event) -> None:
    """A minute has passed: make certain of everything."""
    here = runtime.current()
    remaining_ms: int = cast(Any, event.context).get_remaining_time_in_millis()
    budget_s = remaining_ms / 1000 - SWEEP_MARGIN_S
    here.sweeper.sweep(stop_at=here.clock() + timedelta(seconds=budget_s))


for handler in (dns_watchdog, stream_terminator, sweep):
    handler.event_class = Event
