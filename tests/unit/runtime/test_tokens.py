"""Tokens: only the keys open them, nobody can change them, and no nonce is used twice."""

import base64
import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leeboard_runtime import tokens
from leeboard_runtime.tokens import TOKEN_BYTES, TOKEN_CHARACTERS, ForgedTokenError, Keyring, Sealed, version_mark

OLD, NEW, STRANGE = (bytes([number] * 16) for number in (1, 2, 3))
VERSION = version_mark("car-loan", "3", "sha256:0")
SEALED = Sealed(1_800_000_000, 7, 1, 0.75, segment=2, group=-1)

indices = st.integers(-1, 254)
contents = st.builds(
    Sealed,
    st.integers(0, 2**32 - 1), indices, indices,
    value=st.none() | st.floats(allow_nan=False, allow_infinity=False), segment=indices, group=indices,
)  # fmt: skip


def seal(keyring: Keyring, sealed: Sealed) -> str:
    (token,) = keyring.seal(VERSION, [sealed])
    return token


@settings(deadline=None)
@given(contents)
def test_what_was_sealed_is_what_is_opened(sealed: Sealed) -> None:
    keyring = Keyring([NEW])
    token = seal(keyring, sealed)
    opened = keyring.open(token)
    assert (len(token), opened.version, opened.sealed) == (TOKEN_CHARACTERS, VERSION, sealed)


@settings(deadline=None)
@given(st.lists(contents, max_size=20))
def test_rows_that_are_sealed_together_have_a_token_each_in_their_order(some: list[Sealed]) -> None:
    keyring = Keyring([NEW])
    found = keyring.seal(VERSION, some)
    assert [keyring.open(token).sealed for token in found] == some
    assert {len(token) for token in found} <= {TOKEN_CHARACTERS}
    assert len(set(found)) == len(some)


def test_a_value_that_is_no_number_is_none() -> None:
    keyring = Keyring([NEW])
    assert keyring.open(seal(keyring, SEALED._replace(value=math.nan))).sealed == SEALED._replace(value=None)


@pytest.mark.parametrize("position", range(TOKEN_BYTES))
def test_a_token_with_any_byte_changed_is_forged(position: int) -> None:
    keyring = Keyring([NEW, OLD])
    raw = bytearray(base64.urlsafe_b64decode(seal(keyring, SEALED) + "=="))
    for bit in range(8):
        raw[position] ^= 1 << bit
        with pytest.raises(ForgedTokenError):
            keyring.open(base64.urlsafe_b64encode(raw).decode().rstrip("="))
        raw[position] ^= 1 << bit
    assert keyring.open(base64.urlsafe_b64encode(raw).decode().rstrip("=")).sealed == SEALED


def same_bytes_spelt_otherwise(token: str) -> str:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]


@pytest.mark.parametrize(
    "change",
    [
        lambda _: "",
        lambda token: token[:-1],
        lambda token: token + "=",
        lambda token: token + token,
        lambda token: token[:-1] + "é",
        lambda token: token[:-1] + "*",
        lambda token: token[:-1] + "\n",
        lambda token: token.replace(token[5], "+"),
        same_bytes_spelt_otherwise,
    ],
    ids=["nothing", "short", "padded", "twice", "not ASCII", "no base64", "a line", "the other alphabet", "other bits"],
)
def test_a_token_has_one_spelling(change: Callable[[str], str]) -> None:
    keyring = Keyring([NEW])
    token = seal(keyring, SEALED)
    with pytest.raises(ForgedTokenError):
        keyring.open(change(token))


def test_old_keys_open_while_they_are_there_and_the_first_one_seals() -> None:
    before, both, after = Keyring([OLD]), Keyring([NEW, OLD]), Keyring([NEW])
    token = seal(before, SEALED)

    assert both.open(token).sealed == SEALED
    assert after.open(seal(both, SEALED)).sealed == SEALED
    for keyring in (after, Keyring([STRANGE]), Keyring([])):
        with pytest.raises(ForgedTokenError):
            keyring.open(token)


def test_keys_of_one_identifier_are_all_tried() -> None:
    first = Keyring([OLD])
    same = next(
        key
        for number in range(2**16)
        if Keyring([key := number.to_bytes(16, "big")])._keys[0][0] == first._keys[0][0] and key != OLD
    )
    assert Keyring([same, OLD]).open(seal(first, SEALED)).sealed == SEALED


def test_the_same_prediction_has_another_token_each_time_and_a_token_always_the_same_hash() -> None:
    keyring = Keyring([NEW])
    sealed = [seal(keyring, SEALED) for _ in range(1000)]
    assert len({keyring.open(token).hash for token in sealed}) == 1000
    assert keyring.open(sealed[0]).hash == Keyring([NEW]).open(sealed[0]).hash


def test_no_nonce_is_used_twice_even_when_the_counter_is_used_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "COUNTER_USES", 10)
    keyring = Keyring([NEW])
    nonces = {base64.urlsafe_b64decode(seal(keyring, SEALED) + "==")[1:13] for _ in range(100)}
    assert len(nonces) == 100
    assert len({nonce[:8] for nonce in nonces}) == 10


def test_versions_and_profiles_have_marks_of_their_own() -> None:
    marks = {version_mark(*names) for names in (("a", "1", "x"), ("a", "2", "x"), ("a", "1", "y"), ("a1", "", "x"))}
    assert len(marks) == 4
