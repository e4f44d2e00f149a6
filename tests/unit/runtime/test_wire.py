"""Frames between the front and the worker."""

import pytest

from leeboard_runtime import wire

FRAMES = [(b'{"a":1}', [b"one", b"", b"three"]), (b"{}", []), (b'{"sizes":[300000]}', [b"x" * 300_000])]
STREAM = b"".join(wire.encode(header, blocks) for header, blocks in FRAMES)


@pytest.mark.parametrize("chunk", [1, 3, 7, 4096, len(STREAM)])
def test_frames_survive_any_cutting_of_the_stream(chunk: int) -> None:
    reader = wire.FrameReader()
    stream = STREAM if chunk > 100 else STREAM[: -len(wire.encode(*FRAMES[2]))]
    expected = FRAMES if chunk > 100 else FRAMES[:2]
    frames = [frame for at in range(0, len(stream), chunk) for frame in reader.feed(stream[at : at + chunk])]
    assert [(frame.header, bytes(frame.body)) for frame in frames] == [(h, b"".join(blocks)) for h, blocks in expected]


def test_a_body_is_split_into_its_blocks() -> None:
    (frame,) = wire.FrameReader().feed(wire.encode(*FRAMES[0]))
    assert [bytes(block) for block in wire.split(frame.body, [3, 0, 5])] == [b"one", b"", b"three"]


@pytest.mark.parametrize(
    "prefix", [b"\0\0\0\0", b"\xff\xff\xff\xff"], ids=["shorter than its own header", "over the limit"]
)
def test_a_length_that_we_never_send_is_an_error(prefix: bytes) -> None:
    with pytest.raises(ValueError, match="a frame of"):
        wire.FrameReader().feed(prefix)
