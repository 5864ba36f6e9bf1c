"""Every trigger of the app: unpack, call one thing, map errors. No rules here (those are in chalicelib/rules/)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import partial, wraps
from itertools import chain
from typing import TYPE_CHECKING, Any, cast

from chalice.app import BaseLambdaEvent, Chalice, CORSConfig, IAMAuthorizer, Rate, Request, Response, RouteEntry

from chalicelib import log, runtime
from chalicelib.domain import errors, rows
from chalicelib.domain.access import AccessKey, Scope
from chalicelib.domain.keys import Purpose
from chalicelib.domain.model import Status
from chalicelib.environment import Settings
from chalicelib.people import consent, links, told
from chalicelib.people.join import PAUSED, SCHEDULED, NotYet, Visit, progress, resolve_join
from chalicelib.settings import Scheduling

if TYPE_CHECKING:
    from chalicelib.guests.desk import Desk
    from chalicelib.people.manage import Actor
    from chalicelib.people.wishes import Wish

app = Chalice(app_name="elephant", configure_logs=False)
log.start()

CORS = CORSConfig(
    allow_origin="*",
    allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-Schedule-Key"],
    expose_headers=["Retry-After", "Elephant", "Elephant-Time"],
    max_age=600,
)
HTTPS_ONLY = "max-age=31536000"
"""For a year browsers ask this host by HTTPS alone, whatever a link says; of a run at home, over HTTP, they do not."""
SORRY = "Something is wrong on our side; this app's log says what."
PAGE_HEADERS: dict[str, str | list[str]] = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-cache",
    "Vary": "Accept-Language",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "frame-ancestors 'none'",
}
LOGO_HEADERS: dict[str, str | list[str]] = {
    "Content-Type": "image/svg+xml; charset=utf-8",
    "Cache-Control": "public, max-age=3600",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox",
}
"""An SVG is a document: opened by itself, it runs nothing, loads nothing and is none of the app's own."""
CSV_HEADERS: dict[str, str | list[str]] = {
    "Content-Type": "text/csv; charset=utf-8",
    "X-Content-Type-Options": "nosniff",
}
FETCHED_AHEAD = (("sec-purpose", "prefetch"), ("purpose", "prefetch"), ("x-purpose", "preview"), ("x-moz", "prefetch"))
"""What browsers say where they ask before anybody has clicked: how each header's value begins."""
EC2_STATES = {
    "source": ["aws.ec2"],
    "detail-type": ["EC2 Instance State-change Notification"],
    "detail": {"state": ["running", "shutting-down"]},
}
SWEEP_MARGIN = timedelta(seconds=15)
STREAM_ARN = Settings().stream_arn


# --- people

route = partial(app.route, cors=CORS, content_types=["*/*"])
"""A route that pages on any host may use, and scripts whatever they say of what they send."""


@app.middleware("http")
def vouch(event: Request | None, get_response: Callable[[Request | None], Response]) -> Response:
    """Let every answer bear the app's own mark and time, ask for HTTPS, and be JSON with a message where it is no page.

    Nothing keeps an answer that does not say itself who may, as pages and the logo do: they hold nothing personal.

    By the mark a page tells the app's word from that of the gateway, of a firewall or of a network's sign-in page. Not
    every answer is a view's: Chalice refuses methods, and answers for a view that failed.
    """
    try:
        response = get_response(event)
    except Exception as error:
        log.fail(log.Fail.REQUEST_FAILED, error)
        response = _refusal(500, errors.ElephantError(SORRY))
    if isinstance(response.body, Mapping) and "message" not in response.body:
        allowed = response.headers.get("Allow")
        sentence = f"This address takes {allowed} only." if allowed else SORRY
        response = _refusal(response.status_code, errors.ElephantError(sentence), headers=response.headers)
    headers = {
        "Content-Type": "application/json",
        "Cache-Control": "no-store",
        **CORS.get_access_control_headers(),
        **response.headers,
        "Strict-Transport-Security": HTTPS_ONLY,
        "Elephant": "1",
        "Elephant-Time": rows.timestamp(runtime.current().clock()),
    }
    body = "" if event and event.method == "HEAD" else response.body
    return Response(body, headers, response.status_code)


