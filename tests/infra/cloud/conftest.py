"""The four graphs, recorded once a run."""

import pytest
from recorder import Graph, record

LAYERS = ("production-base", "production", "staging-base", "staging")


@pytest.fixture(scope="session")
def graphs() -> dict[str, Graph]:
    return {stack: record(stack) for stack in LAYERS}


@pytest.fixture(params=LAYERS, scope="session")
def graph(request, graphs) -> Graph:
    return graphs[request.param]
