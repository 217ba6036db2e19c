"""A live run works in a copy of the checkout, with the user's settings, and stops what does not end."""

import pytest
import yaml
from live_booking import book
from live_flow import StepFailed
from live_workplace import REPOSITORY, Workplace

SETTINGS = (REPOSITORY / "Pulumi.staging.yaml").read_text().replace("boka-staging.example", "live.example")
# Stands in for boka's own: it works until it is interrupted, and says so.
ENDLESS = """
import pathlib, signal
signal.signal(signal.SIGINT, lambda *_: (pathlib.Path("interrupted").touch(), exit(130)))
print("begun", flush=True)
signal.pause()
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    path = tmp_path_factory.mktemp("live") / "live.yaml"
    path.write_text(SETTINGS)
    return path


@pytest.fixture(scope="module")
def place(settings):
    made = Workplace(settings.with_suffix(".run"))
    made.prepare(settings)
    return made


@pytest.fixture
def endless(place):
    """The workplace with a `boka` that does not end."""
    command = place.checkout / "ops" / "__main__.py"
    text = command.read_text()
    command.write_text(ENDLESS)
    yield place
    command.write_text(text)


def test_the_copys_own_settings_are_the_ones_that_count(place):
    found = place.boka("config", "explain", "staging", limit_s=60)

    assert [one["value"] for one in found["settings"] if one["key"] == "domain"] == ["live.example"]


def test_the_copy_has_what_is_tracked_and_nothing_built(place):
    assert (place.checkout / "playbooks" / "site.yml").is_file()
    assert not (place.checkout / ".venv").exists()


def test_a_throwaway_has_a_business_to_book_at(place):
    found = (place.checkout / "inventories" / "group_vars" / "staging" / "live.yml").read_text()

    assert yaml.safe_load(found) == {"booking_demo": True}


def test_what_init_added_is_kept_for_the_next_run(place, settings):
    place.settings.write_text(f"encryptedkey: sealed\n{SETTINGS}")

    place.keep_settings(settings)

    assert settings.read_text().startswith("encryptedkey: sealed\n")


def test_a_verb_that_fails_is_a_failed_step_with_what_it_said(place):
    with pytest.raises(StepFailed, match=r"boka secret auth/first_login --stack nowhere ended with 2"):
        place.boka("secret", "auth/first_login", "--stack", "nowhere", limit_s=60)


def test_what_is_not_done_at_the_deadline_is_interrupted_and_may_end_what_it_began(endless):
    with pytest.raises(StepFailed, match="boka up was not done at the deadline"):
        endless.boka("up", limit_s=2)

    assert (endless.checkout / "interrupted").exists()


def test_a_name_that_does_not_answer_is_a_failed_step():
    with pytest.raises(StepFailed, match="the site's name did not answer within 0 s; the last that was seen: Connect"):
        book("127.0.0.1:1", 0)
