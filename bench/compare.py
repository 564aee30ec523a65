#!/usr/bin/env python3
"""Times gradus against libtorch and against the floor, each in a process of its own, in turns.

A figure is the median of many short blocks; the sides alternate block by block, so that what
disturbs the machine disturbs all of them. The ratio is the median of the blocks' own ratios, and
its spread the range of their middle half.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

LARGE = {"tanh", "softmax", "add", "sum-dim0", "transposed-copy", "gelu-fma", "matmul-nn-1024x1024x1024"}
GROWTH = ("depth-", "width-", "batch-", "chain-")
NEIGHBOUR = ("tiny", "mnist", "deep30")
# Watched workload, the same unwatched.
WATCHING = (("deep30-observed", "deep30"), ("deep30-monitored", "deep30"),
            ("deep30-every-step", "deep30"), ("deep30-guarded", "deep30"), ("mnist-guarded", "mnist"))
# Steps of a block: a multiple of what a monitor takes turns in, and enough that the first of them,
# which finds the caches full of the other side's data, is one of many as in a training.
WATCHED_STEPS = 20
OPENMP_BLAS = "/usr/lib/{}-linux-gnu/openblas-openmp".format(os.uname().machine)


def blas_core():
    """The newest processor that OpenBLAS 0.3.21 has kernels for, which it may not choose itself."""
    flags = pathlib.Path("/proc/cpuinfo").read_text()
    if "avx512vl" in flags:
        return {"OPENBLAS_CORETYPE": "SKYLAKEX"}
    if "avx2" in flags:
        return {"OPENBLAS_CORETYPE": "ZEN" if "AuthenticAMD" in flags else "HASWELL"}
    return {}


def environment(side, threads):
    """Each peer at its best: the right BLAS core, and for libtorch the BLAS that shares its threads."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("OMP_", "OPENBLAS_", "GOMP_"))}
    if side != "gradus":
        env |= blas_core()
    if side == "torch":
        env["OMP_NUM_THREADS"] = str(threads)
        if os.path.isdir(OPENMP_BLAS):
            env["LD_LIBRARY_PATH"] = OPENMP_BLAS
    return env


class Worker:
    """One side running one workload."""

    def __init__(self, build, side, name, threads):
        self.process = subprocess.Popen(
            [build / f"{side}_worker", name, str(threads)], env=environment(side, threads),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.steps = 1

    def block(self, steps):
        """Microseconds a step."""
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.process.args[0]} {self.process.args[1]} died")
        return int(line) / 1000 / steps

    def calibrate(self, seconds):
        """Finds how many steps take about `seconds`."""
        while (us := self.block(self.steps)) * self.steps < seconds * 0.5e6:
            self.steps = max(self.steps + 1, min(10 * self.steps, int(seconds * 1e6 / us)))

    def finish(self):
        """Peak memory in MiB and allocations from the system since the third step."""
        output, _ = self.process.communicate()
        peak, allocations = map(int, output.split())
        return peak / 1024, None if allocations < 0 else allocations


def middle(values):
    q = statistics.quantiles(values, n=4) if len(values) > 1 else [values[0]] * 3
    return q[1], q[0], q[2]


def measure(build, name, threads, sides, options):
    """Medians in microseconds by side, the ratios to gradus by side, and gradus's footprint."""
    workers = {side: Worker(build, side, name, threads) for side in sides}
    seconds = 0.01 if options.quick else 0.03
    for worker in workers.values():
        worker.calibrate(seconds)
    rounds = 5 if options.quick else options.rounds
    times = {side: [] for side in sides}
    for _ in range(rounds):
        for side, worker in workers.items():
            times[side].append(worker.block(worker.steps))
            time.sleep(0.003)  # lets threads that spin for more work go to sleep
    footprint = {side: worker.finish() for side, worker in workers.items()}
    ratio = {side: middle([other / own for other, own in zip(times[side], times["gradus"])])
             for side in sides}
    return {side: statistics.median(t) for side, t in times.items()}, ratio, footprint


def run_process(command, env):
    """Seconds and peak MiB of a process."""
    start = time.perf_counter()
    child = subprocess.Popen(command, env=env)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{command[0]} failed")
    return seconds, usage.ru_maxrss / 1024


