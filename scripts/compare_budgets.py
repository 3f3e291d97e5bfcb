"""Compares the instructions that gungraun counted with the budgets; called by scripts/budgets.

Arguments: gungraun's JSON lines, the file of budgets, the compiler's version, and --write to write the file instead.
"""

import json
import os
import sys

TOLERANCE = 0.02


def read_counts(path):
    counts = {}
    with open(path, encoding="utf-8") as lines:
        for summary in map(json.loads, filter(str.strip, lines)):
            metrics = summary["profiles"][0]["data"]["total"]["metrics"]
            counts[summary["function_name"]] = metrics["Ir"]["values"]["new"]
    return counts


def read_budgets(path):
    with open(path, encoding="utf-8") as lines:
        words = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    return {name: value for name, value in words}


def write_budgets(path, counts, compiler):
    with open(path, "w", encoding="utf-8") as out:
        out.write("# Instructions of the hot paths; scripts/budgets compares, scripts/budgets --write writes.\n")
        out.write(f"rustc {compiler}\n")
        out.writelines(f"{name} {count}\n" for name, count in counts.items())


def main():
    counted, budgets_path, compiler, mode = sys.argv[1:5]
    counts = read_counts(counted)
    if mode == "--write":
        return write_budgets(budgets_path, counts, compiler)
    budgets = read_budgets(budgets_path)
    made_with = budgets.pop("rustc")
    if made_with != compiler:
        text = f"budgets are of rustc {made_with}, this is {compiler}: nothing is compared"
        if os.environ.get("CI"):
            return sys.exit(text)
        print(text)
        return None
    wrong = [f"{name}: it has a budget or was counted, not both" for name in counts.keys() ^ budgets.keys()]
    for name in counts.keys() & budgets.keys():
        count, budget = counts[name], int(budgets[name])
        if abs(count - budget) > budget * TOLERANCE:
            wrong.append(f"{name}: {count} instructions, {count / budget - 1:+.1%} of {budget}")
    if wrong:
        sys.exit("\n".join(sorted(wrong)) + "\nscripts/budgets --write accepts what was counted")
    return None


if __name__ == "__main__":
    main()
