#!/usr/bin/python3
"""Checks that read the source: lint.py ROOT BUILD. Each check is a case; last line "N passed, N failed".

- includes point down only (includes.table)
- every header compiles alone
- no writable globals in the daemon, the library and the programs, but those of globals.table
- no machine paths, no leftovers
- shell scripts pass shellcheck
"""
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

ROOT, BUILD = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
HERE = os.path.dirname(os.path.abspath(__file__))
FOLDERS = ("shared", "proto", "daemon", "client")


def sources(endings):
    for top in FOLDERS:
        for folder, _, files in os.walk(os.path.join(ROOT, top)):
            for name in sorted(files):
                if name.endswith(endings):
                    yield os.path.relpath(os.path.join(folder, name), ROOT)


def read(path):
    with open(os.path.join(ROOT, path), errors="replace") as file:
        return file.read()


def include_table():
    allowed, system = {}, {}
    with open(os.path.join(HERE, "includes.table")) as table:
        for line in table:
            line = line.split("#")[0].strip()
            if not line:
                continue
            left, right = line.split(":")
            if left.startswith("<"):
                for word in left.strip("<>").split():
                    system[word] = right.split()
            else:
                allowed[left] = right.split()
    return allowed, system


def folder_of(path, allowed):
    best = ""
    for folder in allowed:
        if path.startswith(folder + "/") and len(folder) > len(best):
            best = folder
    return best


def check_includes():
    allowed, system = include_table()
    wrong = []
    for path in sources((".c", ".h")):
        mine = folder_of(path, allowed)
        if not mine:
            wrong.append(f"{path}: its folder is not in includes.table")
            continue
        for number, line in enumerate(read(path).splitlines(), 1):
            local = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            angle = re.match(r"\s*#\s*include\s+<([^>]+)>", line)
            if local:
                target = local.group(1)
                if not os.path.exists(os.path.join(ROOT, target)):
                    beside = os.path.join(os.path.dirname(path), target)
                    target = "client/include/" + target if target.startswith("px/") else beside
                theirs = folder_of(target, allowed)
                if theirs and theirs != mine and theirs not in allowed[mine]:
                    wrong.append(f"{path}:{number}: {mine} may not include {theirs} ({local.group(1)})")
            elif angle:
                first = re.split(r"[/.]", angle.group(1))[0]
                if angle.group(1).startswith("px/"):
                    theirs = "client/include"
                    if theirs != mine and theirs not in allowed[mine]:
                        wrong.append(f"{path}:{number}: {mine} may not include {theirs}")
                if first in system and not any(mine == f or mine.startswith(f + "/") for f in system[first]):
                    wrong.append(f"{path}:{number}: <{angle.group(1)}> belongs in {', '.join(system[first])} only")
    return wrong


def compile_alone(path):
    flags = subprocess.run(["pkg-config", "--cflags", "freetype2", "harfbuzz", "lua5.4", "libuv"],
                           capture_output=True, text=True).stdout.split()
    run = subprocess.run(["gcc", "-std=c17", "-D_GNU_SOURCE", "-DKERNEL_ISA=base", "-I", ROOT, "-I",
                          os.path.join(ROOT, "client/include"), "-I", os.path.join(BUILD, "gen/include"), *flags,
                          "-Wall", "-Wextra", "-x", "c", "-fsyntax-only", os.path.join(ROOT, path)],
                         capture_output=True, text=True)
    noise = [line for line in run.stderr.splitlines() if "pragma once in main file" not in line]
    return f"{path} does not compile alone: {run.stderr[:400]}" if run.returncode or any("warning" in n for n in noise) else None


def check_headers():
    with ThreadPoolExecutor(2) as pool:
        return [wrong for wrong in pool.map(compile_alone, sources(".h")) if wrong]


def check_globals():
    """Symbols in .data and .bss of our own objects (nm: d D b B), but for those stated."""
    stated = set()
    with open(os.path.join(HERE, "globals.table")) as table:
        for line in table:
            words = line.split("#")[0].split()
            if words:
                stated.add(words[0])
    wrong, seen, objects = [], set(), 0
    for folder, _, files in os.walk(BUILD):
        if "/tests" in folder or "/gen" in folder or "glad" in folder:
            continue
        for name in files:
            if not name.endswith(".c.o") or "_test" in name or "_bench" in name or "glad" in name:
                continue
            objects += 1
            listing = subprocess.run(["nm", os.path.join(folder, name)], capture_output=True, text=True).stdout
            for line in listing.splitlines():
                words = line.split()
                if len(words) == 3 and words[1] in "dDbB":
                    symbol = re.sub(r"\.\d+$", "", words[2])
                    if symbol.startswith((".", "__", "_GLOBAL", "completed")) or symbol.endswith("_kernel_base") or symbol.endswith(("_kernel_v3", "_kernel_v4")):
                        continue
                    # tables of pointers are relocated at start and read-only after it (RELRO); nm shows them as d
                    section = subprocess.run(["objdump", "-t", os.path.join(folder, name)], capture_output=True,
                                             text=True).stdout
                    at = re.search(r"^\S+ .{7} (\S+)\s+\S+ (?:\.\w+ )?" + re.escape(words[2]) + "$", section, re.M)
                    if at and at.group(1).startswith(".data.rel.ro"):
                        continue
                    seen.add(symbol)
                    if symbol not in stated:
                        wrong.append(f"{name}: writable global '{symbol}' is not in tests/lint/globals.table")
    if not objects:
        wrong.append("no objects found: build first")
    return sorted(set(wrong))


def check_text():
    wrong = []
    bad = re.compile(r"/work/|/root/|\bTODO\b|\bFIXME\b|\bXXX\b")
    tracked = subprocess.run(["git", "-C", ROOT, "ls-files"], capture_output=True, text=True).stdout.split()
    for path in tracked:
        if path.endswith((".msgpack", ".png", ".svg", ".json")) or path == "tests/lint/lint.py":
            continue
        for number, line in enumerate(read(path).splitlines(), 1):
            if bad.search(line):
                wrong.append(f"{path}:{number}: {line.strip()[:100]}")
    return wrong


def check_folders_have_readmes():
    wrong = []
    for top in FOLDERS:
        for folder, _, files in os.walk(os.path.join(ROOT, top)):
            if files and "README.md" not in files and os.path.relpath(folder, ROOT).count("/") <= 2:
                if "/include" in folder:
                    continue
                wrong.append(f"{os.path.relpath(folder, ROOT)} has no README.md")
    return wrong


def check_shell():
    scripts = [path for path in subprocess.run(["git", "-C", ROOT, "ls-files", "deploy", ".ci"], capture_output=True,
                                               text=True).stdout.split()
               if read(path).startswith("#!") and "sh" in read(path).splitlines()[0]]
    run = subprocess.run(["shellcheck", *[os.path.join(ROOT, path) for path in scripts]], capture_output=True, text=True)
    return [run.stdout] if run.returncode else []


CHECKS = {
    "includes point down": check_includes,
    "every header compiles alone": check_headers,
    "no writable globals but the stated ones": check_globals,
    "no machine paths and no leftovers": check_text,
    "every folder has a README": check_folders_have_readmes,
    "shell scripts pass shellcheck": check_shell,
}


def main():
    passed = failed = 0
    for name, check in CHECKS.items():
        wrong = check()
        print(f"{'ok' if not wrong else 'FAILED'}: {name}")
        for line in wrong[:40]:
            print("    " + line)
        passed, failed = passed + (not wrong), failed + bool(wrong)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