def answering(view: Callable[..., Response]) -> Callable[..., Response]:
    """Turn what goes wrong in a view into a status and a sentence; whatever it was, a person gets JSON.

    Chalice hides a view's own exceptions from middleware, so this stands around the view itself.
    """

    @wraps(view)
    def answer(*args: str, **path: str) -> Response:
        try:
            return view(*args, **path)
        except errors.ElephantError as error:
            return _refused(error)
        except Exception as error:
            log.fail(log.Fail.REQUEST_FAILED, error)
            return _refusal(500, errors.ElephantError(SORRY))

    return answer


STATUSES: tuple[tuple[type[errors.ElephantError], int], ...] = (
    (errors.BadRequest, 400),
    (errors.KeyMissing, 401),
    (errors.Forbidden, 403),
    (errors.NoSuchAddress, 404),
    (errors.NoSuchMeeting, 404),
    (errors.KeyTaken, 409),
    (errors.NotPossible, 409),
    (errors.TimeFull, 409),
    (errors.UploadRefused, 409),
    (errors.MeetingOver, 410),
    (errors.LimitReached, 429),
    (errors.StagePaused, 503),
    (errors.Unavailable, 503),
)
"""What is answered where a request cannot be fulfilled; any other error is the app's own: 500."""


def _refused(error: errors.ElephantError) -> Response:
    """Answer for what went wrong, with all that whoever asks is told of it."""
    status = next((status for kind, status in STATUSES if isinstance(error, kind)), 500)
    match error:
        case errors.BadRequest(problems=[_, *_] as problems):
            return _refusal(status, error, {"errors": [{"field": name, "problem": said} for name, said in problems]})
        case errors.KeyMissing():
            return _refusal(status, error, headers={"WWW-Authenticate": "Bearer"})
        case errors.LinkReplaced():
            return _refusal(status, error, {"why": "replaced"})
        case errors.NoSuchMeeting():
            unknown = errors.NoSuchMeeting("There is no such meeting; open the link exactly as it was sent.")
            return _refusal(status, unknown)
        case errors.TimeFull():
            return _refusal(status, error, {"free": [rows.timestamp(moment) for moment in error.free]})
        case errors.MeetingOver():
            over = {"status": Status.TERMINATED.value, "reason": error.reason, **error.more}
            return _refusal(status, error, over)
        case errors.LimitReached():
            return _refusal(status, error, headers={"Retry-After": str(error.again_in_s)})
        case errors.StagePaused():
            return _refusal(status, error, {"why": "paused"}, headers={"Retry-After": "60"})
        case errors.Unavailable():
            log.fail(log.Fail.UNAVAILABLE, error)
            sorry = "The meetings cannot be reached now; try again in a few seconds."
            told = error if isinstance(error, errors.BucketUnavailable) else errors.Unavailable(sorry)
            return _refusal(status, told, headers={"Retry-After": "5"})
    if status >= 500:
        log.fail(log.Fail.REQUEST_FAILED, error)
        return _refusal(status, errors.ElephantError(SORRY))
    return _refusal(status, error)


@route("/", methods=["GET", "HEAD"])
def schedule_page() -> Response:
    """The schedule form."""
    return _page("schedule")


@route("/meeting", methods=["GET", "HEAD"])
def meeting_page() -> Response:
    """The page behind a link: it waits, then opens the door."""
    return _page("meeting")


@route("/manage", methods=["GET", "HEAD"])
def manage_page() -> Response:
    """The page behind the teacher's link on which they change their own meeting."""
    return _page("manage")


@route("/ops", methods=["GET", "HEAD"])
def ops_page() -> Response:
    """The operators' board, what is now and one meeting: a shell without any data, which asks for a key."""
    return _page("ops")


@route("/days", methods=["GET", "HEAD"])
def days_page() -> Response:
    """The board's days, weeks and figures: such a shell as well."""
    return _page("days")


