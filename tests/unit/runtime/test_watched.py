"""Keys and the credential: read at first or refused by name, read again when they change."""

from collections.abc import Callable
from pathlib import Path

import pytest

from leeboard_runtime.errors import PermanentFault, Reason
from leeboard_runtime.tokens import Keyring, Sealed
from leeboard_runtime.watched import Watched, read_credential, read_keys

OLD, NEW = "01" * 16, "02" * 16
SEALED = Sealed(1, 1, 1, 0.5, segment=-1, group=-1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One key, mounted as a Secret is: the file is a link into a folder that is replaced as a whole."""
    mounted = tmp_path / "keys"
    mounted.mkdir()
    mount(mounted, "..one", {"2026-01-01": OLD})
    return mounted


def mount(folder: Path, data: str, keys: dict[str, str]) -> None:
    (folder / data).mkdir()
    for name, text in keys.items():
        (folder / data / name).write_text(text + "\n")
        link = folder / name
        if not link.is_symlink():
            link.symlink_to(Path("..data") / name)
    (folder / "..new").symlink_to(data)
    (folder / "..new").rename(folder / "..data")


def test_the_last_name_seals_and_every_key_opens(folder: Path) -> None:
    keys = Watched(folder, read_keys)
    old_token = keys.value.seal(b"mark", [SEALED])[0]
    mount(folder, "..two", {"2026-01-01": OLD, "2026-02-01": NEW})

    keys.look()

    assert keys.value.open(old_token).sealed == SEALED
    assert Keyring([bytes.fromhex(NEW)]).open(keys.value.seal(b"mark", [SEALED])[0]).sealed == SEALED


def test_what_has_not_changed_is_not_read_again(folder: Path) -> None:
    keys = Watched(folder, read_keys)
    before = keys.value
    keys.look()
    assert keys.value is before


def test_the_last_good_value_stays_when_a_change_cannot_be_read(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    keys = Watched(folder, read_keys)
    before = keys.value
    mount(folder, "..two", {"2026-01-01": "no key"})

    keys.look()

    assert keys.value is before
    assert "must hold 32 hexadecimal digits" in caplog.text


def test_a_folder_without_keys_is_no_fault(tmp_path: Path) -> None:
    assert not read_keys(tmp_path)


@pytest.mark.parametrize("content", ["", "01" * 15, "01" * 17, "zz" * 16, "é"], ids=repr)
def test_a_file_that_holds_no_key_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "first").write_text(content)
    with pytest.raises(PermanentFault, match="--token-keys: ") as caught:
        read_keys(tmp_path)
    assert caught.value.reason is Reason.MONITORING_INVALID


@pytest.mark.parametrize(
    ("read", "named"), [(read_keys, "--token-keys: .*gone"), (read_credential, "--feedback-credential: .*gone")]
)
def test_what_is_not_there_is_named(tmp_path: Path, read: Callable[[Path], object], named: str) -> None:
    with pytest.raises(PermanentFault, match=named):
        read(tmp_path / "gone")


def test_a_credential_is_a_line_of_some_length(tmp_path: Path) -> None:
    path = tmp_path / "credential"
    path.write_text("0123456789abcdef\n")
    assert read_credential(path) == b"0123456789abcdef"
    path.write_text("short\n")
    with pytest.raises(PermanentFault, match="at least 16 characters"):
        read_credential(path)