def measure_processes(commands, rounds):
    times = {side: [] for side in commands}
    peaks = {}
    for _ in range(rounds):
        for side, command in commands.items():
            seconds, peaks[side] = run_process(command, environment(side, 1))
            times[side].append(seconds * 1e6)
    ratio = {side: middle([other / own for other, own in zip(times[side], times["gradus"])])
             for side in commands}
    return {s: statistics.median(t) for s, t in times.items()}, ratio, {s: (p, None) for s, p in peaks.items()}


def compile_commands(config, sides):
    commands = {}
    for side in sides:
        includes = [i for i in config[f"{side}_includes"].split(";") if i]
        commands[side] = [config["compiler"], "-std=c++20", "-O2", "-c", "-o", "/dev/null",
                          *(f"-isystem{i}" for i in includes if i != "/usr/include"),
                          f"{config['source']}/program_{side}.cpp"]
    return commands


def amount(us):
    if us is None:
        return "-"
    for unit, scale in (("us", 1), ("ms", 1e3), ("s", 1e6)):
        if us < 1000 * scale or unit == "s":
            return f"{us / scale:.3g} {unit}"


class Table:
    """Prints rows as they come and keeps them for results.json."""

    HEAD = (f"{'workload':<25}{'threads':>7}{'gradus':>10}{'libtorch':>10}{'ratio':>7}{'middle half':>14}"
            f"{'floor':>10}{'gradus/floor':>13}{'MiB':>6}{'peer MiB':>9}{'system':>7}")

    def __init__(self):
        self.rows = []
        print(self.HEAD, flush=True)

    def add(self, name, threads, times, ratio, footprint):
        peer, floor = times.get("torch"), times.get("floor")
        shares = [f"{ratio['torch'][0]:.2f}", "{1:.2f} - {2:.2f}".format(*ratio["torch"])] if peer else ["-", "-"]
        over = f"{1 / ratio['floor'][0]:.2f}" if floor else "-"
        peak, allocations = footprint["gradus"]
        print(f"{name:<25}{threads:>7}{amount(times['gradus']):>10}{amount(peer):>10}{shares[0]:>7}{shares[1]:>14}"
              f"{amount(floor):>10}{over:>13}{peak:>6.0f}{footprint['torch'][0] if peer else 0:>9.0f}"
              f"{'-' if allocations is None else allocations:>7}", flush=True)
        self.rows.append({
            "name": name, "threads": threads, "gradus_us": times["gradus"], "peer_us": peer, "floor_us": floor,
            "ratio": ratio["torch"][0] if peer else None, "ratio_spread": ratio["torch"][1:] if peer else None,
            "gradus_peak_mib": peak, "peer_peak_mib": footprint["torch"][0] if peer else None,
            "system_allocations": allocations})


def compare(build, config, options, peer):
    known = {side: subprocess.run([build / f"{side}_worker"], capture_output=True, text=True, check=True).stdout.split()
             for side in ("gradus", "floor", *peer)}
    table = Table()
    for threads in options.threads:
        for name in known["gradus"]:
            if name.startswith(GROWTH) or not options.wants(name):
                continue
            sides = [s for s in ("gradus", "torch", "floor") if name in known.get(s, ())]
            if threads > 1 and "floor" in sides:
                sides.remove("floor")  # it has one thread
            table.add(name, threads, *measure(build, name, threads, sides, options))
    for name, commands, rounds in (
            ("startup", {s: [build / f"startup_{s}"] for s in ("gradus", *peer)}, 21),
            ("compile", compile_commands(config, ("gradus", *peer)), 3)):
        if options.wants(name):
            table.add(name, 1, *measure_processes(commands, 1 if options.quick else rounds))
    return table.rows


