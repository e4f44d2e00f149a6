"""The body of an apply, which the API server reads as YAML."""

import pytest
import yaml

from leeboard.adapters.kubernetes.client import as_yaml


@pytest.mark.parametrize(
    "text",
    [
        "🏃 View run",
        "tab\tand \x1b[31mred",
        "line\u2028separators\u0085and \x7f",
        'quote " and \\ud83c written out',
        "é \ufeff",
    ],
)
def test_any_text_of_a_log_comes_through(text: str) -> None:
    assert yaml.safe_load(as_yaml({"lastLogLines": [text]})) == {"lastLogLines": [text]}


def test_half_a_pair_of_surrogates_is_replaced() -> None:
    assert yaml.safe_load(as_yaml({"text": "a\ud83cb"})) == {"text": "a\ufffdb"}
