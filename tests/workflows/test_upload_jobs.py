"""Jobs: what a worker does with an upload, and what everybody hears of it."""

import gc
from dataclasses import replace
from weakref import ref

import pytest
from sqlalchemy import text

from geocode import Text
from store.database import transaction
from store.errors import DatabaseError, NotHereError
from store.jobs import add_job_event, holding_job, read_jobs
from store.offices import find_office
from tests.conftest import settings_for
from tests.workflows.conftest import house
from workflows import jobs as upload_jobs
from workflows.errors import ForbiddenError, RefusedOptionError, ReusedKeyError
from workflows.jobs import ask_for_upload, cancel_job, list_jobs, read_events, show_job, work
from workflows.offices import open_office
from workflows.principals import find_principal, issue_key
from workflows.upload_reports import find_report
from workflows.uploading import DeliveryOptions, upload_file


@pytest.fixture
def installation(database, tmp_path):
    return settings_for(database, tmp_path)


@pytest.fixture
def ask(database, principal, installation, deliver):
    """Return what asks for an upload of some houses by a job."""
    written = {}

    def asked(shapes=None, *, key=None, by=principal, **options):
        shapes = shapes or [house(0, 0), house(40, 0)]
        # a GeoPackage says when it was written
        path = written.get(str(shapes)) or deliver(shapes)
        written[str(shapes)] = path
        return ask_for_upload(
            database,
            path,
            principal=by,
            documents=installation.documents,
            file="survey.gpkg",
            options=DeliveryOptions(**options),
            key=key,
        )

    return asked


@pytest.fixture
def someone(database):
    """Return what makes a principal of an office and a role."""

    def make(role, office):
        key = issue_key(database, office=office, name=office, role=role, label=f"{office} {role}")
        return find_principal(database, key=key, local=False)

    return make


def states(database, job, principal):
    return list(dict.fromkeys(event["state"] for _, event in read_events(database, job["id"], principal=principal)))


def count(database, table):
    with transaction(database) as connection:
        return connection.execute(text(f"select count(*) from {table}")).scalar_one()


def test_a_job_waits_until_a_worker_has_done_it_and_tells_each_step(database, principal, installation, ask):
    job = ask()
    assert (job["state"], job["result"]) == ("waiting", None)
    work(installation, once=True)
    done = show_job(database, job["id"], principal=principal)
    assert done["state"] == "done"
    assert (done["result"]["rows"], done["result"]["accepted"]) == (2, 2)
    report = find_report(database, done["result"]["upload"], principal=principal)
    assert [row.outcome for row in report.results] == ["new", "new"]
    assert report.file == "survey.gpkg"
    events = [event for _, event in read_events(database, job["id"], principal=principal)]
    steps = [event["step"]["code"] for event in events if event["step"]]
    assert steps == ["reading", "checking", "matching", "registering", "recording"]
    assert [number for number, _ in read_events(database, job["id"], principal=principal)] == list(
        range(1, len(events) + 1)
    )
    assert count(database, "procrastinate_jobs") == 0


def test_a_job_leaves_nothing_in_its_worker(installation, ask, monkeypatch):
    left = []

    class Circle:
        def __init__(self):
            self.own = self

    def upload(*_args, **_options):
        left.append(ref(Circle()))
        raise NotHereError(Text("无", "none"))

    monkeypatch.setattr(upload_jobs, "upload_file", upload)
    gc.disable()
    try:
        ask()
        work(installation, once=True)
    finally:
        gc.enable()
    assert [circle() for circle in left] == [None]


def test_events_are_read_on_from_a_number(database, principal, installation, ask):
    job = ask()
    work(installation, once=True)
    every = read_events(database, job["id"], principal=principal)
    assert read_events(database, job["id"], principal=principal, after=every[2][0]) == every[3:]


def test_the_same_key_is_the_same_job(database, principal, ask):
    first, again = ask(key="a"), ask(key="a")
    assert again["id"] == first["id"]
    with pytest.raises(ReusedKeyError):
        ask(key="a", mode="good")
    assert len(list_jobs(database, principal=principal)) == 1