@route("/logo", methods=["GET", "HEAD"])
@answering
def logo() -> Response:
    """The logo of whoever runs the stage."""
    from chalicelib.people.logo import picture

    return Response(picture(runtime.current().settings.operator().logo), LOGO_HEADERS)


@route("/", methods=["POST"])
@route("/schedule", methods=["POST"])
@answering
def schedule() -> Response:
    """Schedule a meeting from the form's JSON. Forms from before Elephant post it to the root of the stage."""
    from chalicelib.people.schedule import parse
    from chalicelib.people.timers import targets

    request = cast(Request, app.current_request)
    here = runtime.current()
    key = _unlocked(request, here)
    meeting = parse(_json_body(request), here.clock(), here.policy, here.settings.link_hosts)
    here.refuse_while_paused()
    _count(key)
    aims, by = targets(here.settings.timers(), _own_arn()), key.name if key else None
    made = here.scheduler.schedule(meeting, aims, request.headers.get("idempotency-key", "").strip(), by)
    return Response(made | consent.notice(here.settings.recordings(), here.settings.operator()))


@route("/join/{meetingId}/{role}", methods=["GET", "HEAD"])
@answering
def join(meetingId: str, role: str) -> Response:  # noqa: N803  the contract's own name
    """Tell a person whether their desktop is ready, and where it is. Who only peeks has not come, and gets no token."""
    request = cast(Request, app.current_request)
    visit = _visit(request)
    here = runtime.current()
    seat = links.role_of(role)
    meetings = here.meetings_at_the_door(links.meeting_id_in(meetingId, seat), clicks=visit is Visit.CLICK)
    link = links.parse(meetingId, seat, here.link_keys)
    recordings = here.settings.recordings()
    notice = consent.notice(recordings, here.settings.operator())
    answer = resolve_join(
        meetings,
        link,
        here.clock,
        here.policy,
        visit=visit,
        recorded=recordings.record,
        consents=bool(notice) and _says(request, "consent"),
    )
    headers: dict[str, str | list[str]] = {"Retry-After": str(int(answer.ask_again.total_seconds()))}
    body: dict[str, object] = {"status": answer.status.value, **notice, **answer.told}
    if isinstance(answer, NotYet):
        body |= {"message": answer.message, "progress": progress(answer)}
        if answer.step not in (SCHEDULED, PAUSED):
            body |= told.usual_wait(here.lately, here.clock())
        return Response(body, headers, 202)
    body |= {"message": "Your desktop is ready.", "dcv_url": answer.link}
    if visit is Visit.CLICK and (tokens := here.door_keys()):
        from secrets import token_hex

        from chalicelib.domain.door import door_token

        body["auth_token"] = door_token(tokens, answer.desktop_id, link.role, here.clock(), token_hex(16))
    return Response(body, headers)


def _visit(request: Request) -> Visit:
    """Return how somebody asks: with a click, from a page that waits, or by what may be no person at all."""
    ahead = any(request.headers.get(name, "").lower().startswith(word) for name, word in FETCHED_AHEAD)
    if request.method == "HEAD" or ahead:
        return Visit.LOOK
    return Visit.PEEK if _says(request, "peek") else Visit.CLICK


def _query(name: str) -> str:
    """Return what the present request's query says under this name, empty where it says nothing."""
    query = cast(Request, app.current_request).query_params
    return str(query.get(name, "")) if query else ""


def _says(request: Request, name: str) -> bool:
    """Return whether the query says this: `peek=1`."""
    query = request.query_params
    return query is not None and query.get(name, "0") not in ("", "0")


@route("/meetings", methods=["GET", "HEAD"])
@answering
def meetings() -> Response:
    """List the meetings of now or, by pages, those of a `day`, to whoever brings a key that may see them."""
    _key(Scope.READ)
    board, day = runtime.current().board, _query("day")
    told = board.day(day, _query("tz"), _query("after")) if day else board.now()
    return Response({"message": "These are the meetings."} | told)


