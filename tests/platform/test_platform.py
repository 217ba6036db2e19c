"""The whole platform on a throwaway stack: one command up, a booking, losses, a restore, one command down.

The tests follow one another on the same stack, as a day of operating it would.
"""

import json
import re
import shlex
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import machine
import pytest
from business import Business, Outside, book_with_deposit, browser_at, log_in, open_page
from playwright.sync_api import expect
from throwaway import REPOSITORY, eventually
from visitor import Load, Visitor

from infra import paths
from infra.fleet import PORTS
from ops import artefact, site_root, stacks

pytestmark = pytest.mark.hosts

SLOTS = "/api/tenants/demo"
CUSTOMER = {"name": "Ada Customer", "email": "ada@customer.test"}


@pytest.fixture(scope="module")
def raised(stack):
    stack.make("up", "PROFILE=small")
    return stack


@pytest.fixture
def visitor(raised):
    root = site_root.fetch(stacks.named(raised.name), raised.facts)
    with Visitor(raised.facts.network.virtual_address, raised.facts.domain, root) as made:
        yield made


@pytest.fixture(scope="module")
def booked(raised):
    """One appointment, made as an end user; later tests look for it after each disaster."""
    root = site_root.fetch(stacks.named(raised.name), raised.facts)
    with Visitor(raised.facts.network.virtual_address, raised.facts.domain, root) as made:
        service, slots = made.free_slots("demo")
        wish = {"service": service["id"], "starts_at": slots[-1]["starts_at"], "customer": CUSTOMER}
        answer = made.book("demo", wish, key="platform-test-1")
    assert answer.status_code == httpx.codes.CREATED, answer.text
    return wish, answer.json()["appointment"]


def test_an_end_user_books_over_https_with_the_authoritys_root(booked):
    _, appointment = booked

    assert appointment["status"] == "confirmed"


def test_the_same_key_again_is_the_same_booking(visitor, booked):
    wish, appointment = booked

    again = visitor.book("demo", wish, key="platform-test-1")

    assert again.json()["appointment"]["id"] == appointment["id"]


def test_a_taken_slot_is_refused_for_the_same_person(visitor, booked):
    wish, appointment = booked

    answer = visitor.book("demo", {**wish, "employee": appointment["employee"]})

    assert (answer.status_code, answer.json()["type"]) == (httpx.codes.CONFLICT, "/problems/slot-taken")


@pytest.mark.parametrize(
    ("spoil", "status"),
    [
        pytest.param({"starts_at": "yesterday"}, 422, id="malformed"),
        pytest.param({"starts_at": "2020-01-06T10:00:00+01:00"}, 422, id="in the past"),
        pytest.param({"service": "00000000-0000-4000-8000-000000000000"}, 422, id="no such service of this tenant"),
        pytest.param({"customer": {**CUSTOMER, "name": "x" * 2_000_000}}, 413, id="oversized"),
    ],
)
def test_a_bad_request_is_refused_and_books_nothing(visitor, booked, spoil, status):
    wish, _ = booked

    answer = visitor.book("demo", {**wish, **spoil})

    assert answer.status_code == status


def test_another_tenant_does_not_see_the_booking(visitor, booked):
    _, appointment = booked

    assert visitor.ask("GET", f"/api/tenants/other/appointments/{appointment['id']}").status_code in {401, 404}


def test_plain_http_leads_to_https(raised):
    answer = httpx.get(
        f"http://{raised.facts.network.virtual_address}/b/demo", headers={"Host": raised.facts.domain}, timeout=5
    )

    assert (answer.status_code, answer.headers["location"]) == (301, f"https://{raised.facts.domain}/b/demo")


def test_an_app_host_answers_the_edges_only(raised):
    address = raised.facts.hosts["app1"].address

    raised.ssh("ops1", f"curl --silent --fail --max-time 3 http://{address}:{PORTS['booking']}/health")
    raised.ssh("db1", f"curl --silent --max-time 3 http://{address}:{PORTS['booking']}/health", expect=28)


