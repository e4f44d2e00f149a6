"""MLflow's filter language, which knows no escapes."""

import pytest

from leeboard.adapters.mlflow.values import quoted, tag_filter
from leeboard.errors import PermanentError


def test_all_tags_are_demanded_in_the_order_of_their_names() -> None:
    assert tag_filter({"b": "2", "a.x": "1"}) == "tags.`a.x` = '1' AND tags.`b` = '2'"


def test_either_quote_may_stand_in_a_value_but_not_both() -> None:
    assert quoted("it's") == '"it\'s"'
    assert quoted('say "hi"') == "'say \"hi\"'"
    with pytest.raises(PermanentError):
        quoted('it\'s "both"')