def turns(build, sides, options, steps=1):
    """Two of gradus's workers, (name, threads) each, in turns: what the second takes of the first.

    A block of the second is held against the mean of those of the first before and after it: what
    changes slowly on the machine changes neither."""
    workers = [Worker(build, "gradus", *side) for side in sides]
    for worker in workers:
        worker.calibrate(0.01 if options.quick else 0.03)
        worker.steps = -(-worker.steps // steps) * steps  # whole rounds of what comes every so many steps
    ratios = []
    before = workers[0].block(workers[0].steps)
    for _ in range(5 if options.quick else options.rounds):
        second, after = (worker.block(worker.steps) for worker in reversed(workers))
        ratios.append(2 * second / (before + after))
        before = after
    for worker in workers:
        worker.finish()
    return "{:>6.2f}  (middle half {:.2f} - {:.2f})".format(*middle(ratios))


def all_cores(build, options, cores):
    """Whether more threads ever cost time."""
    names = subprocess.run([build / "gradus_worker"], capture_output=True, text=True, check=True).stdout.split()
    names = [n for n in names if not n.startswith(GROWTH) and options.wants(n)]
    if cores < 2 or max(options.threads) < 2 or not names:
        return
    print(f"\na step on {cores} cores / on one")
    for name in names:
        print(f"{name:<25}{turns(build, [(name, 1), (name, cores)], options)}", flush=True)


def watching(build, options):
    """What an observer adds to the step that it watches."""
    rows = [row for row in WATCHING if options.wants(row[0])]
    if rows:
        print("\nwatching, 1 thread: a step watched / not watched")
    for name, plain in rows:
        print(f"{name:<25}{turns(build, [(plain, 1), (name, 1)], options, WATCHED_STEPS)}",
              flush=True)


def neighbour(build, options):
    """A step on all cores beside a process that never lets go of one of them."""
    cores = sorted(os.sched_getaffinity(0))
    names = [n for n in NEIGHBOUR if options.wants(n)]
    if len(cores) < 2 or not names:
        return
    print(f"\nbeside a busy process on one of {len(cores)} cores: a step on all cores / on one")
    spinner = subprocess.Popen([sys.executable, "-c", "while True: pass"],
                               preexec_fn=lambda: os.sched_setaffinity(0, cores[-1:]))
    try:
        for name in names:
            print(f"{name:<25}{turns(build, [(name, 1), (name, len(cores))], options)}", flush=True)
    finally:
        spinner.kill()
        spinner.wait()


def growth(build, options):
    """Time against size, by itself and divided by the size."""
    names = subprocess.run([build / "gradus_worker"], capture_output=True, text=True, check=True).stdout.split()
    names = [n for n in names if n.startswith(GROWTH) and options.wants(n)]
    if options.quick:
        names = [n for n in names if n not in ("chain-1000000", "depth-1000", "width-1024")]
    if names:
        print(f"\n{'growth, 1 thread':<25}{'a step':>10}{'for each':>12}")
    for name in names:
        times, _, _ = measure(build, name, 1, ["gradus"], options)
        print(f"{name:<25}{amount(times['gradus']):>10}{times['gradus'] / int(name.split('-')[1]):>9.3g} us", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="folder of the built programs")
    parser.add_argument("--output", type=pathlib.Path, required=True, help="where to write results.json")
    parser.add_argument("--quick", action="store_true", help="few rounds: for a look, not for figures")
    parser.add_argument("--filter", default="", metavar="TEXT[,TEXT]", help="only workloads whose name contains a TEXT")
    parser.add_argument("--threads", default=None, metavar="N[,N]", help="default: 1 and all cores")
    parser.add_argument("--rounds", type=int, default=25, help="blocks of each side (default 25)")
    parser.add_argument("--no-peer", action="store_true", help="without libtorch")
    options = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    options.threads = [int(n) for n in options.threads.split(",")] if options.threads else sorted({1, cores})
    texts = options.filter.split(",")
    options.wants = lambda name: any(text in name for text in texts)

    config = json.loads((options.build / "build.json").read_text())
    peer = [] if options.no_peer or not (options.build / "torch_worker").exists() else ["torch"]
    rows = compare(options.build, config, options, peer)
    watching(options.build, options)
    all_cores(options.build, options, cores)
    neighbour(options.build, options)
    growth(options.build, options)
    library = pathlib.Path(config["library"])
    totals = subprocess.run(["size", "-t", library], capture_output=True, text=True, check=True).stdout.splitlines()[-1]
    print(f"\n{library.name}: {library.stat().st_size / 1e6:.2f} MB, of which {int(totals.split()[3]) / 1e6:.2f} MB"
          " are code and data")
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(rows, indent=1) + "\n")
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
