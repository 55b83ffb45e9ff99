"""One readable table for a benchmark."""

import statistics


def lines(benchmark, found, failures):
    """`found`: {row label: {key: [value of each round]}}. Yields the table's lines."""
    headings = [heading for _, heading, _ in benchmark.columns]
    headings[1:1] = ["min – max", benchmark.ratio_heading]
    width = max(len(row.label) for row in benchmark.rows) + 2
    last_group = None
    yield " " * width + "".join(f"{heading:>20}" for heading in headings)
    for row in benchmark.rows:
        if row.group != last_group and row.group:
            yield f"  {row.group}"
        last_group = row.group
        if row.label in failures:
            yield f"{row.label:<{width}}  {failures[row.label]}"
            continue
        values = found.get(row.label)
        if not values:
            continue
        cells = [cell(values, key, form) for key, _, form in benchmark.columns]
        first, _, form = benchmark.columns[0]
        cells[1:1] = [f"{form.format(min(values[first]))} – {form.format(max(values[first]))}", ratio(benchmark, row, found)]
        yield f"{row.label:<{width}}" + "".join(f"{cell:>20}" for cell in cells)


def cell(values, key, form):
    key, _, statistic = key.partition(":")
    return form.format((max if statistic == "max" else statistics.median)(values[key])) if key in values else "–"


def ratio(benchmark, row, found):
    """To the group's reference, round by round; the median of them. What slows the whole machine for a while cancels out."""
    reference = next((r for r in benchmark.rows if r.reference and r.group == row.group), None)
    if reference is None:
        return "–"
    base = found.get(reference.label, {}).get(benchmark.unit, [])
    mine = found[row.label].get(benchmark.unit, [])
    each = [m / b for m, b in zip(mine, base) if b > 0]
    return f"{statistics.median(each):.2f}" if each else "–"