def test_a_customer_pays_moves_and_cancels_while_staff_look_on(raised, visitor):
    business, outside = Business(raised, visitor), Outside(raised)
    business.take_payments(outside)

    with browser_at(raised) as browser:
        customer = open_page(browser, f"{business.site}/b/demo")
        day = book_with_deposit(customer)
        staff = open_page(browser, f"{business.site}/staff/login")
        log_in(staff, business)
        staff.goto(f"{business.site}/staff/demo?date={day}")
        expect(staff.get_by_role("link", name="Cora Customer").last).to_be_visible()
        before = staff.get_by_text("cancelled").count()

        customer.get_by_role("link", name="Your appointment").click()
        customer.get_by_role("link", name="Move").click()
        customer.locator(".times").first.locator("a").last.click()  # the same day, later
        customer.get_by_role("button", name="Move this appointment").click()
        customer.get_by_role("link", name="Cancel this appointment").click()
        customer.get_by_role("button", name="Cancel this appointment").click()
        expect(customer.get_by_role("heading", level=1)).to_have_text("Your appointment is cancelled")
        expect(staff.get_by_text("cancelled")).to_have_count(before + 1, timeout=10_000)  # live, without a reload

    eventually(lambda: {"/v1/checkout/sessions", "/v1/refunds"} <= outside.paths_asked_of("stripe"), within_s=30)
    told = {"Booked", "Paid", "Moved", "Cancelled", "Refunded"}
    eventually(lambda: told <= outside.mails_to("cora@customer.test"), within_s=30)


def test_raising_again_changes_and_restarts_nothing(raised, booked):  # noqa: ARG001 - the booking must outlive it
    before = _running_since(raised)

    again = raised.boka_json("up")

    assert (again["resources_changed"], again["tasks_changed"], again["restarts"]) == (0, 0, [])
    assert _running_since(raised) == before


def test_a_preview_of_what_was_just_raised_sees_no_resource_and_no_task_to_change(raised):
    seen = raised.boka_json("preview", "--detailed-exitcode")

    assert set(seen["changes"]) == {"same"}
    assert seen["tasks"]["hosts"] == dict.fromkeys(raised.facts.hosts, 0)
    assert (seen["tasks"]["restarts"], seen["tasks"]["unseen"]) == ([], {})


def test_check_mode_with_the_stock_strategy_finds_nothing_to_change(raised):
    environment = {**raised.environment(), "ANSIBLE_STRATEGY": "linear"}
    release = artefact.build(REPOSITORY, paths.cache())
    named = {"deploy_release": release.release, "deploy_artefact": str(release.path)}
    named["deploy_artefact_sha256"] = release.sha256
    run = subprocess.run(
        ["ansible-playbook", "playbooks/site.yml", "--check", "--extra-vars", json.dumps(named)],
        cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip

    assert run.returncode == 0, run.stdout[-3000:]
    recap = re.findall(r"changed=(\d+)", run.stdout)
    assert recap == ["0"] * len(raised.facts.hosts)


def test_status_sees_everything_good_and_a_bare_verify_agrees(raised):
    status = raised.boka_json("status")

    assert [answer for answer in status["answers"] if answer["problem"]] == []
    raised.boka("verify")


def test_no_secret_is_in_clear_in_state_journal_or_processes(raised):
    secrets = _secrets(raised.name)
    written = _everything_written(raised)
    found = [name for name, value in secrets.items() if value in written]

    assert len(secrets) >= 10
    assert found == []


def test_an_app_host_lost_under_load_is_not_noticed(raised, visitor):
    with Load(visitor, SLOTS) as load:
        eventually(lambda: len(load.answers) > 40, within_s=20)
        raised.kill("app1")
        seen = len(load.answers)
        eventually(lambda: len(load.answers) > seen + 100, within_s=40)

    assert load.failures == []


def test_an_edge_lost_under_load_is_taken_over(raised, visitor):
    holder = next(name for name in ("edge1", "edge2") if _holds_virtual_address(raised, name))
    with Load(visitor, SLOTS) as load:
        eventually(lambda: len(load.answers) > 40, within_s=20)
        raised.kill(holder)
        seen = len(load.answers)
        eventually(lambda: len(load.answers) > seen + 100, within_s=60)

    # 0.6 s until the other edge holds the address, and the visitor's own time-out of 5 s on the dead connection.
    assert load.longest_silence_s() < 8
    assert [status for _, status in load.answers[-50:]] == [200] * 50


def test_what_was_lost_is_seen_and_healed(raised, visitor):
    preview = raised.boka_json("preview")

    healed = raised.boka_json("up")

    # The two hosts, and the stack file: what it will say is not known before they have booted.
    assert preview["changes"]["update"] == 3
    assert healed["resources_changed"] == 2
    assert visitor.ask("GET", SLOTS).status_code == httpx.codes.OK


def test_the_latest_backup_restored_beside_the_live_database_has_the_booking(raised, booked):
    _, appointment = booked
    raised.ssh("db1", "sudo -u postgres psql -qXAtc 'select pg_switch_wal()'")

    raised.ssh("db1", "sudo boka-restore-beside start")
    query = f"select status from appointment where id = '{UUID(appointment['id'])}'"  # noqa: S608 - a UUID, checked
    restored = raised.ssh("db1", f"sudo -u postgres psql -p 5433 -XAt booking -c {shlex.quote(query)}")
    raised.ssh("db1", "sudo boka-restore-beside stop")

    assert restored == "confirmed"


def test_the_certificate_is_the_authoritys_and_not_about_to_end(raised):
    said = raised.ssh("edge1", "sudo openssl x509 -in /etc/boka/tls/site/fullchain.pem -noout -enddate -issuer")
    ends = datetime.strptime(re.search(r"notAfter=(.*)", said)[1], "%b %d %H:%M:%S %Y %Z").replace(tzinfo=UTC)

    assert "Pebble" in said
    assert ends > datetime.now(UTC) + timedelta(days=1)


def readme_commands():
    """Every `boka` command that the README shows and that ends by itself."""
    blocks = re.findall(r"```console\n(.*?)```", (REPOSITORY / "README.md").read_text(), flags=re.DOTALL)
    lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines() if line.startswith("$ boka ")]
    return [line for line in lines if line != "boka open"]


