"""Hostile inputs, made of a seed: cells, names, bytes of valid files that were spoilt, and words of a command."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable

RIGHT_TO_LEFT = "\u202egnp.exe\u2066\u05d0\u05d1"
NAMES = (
    "", " ", "\t", "a\nb", "a\0b", "a" * 100_000, RIGHT_TO_LEFT, "=1+1", "+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)",
    "a;=1+1", "../../etc/passwd", "/etc/passwd", "C:\\con", "{{7*7}}", "${x}", "\\input{/etc/passwd}", "<script>",
    "__import__('os')", "columns={'a': '\\'}", "(all)", "nan", "None", "\ufeff", "\u0000", "é\u0301", "💥", "%s%n", "-",
    "--help", "a,b", "'", '"', "\x1b[31m", "mix_", "mix_a", "loss_se",
)  # fmt: skip
CELLS = (
    "1e8", "3.1", "2e9", "0", "-1", "-0.0", "1e308", "1e309", "1e-320", "nan", "inf", "-inf", "NaN", "", " ", "1_000",
    "1,5", "0x10", "٣", "１２", "1e", "e5", "7B", "1e400000", "9" * 5000, "1" * 140_000, "true", "NULL", "\0", "=1",
    '"', '""', '"a\nb"', "a\rb", *NAMES,
)  # fmt: skip
SHARES = ("accuracy", "error", "chance", "mix_a", "mix_b")
HEADS = (
    "params", "tokens", "loss", "compute", "family", "run", "budget", "loss_se", "step", "lr", "batch_tokens",
    "accuracy", "error", "chance", "items", "unique_tokens", "mix_a", "mix_b", "model_error", "epochs", "experts",
)  # fmt: skip
TOKENS = (
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"PK\x03\x04", b"PAR1", b"\x1f\x8b",
    b"\n" * 50, b"," * 50, b'"' * 7, b"[" * 3000, b"{a=" * 300, b"\xe2\x80\xae", b"9" * 5000, b"\r", b"=cmd", b"-1",
    b"NaN", b"1e999", b"\xff" * 8, b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0" * 64, b"../" * 20, b"__reduce__",
)  # fmt: skip


def spoil(content: bytes, rng: random.Random) -> bytes:
    """Return bytes with a few things wrong: bits, places, lengths, pieces, and what readers are afraid of."""
    spoilt = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        at, long = rng.randrange(len(spoilt) + 1), rng.choice((1, 2, 4, 8, 64, 1024))
        kind = rng.randrange(7)
        if kind == 0 and spoilt:
            spoilt[min(at, len(spoilt) - 1)] ^= 1 << rng.randrange(8)
        elif kind == 1:
            spoilt[at : at + long] = rng.randbytes(long)
        elif kind == 2:
            del spoilt[at : at + long]
        elif kind == 3:
            spoilt[at:at] = spoilt[at : at + long] * rng.choice((1, 3, 100))
        elif kind == 4:
            token = rng.choice(TOKENS)
            spoilt[at : at + (len(token) if rng.random() < 0.5 else 0)] = token
        elif kind == 5:
            spoilt[at : at + long] = bytes([rng.choice((0, 1, 127, 128, 255))]) * long
        elif rng.random() < 0.2:
            del spoilt[at:]
    return bytes(spoilt)


def table_text(rng: random.Random) -> bytes:
    """Return a CSV whose header and cells are mostly those of a table, and now and then hostile."""
    bad = rng.choice((0.0, 0.02, 0.3))
    separator = rng.choice(",,,,,,,,,,;\t|")
    heads = ["params", "tokens", "loss", *rng.sample(HEADS[3:], rng.choice((0, 1, 1, 2, 6)))]
    heads = [rng.choice(NAMES) if rng.random() < bad / 3 else head for head in heads]
    if rng.random() < 0.05:
        heads += rng.choices(HEADS, k=rng.choice((1, 3, 20_000)))
    rows = [_row(heads, bad, rng) for _ in range(rng.choice((0, 1, 3, 8, 8, 8, 8, 30)) if len(heads) < 1000 else 3)]
    lines = [separator.join(_quoted(cell, separator) for cell in row) for row in (heads, *rows)]
    ends = rng.choice(("\n", "\n", "\r\n", "\r"))
    mark = "\ufeff" if rng.random() < 0.1 else ""
    return (mark + ends.join(lines)).encode(rng.choice(("utf-8",) * 9 + ("utf-16",)), "surrogatepass")


def _row(heads: list[str], bad: float, rng: random.Random) -> list[str]:
    cells = []
    for head in heads:
        usual = (
            rng.choice("ab")
            if head in ("family", "run", "budget")
            else f"{0.5 if head in SHARES else 10 ** rng.uniform(0.1, 12):.4g}"
        )
        cells.append(rng.choice(CELLS) if rng.random() < bad else usual)
    return cells[: rng.randrange(len(cells) + 1)] if rng.random() < bad / 5 else cells


def _quoted(cell: str, separator: str) -> str:
    if any(sign in cell for sign in (separator, '"', "\n", "\r")):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def zipped(content: bytes, rng: random.Random) -> bytes:
    """Return content compressed with gzip, at times with a bomb behind it or a few bytes wrong."""
    kind = rng.randrange(4)
    if kind == 0:
        filler = rng.choice((b"\n", b" ", b"\0", b"1e8,2e9,3.1\n", b'"\n",', b"x"))
        content += filler * ((64 << 20) // len(filler))
    packed = gzip.compress(content, 1)
    return spoil(packed, rng) if kind == 1 else packed


def toml_text(good: bytes, rng: random.Random) -> bytes:
    """Return a study, spoilt as bytes or by one value that it cannot have."""
    if rng.random() < 0.4:
        return spoil(good, rng)
    makers: tuple[Callable[[], str], ...] = (
        lambda: repr(rng.choice(NAMES)).replace("\\x", "\\u00").replace("\\'", "'"),
        lambda: rng.choice(("inf", "nan", "-1", "0", "1e400", "0x" + "f" * 3000, "9" * 3000, "true", "1979-05-27")),
        lambda: str([rng.choice((1, 1.5, -2, "a", [])) for _ in range(rng.choice((0, 1, 3, 5000)))]),
        lambda: "[" * rng.choice((3, 900, 5000)),
        lambda: "{a = 1, b = {c = 2}}",
    )
    keys = (
        "laws", "noises", "seeds", "part", "precision", "model_error", "tables.made.files", "tables.made.group",
        "tables.made.columns", "tables.made.max_rows", "tables.made.drop_early", "tables.made.loss_unit",
        "splits.whole",
        "splits.ratios", "settings.draws", "settings.chains", "settings.engine", "limits.seconds", "outputs.summary",
        "outputs.prob", "outputs.draws", "tables", "a.b.c", ".".join("a" * rng.choice((10, 60, 5000))),
    )  # fmt: skip
    line = f"{rng.choice(keys)} = {rng.choice(makers)()}\n"
    return line.encode("utf-8", "surrogatepass") + good


def command_words(files: dict[str, str], rng: random.Random) -> list[str]:
    """Return a command with hostile words: options of any command with any value."""
    commands = (
        "identify", "fit", "check", "review", "summary", "predict", "allocate", "cheapest", "pareto", "plan", "arms",
        "follow", "compare", "batch", "laws", "datasets", "next", "report", "none", "",
    )  # fmt: skip
    options = (
        "--law", "--group", "--format", "--out", "--params", "--tokens", "--compute", "--prob", "--seed", "--noise",
        "--pooling", "--columns", "--loss-unit", "--bytes-per-token", "--effects", "--model-error", "--input", "--keep",
        "--serve", "--shape", "--cost", "--rate", "--dollars", "--candidates", "--run", "--final-tokens", "--laws",
        "--shard", "--scheduler", "--variant", "--path", "--discrepancy", "--kind", "--target", "--debug", "--merge",
        "--dry-run", "--answer", "--published", "--budget", "--sigma", "--loss", "--card", "--title", "--help", "--",
    )  # fmt: skip
    numbers = ("1e9", "2e10", "-1", "0", "nan", "inf", "1e400", "1e-400", "9" * 400, "0x10", "٣", "1e21", "1e23", "0.9")
    pairs = ("params=x", "loss=loss", "=", "a=", "=b", "aspect=60", "params-max=7e9", "a=" + "b" * 5000, "lr=nan")
    words = [rng.choice(commands)]
    if rng.random() < 0.8:
        words.append(rng.choice(tuple(files.values())))
    for _ in range(rng.randrange(5)):
        words.append(rng.choice(options))
        words += rng.choices((*numbers, *pairs, *_as_words(), *files.values()), k=rng.randrange(3))
    return words


def _as_words() -> tuple[str, ...]:
    """Names that the system lets through as arguments of a process."""
    return tuple(name for name in NAMES if "\0" not in name)