@route("/calendar", methods=["GET", "HEAD"])
@answering
def calendar() -> Response:
    """Tell how many desktops are wanted when, for some weeks from a `day` on."""
    _key(Scope.READ)
    here = runtime.current()
    day = _query("day") or f"{here.clock():%Y-%m-%d}"
    return Response({"message": "So many desktops are wanted."} | here.board.strip(day, _query("weeks")))


@route("/cost", methods=["GET", "HEAD"])
@answering
def cost() -> Response:
    """Tell whoever may schedule what a meeting would cost."""
    _key(Scope.SCHEDULE)
    told = runtime.current().board.would_cost(_query("duration_minutes"))
    return Response({"message": "So much it would cost." if told else "No prices are set here."} | told)


@route("/report", methods=["GET", "HEAD"])
@answering
def week_report() -> Response:
    """Tell the figures of a week's meetings, as JSON or as `format=csv`."""
    from chalicelib.people.report import as_csv

    _key(Scope.READ)
    week = _query("week") or f"{runtime.current().clock():%G-W%V}"
    told = runtime.current().board.week(week)
    if _query("format") != "csv":
        return Response({"message": "These are the figures."} | told)
    name = f'attachment; filename="elephant-{week}.csv"'
    return Response(as_csv(told), CSV_HEADERS | {"Content-Disposition": name})


@route("/meetings/{meetingId}/recordings", methods=["POST"])
@answering
def recording_links(meetingId: str) -> Response:  # noqa: N803
    """Give links to what was recorded of a meeting, to whoever brings a key for it; its history tells that."""
    from chalicelib.people.wishes import parse_reason

    actor, key = _who(meetingId, Scope.OPERATE)
    why = parse_reason(_sent())
    _count(key)
    return Response(runtime.current().listener.links(actor, why))


@route("/meetings/{meetingId}", methods=["GET", "HEAD"])
@answering
def managed(meetingId: str) -> Response:  # noqa: N803  the contract's own name
    """Show a meeting to whoever may manage it, and what they can do."""
    actor, _ = _who(meetingId, Scope.READ)
    return _told(runtime.current().manager(_own_arn()).show(actor))


@route("/meetings/{meetingId}", methods=["PATCH"])
@answering
def change(meetingId: str) -> Response:  # noqa: N803
    """Move, lengthen or rename a meeting."""
    from chalicelib.people.wishes import parse_change

    here = runtime.current()
    return _granted(meetingId, lambda: parse_change(_sent(), here.clock(), here.policy))


@route("/meetings/{meetingId}", methods=["DELETE"])
@answering
def call_off(meetingId: str) -> Response:  # noqa: N803
    """Cancel a meeting."""
    from chalicelib.people.wishes import parse_call_off

    return _granted(meetingId, lambda: parse_call_off(_query("reason") or None))


@route("/meetings/{meetingId}/extend", methods=["POST"])
@answering
def extend(meetingId: str) -> Response:  # noqa: N803
    """Let people's time end later."""
    from chalicelib.people.wishes import parse_extension

    return _granted(meetingId, lambda: parse_extension(_sent(), runtime.current().policy))


@route("/meetings/{meetingId}/end", methods=["POST"])
@answering
def end(meetingId: str) -> Response:  # noqa: N803
    """Let people's time end now."""
    from chalicelib.people.wishes import parse_end

    return _granted(meetingId, lambda: parse_end(_sent()))


@route("/meetings/{meetingId}/replace", methods=["POST"])
@answering
def replace_desktop(meetingId: str) -> Response:  # noqa: N803
    """Ask for another desktop for a role."""
    from chalicelib.people.wishes import parse_replacement

    return _granted(meetingId, lambda: parse_replacement(_sent()))


@route("/meetings/{meetingId}/links", methods=["POST"])
@answering
def renew_link(meetingId: str) -> Response:  # noqa: N803
    """Make a role's link anew."""
    from chalicelib.people.wishes import parse_new_link

    return _granted(meetingId, lambda: parse_new_link(_sent(), runtime.current().link_keys()))


