"""The service as gunicorn serves it in these tests: the real application, as a role of the tests' database."""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from app.conftest import be_patient, settings
from boka_app.database import make_pool
from boka_app.main import create_app


def app():
    be_patient()
    kwargs = json.loads(os.environ["BOKA_BROWSER_DATABASE"])
    return create_app(settings(public_url=os.environ["BOKA_BROWSER_URL"]), pool=make_pool(kwargs, max_size=4))