def test_a_key_of_an_upload_that_is_answered_at_once_is_no_other_uploads(database, principal, deliver, tmp_path):
    first, second = deliver([house(0, 0)], "first.gpkg"), deliver([house(40, 0)], "second.gpkg")

    def upload(path):
        return upload_file(
            database,
            path,
            principal=principal,
            documents=tmp_path / "documents",
            options=DeliveryOptions(),
            key="a",
        )

    assert upload(first).id == upload(first).id
    with pytest.raises(ReusedKeyError):
        upload(second)


def test_a_job_that_nobody_began_is_cancelled_at_once(database, principal, installation, ask):
    job = ask()
    assert cancel_job(database, job["id"], principal=principal)["state"] == "cancelled"
    work(installation, once=True)
    assert states(database, job, principal) == ["waiting", "cancelled"]
    assert count(database, "upload") == 0


def test_a_job_that_is_cancelled_while_it_runs_leaves_nothing(database, principal, installation, ask, monkeypatch):
    job = ask()
    hear = upload_jobs._Listener.__call__

    def cancelled_late(listener, step, done=0, total=None):
        if step == "recording":
            cancel_job(database, job["id"], principal=principal)
        hear(listener, step, done, total)

    monkeypatch.setattr(upload_jobs._Listener, "__call__", cancelled_late)
    work(installation, once=True)
    assert states(database, job, principal) == ["waiting", "running", "cancelling", "cancelled"]
    assert [count(database, table) for table in ("upload", "building", "event")] == [0, 0, 0]


def test_a_job_that_has_ended_stays_as_it_is(database, principal, installation, ask):
    job = ask()
    work(installation, once=True)
    assert cancel_job(database, job["id"], principal=principal)["state"] == "done"
    with transaction(database) as connection:
        assert not add_job_event(connection, job["id"], "running", {})


def test_a_refused_delivery_fails_with_the_rows_that_stand_in_its_way(database, principal, installation, ask):
    job = ask([house(0, 0), house(5, 0)])
    work(installation, once=True)
    failed = show_job(database, job["id"], principal=principal)
    assert failed["state"] == "failed"
    assert failed["problem"]["refused"] == 1
    assert [row["row"] for row in failed["problem"]["results"]] == [1]
    assert failed["problem"]["text"]["zh"]
    assert count(database, "upload") == 0


def test_a_file_that_cannot_be_read_fails_with_its_reason(database, principal, installation, tmp_path):
    path = tmp_path / "a.geojson"
    path.write_text("nothing of the kind")
    asked = {"principal": principal, "documents": installation.documents, "options": DeliveryOptions()}
    job = ask_for_upload(database, path, file="a.geojson", **asked)
    work(installation, once=True)
    problem = show_job(database, job["id"], principal=principal)["problem"]
    assert problem["text"]["en"]
    assert problem["remedy"]["zh"]


def test_options_that_no_upload_could_have_are_refused_before_there_is_a_job(database, principal, ask):
    with pytest.raises(RefusedOptionError):
        ask(mode="some")
    assert list_jobs(database, principal=principal) == []


def test_a_job_whose_worker_died_is_done_by_the_next_one_and_once(database, principal, installation, ask):
    job = ask()
    with transaction(database) as connection:
        # as a worker leaves it that is killed between two steps
        connection.execute(text("update procrastinate_jobs set status = 'doing'"))
        add_job_event(connection, job["id"], "running", {"step": "matching"})
    work(installation, once=True)
    assert show_job(database, job["id"], principal=principal)["state"] == "done"
    assert (count(database, "upload"), count(database, "building")) == (1, 2)


def test_a_job_that_was_registered_before_its_worker_died_is_registered_once(
    database, principal, installation, ask, monkeypatch
):
    job = ask()
    upload_jobs._do(database, installation, job["id"])
    work(installation, once=True)
    done = show_job(database, job["id"], principal=principal)
    assert (done["state"], done["result"]["repeated"]) == ("done", True)
    assert (count(database, "upload"), count(database, "building")) == (1, 2)