def _told(meeting: dict[str, Any]) -> Response:
    """Return what is told of a managed meeting, with what its people are told of being recorded."""
    settings = runtime.current().settings
    return Response(meeting | consent.notice(settings.recordings(), settings.operator()))


def _granted(public_id: str, asked: Callable[[], Wish]) -> Response:
    """Fulfil what is asked for, once it is understood and whoever asks was counted."""
    actor, key = _who(public_id, Scope.OPERATE)
    wish = asked()
    _count(key)
    return _told(runtime.current().manager(_own_arn()).grant(actor, wish))


def _who(public_id: str, scope: Scope) -> tuple[Actor, AccessKey | None]:
    """Return who asks for a meeting: with a key of this scope, or by its teacher's link."""
    from chalicelib.people.manage import by_link, with_key

    here = runtime.current()
    if _key_given(cast(Request, app.current_request)):
        key = _key(scope)
        return with_key(public_id, key), key
    return by_link(public_id, here.link_keys), None


# --- desktops

guest_route = partial(app.route, authorizer=IAMAuthorizer(), content_types=["*/*"])
"""A route for desktops, which sign what they ask. Where nothing checks signatures nobody is known: all are refused."""


@guest_route("/desktop/{meetingId}", methods=["GET"])
@answering
def whose_desktop(meetingId: str) -> Response:  # noqa: N803  the contract's own name
    """Tell a desktop whose it is, and all that it must know."""
    from chalicelib.guests import desk

    here, desktop_id = _speaker()
    return _place(here, desk.desk_of(here.meetings_with(meetingId, Purpose.TOKENS), meetingId, desktop_id))


@guest_route("/desktop/{meetingId}/ready", methods=["POST"])
@answering
def desktop_ready(meetingId: str) -> Response:  # noqa: N803
    """A desktop says that it is ready, or what it lacks."""
    from chalicelib.guests import desk

    here, desktop_id = _speaker()
    missing = desk.parse_missing(_json_body(cast(Request, app.current_request)))
    desk.report_ready(here.meetings, desk.desk_of(here.meetings, meetingId, desktop_id), missing, here.clock())
    return Response({"message": "It is noted."})


@guest_route("/desktop/{meetingId}/presence", methods=["POST"])
@answering
def desktop_presence(meetingId: str) -> Response:  # noqa: N803
    """A desktop says whether somebody is connected to it, and hears what it asks for anyhow."""
    from chalicelib.guests import desk

    here, desktop_id = _speaker()
    request, now = cast(Request, app.current_request), here.clock()
    connected, since = desk.parse_presence(_json_body(request))
    said_at = desk.parse_said_at(request.headers.get("x-amz-date"), now)
    meetings = here.meetings_with(meetingId, Purpose.TOKENS)
    place = desk.desk_of(meetings, meetingId, desktop_id)
    place = desk.report_presence(meetings, place, connected, now, said_at=said_at, since=since)
    return _place(here, place)


@guest_route("/desktop/{meetingId}/certificate", methods=["GET"])
@answering
def desktop_certificate(meetingId: str) -> Response:  # noqa: N803
    """Hand a desktop that is on a living row its certificate, with the key."""
    from chalicelib.guests import desk

    here, desktop_id = _speaker()
    desk.desk_of(here.meetings, meetingId, desktop_id)
    return Response(desk.hand_over(here.keys.certificate()))


@guest_route("/desktop/{meetingId}/uploaded", methods=["POST"])
@answering
def desktop_uploaded(meetingId: str) -> Response:  # noqa: N803
    """A desktop says where its session was uploaded to, or what became of its recording's pieces.

    A meeting that has ended takes it as well.
    """
    from chalicelib.guests import desk, recordings

    here, desktop_id = _speaker()
    request, now = cast(Request, app.current_request), here.clock()
    body, said_at = _json_body(request), desk.parse_said_at(request.headers.get("x-amz-date"), now)
    if isinstance(body, Mapping) and "pieces" in body:
        told = recordings.parse_told(body)
        place = _of_recordings(here, meetingId, desktop_id)
        recordings.note(here.meetings, here.recordings, place, told, here.policy, said_at)
    else:
        url = desk.parse_upload(body)
        place = desk.desk_of(here.meetings, meetingId, desktop_id, though_over=True)
        desk.report_upload(here.meetings, place, url, now, said_at=said_at)
    return Response({"message": "It is noted."})


