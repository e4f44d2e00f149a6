"""The node's network: a bridge that holds its address, kernel settings, forwarding rules, and taking them back."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.cluster import versions
from tests.cluster.command import found, run, succeeds
from tests.cluster.errors import ClusterError

SYSCTLS: Final = {
    "net/ipv4/ip_forward": 1,
    "fs/inotify/max_user_instances": 8192,
    "fs/inotify/max_user_watches": 524288,
}
TOUCHED_BY_OTHERS: Final = (
    "net/ipv4/conf/all/route_localnet",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
)
"""Set by kube-proxy and the kubelet; remembered with ours so that ``down`` can put them back."""

OUR_CHAIN: Final = re.compile(r"^(KUBE-|CNI-|LEEBOARD-)")
CHAINS: Final = (("nat", "POSTROUTING", "LEEBOARD-POSTROUTING"), ("filter", "FORWARD", "LEEBOARD-FORWARD"))


def prepare(remembered: Path) -> None:
    """Create the bridge, set the kernel settings and the forwarding rules; harmless when all of it is there.

    ``remembered`` is the file that the former kernel settings are kept in.
    """
    if not remembered.exists():
        remembered.parent.mkdir(parents=True, exist_ok=True)
        remembered.write_text(json.dumps({name: _sysctl(name).read_text().strip() for name in _known_sysctls()}))
    for name, value in SYSCTLS.items():
        if int(_sysctl(name).read_text()) < value:
            _sysctl(name).write_text(f"{value}\n")
    _ensure_bridge()
    _ensure_rules()


def restore(remembered: Path) -> None:
    """Take back everything that ``prepare``, kube-proxy and the CNI plugins have set."""
    for program in _iptables_programs():
        for table in ("nat", "filter", "mangle"):
            _remove_chains(program, table)
    if Path("/sys/class/net", versions.BRIDGE).exists():
        run(["ip", "link", "delete", versions.BRIDGE])
    if remembered.exists():
        for name, value in json.loads(remembered.read_text()).items():
            _sysctl(name).write_text(f"{value}\n")
        remembered.unlink()


def leftovers() -> Iterator[str]:
    """Yield, in words, what of ours is still set on this machine."""
    if Path("/sys/class/net", versions.BRIDGE).exists():
        yield f"bridge {versions.BRIDGE}"
    for program in _iptables_programs():
        for table in ("nat", "filter", "mangle"):
            chains, _ = our_rules(run([program, "-t", table, "-S"]))
            if chains:
                yield f"{program} -t {table}: {', '.join(chains)}"


def our_rules(listing: str) -> tuple[list[str], list[str]]:
    """Find our chains, and the rules elsewhere that lead to them, in the output of ``iptables -S``."""
    chains: list[str] = []
    jumps: list[str] = []
    for line in listing.splitlines():
        words = line.split()
        if line.startswith("-N ") and OUR_CHAIN.match(words[1]):
            chains.append(words[1])
        elif line.startswith("-A ") and not OUR_CHAIN.match(words[1]) and OUR_CHAIN.match(_jump_target(words)):
            jumps.append(line)
    return chains, jumps


def _jump_target(words: list[str]) -> str:
    return words[words.index("-j") + 1] if "-j" in words else ""


def _remove_chains(program: str, table: str) -> None:
    """Remove our chains from one table in one transaction."""
    chains, jumps = our_rules(run([program, "-w", "-t", table, "-S"]))
    if not chains and not jumps:
        return
    lines = [f"*{table}", *(f":{chain} - [0:0]" for chain in chains)]
    lines += ["-D" + jump.removeprefix("-A") for jump in jumps]
    lines += [f"-X {chain}" for chain in chains]
    run([f"{program}-restore", "-w", "--noflush"], stdin="\n".join([*lines, "COMMIT", ""]))


def _ensure_bridge() -> None:
    if not Path("/sys/class/net", versions.BRIDGE).exists():
        try:
            run(["ip", "link", "add", versions.BRIDGE, "type", "bridge"])
        except ClusterError as error:
            raise ClusterError(f"this kernel or container cannot create a bridge device: {error}") from error
    run(["ip", "address", "replace", f"{versions.NODE_ADDRESS}/32", "dev", versions.BRIDGE])
    run(["ip", "link", "set", versions.BRIDGE, "up"])


def _ensure_rules() -> None:
    pods = versions.POD_CIDR
    rules = {
        "LEEBOARD-POSTROUTING": [["-s", pods, "!", "-d", pods, "!", "-o", versions.BRIDGE, "-j", "MASQUERADE"]],
        "LEEBOARD-FORWARD": [["-s", pods, "-j", "ACCEPT"], ["-d", pods, "-j", "ACCEPT"]],
    }
    for table, builtin, chain in CHAINS:
        command = ["iptables", "-w", "-t", table]
        if not succeeds([*command, "-n", "-L", chain]):
            run([*command, "-N", chain])
        run([*command, "-F", chain])
        for rule in rules[chain]:
            run([*command, "-A", chain, *rule])
        if not succeeds([*command, "-C", builtin, "-j", chain]):
            run([*command, "-A", builtin, "-j", chain])


def _iptables_programs() -> list[str]:
    return [program for program in ("iptables", "ip6tables") if found(program) is not None]


def _known_sysctls() -> list[str]:
    return [name for name in (*SYSCTLS, *TOUCHED_BY_OTHERS) if _sysctl(name).exists()]


def _sysctl(name: str) -> Path:
    return Path("/proc/sys") / name
