"""`boka secret` prints what the store holds, and nothing around it."""

from ops.commands.secret import Shown


def test_the_text_is_the_secret_alone():
    assert Shown("auth/first_login", "s3cret").lines() == ["s3cret"]


def test_scripts_get_its_name_beside_it():
    assert Shown("auth/first_login", "s3cret").as_json() == {"name": "auth/first_login", "value": "s3cret"}