def test_a_job_that_somebody_works_on_is_left_to_them(database, principal, installation, ask):
    job = ask()
    with transaction(database) as connection:
        connection.execute(text("update procrastinate_jobs set status = 'doing'"))
    with holding_job(database, job["id"]) as is_ours:
        assert is_ours
        work(installation, once=True)
        upload_jobs._run(database, installation, job["id"], 0)
    assert states(database, job, principal) == ["waiting"]


def test_a_job_that_costs_worker_after_worker_is_given_up(database, principal, installation, ask):
    job = ask()
    with transaction(database) as connection:
        connection.execute(text("update procrastinate_jobs set attempts = 4"))
    work(installation, once=True)
    assert show_job(database, job["id"], principal=principal)["problem"]["kind"] == "worker_lost"


def test_a_job_that_the_database_broke_off_is_tried_again(database, principal, installation, ask, monkeypatch):
    job = ask()

    def broken(*_):
        raise DatabaseError(upload_jobs.STATES["failed"])

    with monkeypatch.context() as patched:
        patched.setattr(upload_jobs, "_upload", broken)
        work(installation, once=True)
    assert states(database, job, principal) == ["waiting", "running"]
    with transaction(database) as connection:
        connection.execute(text("update procrastinate_jobs set scheduled_at = now()"))
    work(installation, once=True)
    assert show_job(database, job["id"], principal=principal)["state"] == "done"


def test_what_nobody_foresaw_ends_a_job_with_a_sentence(database, principal, installation, ask, monkeypatch):
    job = ask()
    monkeypatch.setattr(upload_jobs, "_upload", lambda *_: 1 / 0)
    work(installation, once=True)
    assert show_job(database, job["id"], principal=principal)["problem"]["kind"] == "unexpected"


def test_an_office_sees_its_own_jobs_and_planners_all(database, installation, ask, someone):
    job = ask(by=someone("surveyor", "first"))
    with pytest.raises(NotHereError):
        show_job(database, job["id"], principal=someone("surveyor", "second"))
    assert show_job(database, job["id"], principal=someone("planner", "second"))["id"] == job["id"]
    assert list_jobs(database, principal=someone("surveyor", "second")) == []
    with pytest.raises(ForbiddenError):
        cancel_job(database, job["id"], principal=someone("planner", "first"))
    with pytest.raises(NotHereError):
        cancel_job(database, job["id"], principal=someone("surveyor", "second"))


def test_a_job_is_done_in_the_name_of_who_asked(database, installation, ask, someone):
    surveyor = someone("surveyor", "first")
    job = ask(by=surveyor)
    work(installation, once=True)
    upload = show_job(database, job["id"], principal=surveyor)["result"]["upload"]
    with transaction(database) as connection:
        told = connection.execute(text("select office_id, actor from upload where id = :id"), {"id": upload}).one()
    assert tuple(told) == (surveyor.office_id, surveyor.actor)


def test_what_a_job_does_ends_at_the_border_of_whose_key_asked_for_it(
    database, installation, ask, someone, monkeypatch
):
    surveyor = replace(someone("surveyor", "first"), division="22", offices=frozenset())
    open_office(
        database, "near", name_zh="近", division="220202", principal=find_principal(database, key=None, local=True)
    )
    heard = []

    def upload(seen, _path, *, principal, **_options):
        with transaction(seen) as connection:
            heard.append((principal, read_jobs(connection, office_id=None)))
        raise ForbiddenError(Text("", ""), Text("", ""))

    monkeypatch.setattr(upload_jobs, "upload_file", upload)
    ask(by=someone("surveyor", "second"))
    job = ask(by=surveyor)
    work(installation, once=True)
    (_, (principal, jobs)) = heard
    with transaction(database) as connection:
        near = find_office(connection, "near").id
    assert (principal.division, principal.offices) == ("22", frozenset({near}))
    assert (principal.office_id, principal.actor, principal.role) == (surveyor.office_id, surveyor.actor, "surveyor")
    assert [row.id for row in jobs] == [job["id"]]


