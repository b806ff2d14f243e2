#!/usr/bin/python3
"""Counts the test cases of a ctest --verbose log, and prints what failed.

summary.py PRESET LOG COUNT-FILE     one run
summary.py --total COUNT-FILE...     the sum: last line "N passed, N failed"
"""
import re
import sys

CHECK = re.compile(r"^(\d+): \d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)")
PLAIN = re.compile(r"^(\d+): (\d+) passed, (\d+) failed")
START = re.compile(r"^test (\d+)$")
END = re.compile(r"^\s*\d+/\d+ Test\s+#(\d+): (\S+) \.*\s*(\**\S.*?)\s+[\d.]+ sec")


def one_run(preset, log_path, count_path):
    cases, output, ended = {}, {}, []
    with open(log_path, errors="replace") as log:
        for line in log:
            number = re.match(r"^(\d+): ", line)
            if number:
                output.setdefault(number.group(1), []).append(line.split(": ", 1)[1])
            found = CHECK.match(line)
            if found:
                total, failed = int(found.group(2)), int(found.group(3)) + int(found.group(4))
                passed, failing = cases.get(found.group(1), (0, 0))
                cases[found.group(1)] = (passed + total - failed, failing + failed)
            found = PLAIN.match(line)
            if found:
                cases[found.group(1)] = (int(found.group(2)), int(found.group(3)))
            found = END.match(line)
            if found:
                ended.append((found.group(1), found.group(2), found.group(3)))
    passed = failed = 0
    for number, name, result in ended:
        good, bad = cases.get(number, (0, 0))
        fine = result.startswith("Passed")
        if fine and good + bad == 0:
            good = 1
        if not fine and bad == 0:
            bad = 1
        passed, failed = passed + good, failed + bad
        if bad:
            print(f"-- {preset}: {name} {result}: {bad} failed")
            print("".join(output.get(number, [])[-60:]))
    if not ended:
        print(f"-- {preset}: no test ran")
        failed += 1
    print(f"{preset}: {passed} passed, {failed} failed")
    with open(count_path, "w") as out:
        out.write(f"{passed} {failed}\n")


def total(paths):
    passed = failed = 0
    for path in paths:
        with open(path) as counts:
            good, bad = map(int, counts.read().split())
        passed, failed = passed + good, failed + bad
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or passed == 0 else 0)


if __name__ == "__main__":
    if sys.argv[1] == "--total":
        total(sys.argv[2:])
    one_run(*sys.argv[1:4])