@guest_route("/desktop/{meetingId}/recordings", methods=["POST"])
@answering
def desktop_recordings(meetingId: str) -> Response:  # noqa: N803
    """A desktop asks what of a piece is in the bucket, and for links to put what is not."""
    from chalicelib.guests import recordings

    here, desktop_id = _speaker()
    asked = recordings.parse_piece(_json_body(cast(Request, app.current_request)), whole=False)
    place = _of_recordings(here, meetingId, desktop_id)
    return Response(recordings.links(here.recordings, place, asked, here.policy).answer())


@guest_route("/desktop/{meetingId}/recordings/safe", methods=["POST"])
@answering
def desktop_recordings_safe(meetingId: str) -> Response:  # noqa: N803
    """A desktop has sent all parts of a piece: it is made whole, and checked."""
    from chalicelib.guests import recordings

    here, desktop_id = _speaker()
    asked = recordings.parse_piece(_json_body(cast(Request, app.current_request)), whole=True)
    recordings.finish(here.recordings, _of_recordings(here, meetingId, desktop_id), asked, here.policy)
    return Response({"message": "It is safe.", "safe": True})


def _of_recordings(here: runtime.Runtime, meeting_id: str, desktop_id: str) -> Desk:
    """Return the place of the desktop that asks about recordings; they are taken after the end as well."""
    from chalicelib.guests import desk, recordings

    place = desk.desk_of(here.meetings, meeting_id, desktop_id, though_over=True)
    recordings.refuse_erased(place)
    return place


def _place(here: runtime.Runtime, place: Desk) -> Response:
    from chalicelib.guests import desk

    recordings = here.settings.recordings()
    keys, roots = here.keys.of(Purpose.TOKENS), here.keys.issuer_root()
    uploads = recordings.bucket is not None
    told = desk.describe(place, keys, roots, here.policy, record=recordings.record, uploads=uploads)
    return Response(told | {"certificate_id": here.keys.certificate_id()})


def _speaker() -> tuple[runtime.Runtime, str]:
    """Return where this is, and the id of the desktop that asks, by AWS's word."""
    from chalicelib.guests.identity import speaker

    here = runtime.current()
    identity = cast(Request, app.current_request).context.get("identity") or {}
    return here, speaker(identity, here.settings.desktop_role)


@answering
def nothing_here() -> Response:
    """Answer for a path that is none of the app's."""
    raise errors.NoSuchAddress("There is nothing at this address; look for a slip in its path.")


class Routes(dict[str, dict[str, RouteEntry]]):
    """The app's routes, for a deploy; for a gateway on this machine every other path too.

    API Gateway answers an unknown path itself, with the headers that the deploy gave it. The gateways of
    `chalice local` and of Chalice's test client answer without any, so that no page elsewhere could read it: they are
    told that every path is a route. They look through the keys, a deploy takes the items.
    """

    METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
    ELSEWHERE = tuple("/{}" * parts for parts in range(17))

    def __iter__(self) -> Iterator[str]:
        return chain(super().__iter__(), self.ELSEWHERE)

    def __missing__(self, path: str) -> dict[str, RouteEntry]:
        answer = partial(RouteEntry, nothing_here, nothing_here.__name__, path, cors=CORS)
        return {method: answer(method) for method in self.METHODS}


app.routes = Routes(app.routes)


def _page(name: str) -> Response:
    from chalicelib.people.pages import language_for, page

    request = cast(Request, app.current_request)
    query = request.query_params
    asked = query.get("lang", "") if query else ""
    language = language_for(asked, request.headers.get("accept-language", ""))
    return Response(page(name, runtime.current().settings.operator(), language), headers=PAGE_HEADERS)