@pytest.mark.parametrize("command", readme_commands())
def test_a_command_of_the_readme_does_what_it_says(raised, command):
    words = shlex.split(command)[1:]
    cut = words.index("--") if "--" in words else len(words)

    where = [] if words[0] == "journal" else ["--stack", raised.name]

    done = raised.run(*words[:cut], *where, *words[cut:])

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_the_forwarded_page_opens_in_a_browser_on_this_machine(raised):
    with (
        raised.forwarded(port=18443) as opened,
        Visitor("127.0.0.1:18443", raised.facts.domain, Path(opened["root_certificate"])) as browser,
    ):
        answer = browser.ask("GET", "/b/demo")

    assert answer.status_code == httpx.codes.OK
    assert "<h1" in answer.text


def test_nothing_is_left_when_the_stack_is_gone(raised):
    raised.make("down", "YES=1")

    assert not any(machine.traces(raised.name).values()), machine.traces(raised.name)


def _running_since(stack):
    """When each daemon on each host was last started."""
    ask = "systemctl show --type=service --state=running --property=Id,ActiveEnterTimestampMonotonic '*'"
    daemons = {}
    for host in stack.facts.hosts:
        for block in stack.ssh(host, ask).split("\n\n"):
            facts = dict(line.split("=", 1) for line in block.splitlines())
            if not facts["Id"].startswith(("user@", "user-runtime", "systemd-", "session")):
                daemons[host, facts["Id"]] = facts["ActiveEnterTimestampMonotonic"]
    return daemons


def _holds_virtual_address(stack, host):
    return f"{stack.facts.network.virtual_address}/" in stack.ssh(host, "ip -brief address show dev host0")


def _secrets(name):
    from ops.secrets import Store  # noqa: PLC0415 - only this check opens the store
    from ops.secrets.catalog import CATALOG  # noqa: PLC0415

    store = Store(stacks.named(name))
    return {secret: store.get(secret) for secret in CATALOG}


def _everything_written(stack):
    """State, journal and stack file on this machine, and what every process on every host shows of itself."""
    folder = stacks.named(stack.name)
    files = [*folder.pulumi.rglob("*"), folder.state / "stack.json", *(paths.home() / "journal").glob("*")]
    texts = [file.read_text(errors="replace") for file in files if file.is_file()]
    shown = "cat /proc/[0-9]*/cmdline; sudo journalctl --no-pager --quiet | tail -n 20000"
    return "\n".join([*texts, *(stack.ssh(host, shown) for host in stack.facts.hosts)])
