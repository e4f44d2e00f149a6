"""The end of a log."""

from leeboard.adapters.kubernetes.logs import MAX_LINE, lines_of


def test_lines_are_cut_but_records_stay_whole() -> None:
    record = "LEEBOARD-FINGERPRINT " + "x" * (2 * MAX_LINE)

    assert lines_of(f"short\n{'y' * (2 * MAX_LINE)}\n{record}\n") == ("short", "y" * MAX_LINE, record)
