"""Daemons are known by pid and start time, restarted when their inputs change, and never taken for another process."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.errors import ClusterError
from tests.cluster.processes import Daemon, Process, ProcessTable, mentioning
from tests.cluster.waiting import until

SLEEP = "/bin/sleep"


@pytest.fixture
def table(tmp_path: Path) -> Iterator[ProcessTable]:
    table = ProcessTable(tmp_path / "pids", tmp_path / "logs")
    yield table
    for name in table.names():
        table.stop(name, grace_seconds=0)


def test_a_running_daemon_is_left_alone_while_its_inputs_are_the_same(table: ProcessTable) -> None:
    daemon = Daemon(name="one", argv=(SLEEP, "100"))

    started = [table.start(daemon), table.start(daemon)]

    assert started == [True, False]


def test_a_daemon_is_restarted_when_a_file_it_reads_has_changed(table: ProcessTable, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("a")
    daemon = Daemon(name="one", argv=(SLEEP, "100"), inputs=(config,))
    table.start(daemon)
    first = table.running("one")
    config.write_text("b")

    table.start(daemon)

    second = table.running("one")
    assert first is not None
    assert second is not None
    assert (first.alive(), second.alive(), first == second) == (False, True, False)


def test_a_daemon_lives_in_a_session_of_its_own(table: ProcessTable) -> None:
    table.start(Daemon(name="one", argv=(SLEEP, "100")))

    process = table.running("one")

    assert process is not None
    assert os.getsid(process.pid) == process.pid


def test_a_pid_given_to_another_process_since_is_not_taken_for_the_daemon(table: ProcessTable) -> None:
    table.start(Daemon(name="one", argv=(SLEEP, "100")))
    file = table.pids / "one.json"
    record = json.loads(file.read_text())
    real = Process(record["pid"], record["start_ticks"], record["boot_id"])
    file.write_text(json.dumps({**record, "start_ticks": record["start_ticks"] - 1}))

    table.stop("one")

    assert real.alive()
    real.stop(grace_seconds=0)


@pytest.mark.parametrize(
    "content", ["", "{}", "{not json", '{"pid": 1}'], ids=["empty", "no fields", "broken", "partial"]
)
def test_a_pid_file_that_cannot_be_read_counts_as_not_running(table: ProcessTable, content: str) -> None:
    table.pids.mkdir(parents=True)
    (table.pids / "one.json").write_text(content)

    assert table.running("one") is None


def test_a_dead_daemon_is_reported_with_the_end_of_its_log(table: ProcessTable) -> None:
    table.start(Daemon(name="one", argv=("/bin/sh", "-c", "echo went wrong; sleep 0.2")))
    until(lambda: table.running("one") is None, "the daemon ends", seconds=10)

    with pytest.raises(ClusterError, match="went wrong"):
        table.require("one")


def test_a_program_that_merely_names_our_folder_is_no_orphan_of_ours(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with subprocess.Popen([sys.executable, "-c", "input()", str(state / "kubeconfig")], stdin=subprocess.PIPE) as other:
        found = [process.pid for process in mentioning(f"{state}/")]
        other.terminate()

    assert found == []


def test_an_orphaned_program_of_ours_is_found_by_its_state_folder(tmp_path: Path) -> None:
    program = tmp_path / "etcd"
    program.symlink_to(SLEEP)
    with subprocess.Popen([program, "100"]) as orphan:
        found = [process.pid for process in mentioning(f"{tmp_path}/")]
        orphan.kill()

    assert found == [orphan.pid]