def revoke_keys(as_owner, database):
    with transaction(as_owner(database)) as connection:
        connection.execute(text("update api_key set revoked_at = now()"))


def test_a_job_of_a_key_that_was_revoked_before_it_began_is_not_done(database, installation, ask, someone, as_owner):
    surveyor = someone("surveyor", "first")
    job = ask(by=surveyor)
    revoke_keys(as_owner, database)
    work(installation, once=True)
    failed = show_job(database, job["id"], principal=surveyor)
    assert (failed["state"], failed["problem"]["kind"]) == ("failed", "key_revoked")
    assert failed["problem"]["text"]["zh"]
    assert count(database, "upload") == 0


def test_a_job_of_a_key_that_is_revoked_while_it_runs_leaves_nothing(
    database, installation, ask, someone, as_owner, monkeypatch
):
    surveyor = someone("surveyor", "first")
    job = ask(by=surveyor)
    hear = upload_jobs._Listener.__call__

    def revoked_late(listener, step, done=0, total=None):
        if step == "recording":
            revoke_keys(as_owner, database)
        hear(listener, step, done, total)

    monkeypatch.setattr(upload_jobs._Listener, "__call__", revoked_late)
    work(installation, once=True)
    assert show_job(database, job["id"], principal=surveyor)["problem"]["kind"] == "key_revoked"
    # the office and its key are events
    assert [count(database, table) for table in ("upload", "building", "event")] == [0, 0, 2]


def test_a_key_of_the_same_label_and_role_goes_on_for_the_one_before(database, installation, ask, someone, as_owner):
    job = ask(by=someone("surveyor", "first"))
    revoke_keys(as_owner, database)
    surveyor = someone("surveyor", "first")
    work(installation, once=True)
    assert show_job(database, job["id"], principal=surveyor)["state"] == "done"


def kept(installation, folder="waiting"):
    """Return the hashes of the bytes in a part of the document folder."""
    root = installation.documents if folder is None else installation.documents / folder
    return sorted(path.name for path in root.glob("??/*"))


def test_what_a_job_was_about_is_a_document_once_it_is_registered_and_gone_where_it_is_not(
    database, principal, installation, ask
):
    good, refused, cancelled = ask(), ask([house(0, 0), house(5, 0)]), ask([house(80, 0)])
    assert kept(installation) == sorted(job["sha256"] for job in (good, refused, cancelled))
    assert kept(installation, None) == []
    cancel_job(database, cancelled["id"], principal=principal)
    work(installation, once=True)
    assert kept(installation) == []
    assert kept(installation, None) == [good["sha256"]]


def test_bytes_that_another_job_is_about_stay(database, principal, installation, ask, someone):
    first, second = ask(), ask(by=someone("surveyor", "first"))
    assert first["sha256"] == second["sha256"]
    cancel_job(database, first["id"], principal=principal)
    upload_jobs._run(database, installation, first["id"], 0)
    assert kept(installation) == [second["sha256"]]
    upload_jobs._run(database, installation, second["id"], 0)
    assert show_job(database, second["id"], principal=principal)["state"] == "done"
    assert kept(installation) == []


def test_bytes_that_a_lost_worker_left_are_gone_once_another_begins(database, principal, installation, ask):
    job = ask()
    with transaction(database) as connection:
        add_job_event(connection, job["id"], "failed", {"kind": "worker_lost"})
    (waiting,) = (installation.documents / "waiting").glob("??/*")
    waiting.with_name("half a copy").touch()
    upload_jobs._forget_all(database, installation)
    assert kept(installation) == ["half a copy"]


def test_a_step_is_told_at_its_beginning_at_its_end_and_now_and_then_between(database, principal, ask):
    listener = upload_jobs._Listener(database, (job := ask())["id"], principal)
    for done in range(101):
        listener("registering", done, 100)
    events = [event for _, event in read_events(database, job["id"], principal=principal)]
    told = [(event["done"], event["total"]) for event in events if event["step"]]
    assert (told[0], told[-1]) == ((0, 100), (100, 100))
    assert len(told) < 50
