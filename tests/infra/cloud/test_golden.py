"""What exists in each layer, as reviewed."""

import golden


def test_the_layer_is_the_reviewed_one(graph):
    golden.compare(graph.stack, golden.picture(graph))