def _refusal(
    status_code: int,
    error: Exception,
    more: Mapping[str, object] | None = None,
    headers: dict[str, str | list[str]] | None = None,
) -> Response:
    return Response({"message": str(error), **(more or {})}, headers, status_code)


def _own_arn() -> str | None:
    """Return the running function's ARN, None outside Lambda."""
    return getattr(app.lambda_context, "invoked_function_arn", None)


def _sent() -> object:
    """Return what the present request's body holds."""
    return _json_body(cast(Request, app.current_request))


def _json_body(request: Request) -> object:
    try:
        return json.loads(request.raw_body)
    except (ValueError, RecursionError):
        raise errors.BadRequest("The body is not JSON; send the fields as a JSON object.") from None


def _key_given(request: Request) -> str:
    """Return the key that a request brings, empty where it brings none."""
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    return given.strip() if kind.lower() == "bearer" else str(request.headers.get("x-schedule-key", ""))


def _key(scope: Scope) -> AccessKey:
    """Return the key of this scope that the present request brings."""
    from chalicelib.people.admission import admit

    here = runtime.current()
    return admit(_key_given(cast(Request, app.current_request)), here.keys, scope, here.clock())


def _unlocked(request: Request, here: runtime.Runtime) -> AccessKey | None:
    """Return the key that scheduling takes; where it takes none, the one that was brought, if it is any."""
    if here.settings.scheduling is Scheduling.LOCKED:
        return _key(Scope.SCHEDULE)
    from chalicelib.people.admission import recognised

    given = _key_given(request)
    return recognised(given, here.keys, here.clock()) if given else None


def _count(key: AccessKey | None) -> None:
    """Count a use of this key, if there is one: what asked for it is understood, and nothing is done yet."""
    uses = runtime.current().uses if key else None
    if key and uses:
        uses.count(key)


# --- time and the cloud


class Event(BaseLambdaEvent):
    """An event as it came. Chalice's own classes fail on a missing field before anybody can say which it was."""

    def _extract_attributes(self, event_dict: dict[str, Any]) -> None:
        """Take no field for granted; events.py reads them."""


@app.lambda_function(name="launch_ec2")
def launch_ec2(event: object, context: object) -> None:
    """The meeting's launch timer has fired, or somebody tests a launch by hand."""
    from chalicelib.control import events

    here = runtime.current()
    here.triggers.launch_timer(events.timer(event, here.seal))


@app.lambda_function(name="safety_net")
def safety_net(event: object, context: object) -> None:
    """The meeting's safety timer has fired."""
    from chalicelib.control import events

    runtime.current().triggers.safety_timer(events.timer(event))


@app.on_cw_event(EC2_STATES, name="dns_watchdog")
def dns_watchdog(event: Event) -> None:
    """An instance runs, or is on its way out."""
    from chalicelib.control import events

    runtime.current().triggers.state_change(events.state_change(event.to_dict()))


@app.on_dynamodb_record(stream_arn=STREAM_ARN, batch_size=25, name="stream_terminator")
def stream_terminator(event: Event) -> None:
    """Rows were written: by the app, by desktops, by hand. Others are told whatever failed for the meetings."""
    from chalicelib.control import events

    here, told = runtime.current(), event.to_dict()
    try:
        here.triggers.row_changes(events.row_changes(told, here.seal))
    finally:
        if here.announcing:
            here.announcing.row_changes(events.images(told))


@app.schedule(Rate(1, unit=Rate.MINUTES), name="sweep")
def sweep(event: Event) -> None:
    """A minute has passed: make certain of everything."""
    here = runtime.current()
    remaining_ms: int = cast(Any, event.context).get_remaining_time_in_millis()
    end = here.clock() + timedelta(milliseconds=remaining_ms)
    with here.sweeping(until=end) as alone:
        if alone:
            here.sweeper.sweep(stop_at=end - SWEEP_MARGIN)
        else:
            log.note(log.Note.SWEEP_LEFT, why="another sweep is at work")


for handler in (dns_watchdog, stream_terminator, sweep):
    handler.event_class = Event
