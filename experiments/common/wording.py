"""Results as text: on the terminal, and as pages of docs/results."""

from keras_vae.report.digits import digits

VERDICTS = {True: "holds", False: "DOES NOT HOLD"}


def gap(measured, paper):
    """measured - paper where both are numbers, else nothing."""
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (measured, paper))
    return f"{'+' if measured >= paper else ''}{digits(measured - paper)}" if numbers else ""


def table(found):
    """Header and rows of one line per quantity: row, quantity, measured, paper, gap."""
    lines = []
    for row, cells in found["values"].items():
        papers = found["paper"].get(row, {})
        for quantity in {**cells, **papers}:
            measured, paper = cells.get(quantity), papers.get(quantity)
            lines.append([row, quantity, digits(measured), digits(paper), gap(measured, paper)])
            row = ""
    return ["", "quantity", "measured", "paper", "gap"], lines


def claims(found):
    """Header and rows of the claims."""
    rows = []
    for claim in found["claims"]:
        measured, paper = claim["measured"], claim["paper"]
        rows.append([VERDICTS[claim["holds"]], claim["statement"], said(measured), said(paper), gap(measured, paper)])
    return ["", "claim", "measured", "paper", "gap"], rows


def trained(found):
    """Header and rows of what was trained."""
    fields = ("what", "epochs", "steps", "batch_size", "seed", "minutes", "processor")
    names = ("trained", "epochs", "steps", "batch", "seed", "minutes", "processor minutes")
    rows = []
    for record in found["trained"]:
        row = [brief(record.get(field)) for field in fields]
        least = "more than " if record.get("resumed") else ""  # time before a kill went uncounted
        rows.append([*row[:-2], *(least + minutes for minutes in row[-2:])])
    return names, rows


def said(value):
    """Numbers in a row, where there are several."""
    return ", ".join(map(digits, value)) if isinstance(value, list) else digits(value)


def brief(value):
    """Minutes need no four digits."""
    return f"{value:.1f}" if isinstance(value, float) else digits(value)


def terminal(found):
    """Everything about an experiment, to be printed."""
    head = [f"{found['name']}: {found['title']} ({found['source']})", f"claim: {found['claim']}"]
    head.append(f"{found['mode']}: {found['scaled']}")
    parts = [aligned(*table(found)), aligned(*claims(found)), aligned(*trained(found))]
    return "\n".join([*head, "", *parts, *(f"note: {note}" for note in found["notes"]), ""])


def markdown(found):
    """A page of docs/results, without its figures."""
    verdicts = [claim["holds"] for claim in found["claims"]]
    parts = [
        f"# {found['title']}",
        f"{found['source']}. `python reproduce.py {found['name']}{' --quick' if found['mode'] == 'quick' else ''}`",
        f"Measured on {found['measured']}." if found.get("measured") else "",
        f"**Claim.** {found['claim']} **{sum(verdicts)} of {len(verdicts)} checks hold.**",
        f"Scaled down: {found['scaled']}",
        grid(*claims(found)),
        grid(*table(found)),
        grid(*trained(found)),
        *found["notes"],
    ]
    return "\n\n".join(part for part in parts if part)


def aligned(header, rows):
    """Columns of text."""
    lines = [list(map(str, line)) for line in (header, *rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    return (
        "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines) + "\n"
    )


def grid(header, rows):
    """A table of Markdown; nothing without rows."""
    if not rows:
        return ""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)
